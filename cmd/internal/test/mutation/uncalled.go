package mutation

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// effects are the packages by which a function may do something to the machine: such functions are not called.
var effects = []string{"os", "exec", "syscall", "net", "signal", "log"}

// uncalled makes edits that call functions and methods which nothing calls, with zero values, the first time that a function
// of the file is run.
func (f *file) uncalled() {
	var run, idle []*ast.FuncDecl
	for _, d := range f.ast.Decls {
		fn, ok := d.(*ast.FuncDecl)
		switch {
		case !ok || fn.Body == nil || len(fn.Body.List) == 0:
		case f.runs(fn.Body.List[0]):
			run = append(run, fn)
		case callable(fn):
			idle = append(idle, fn)
		}
	}
	for i, fn := range idle {
		if len(run) > 0 {
			f.callOnce(run[i%len(run)], fn)
		}
	}
}

// callable reports whether fn can be called without type arguments, and is not seen to do anything to the machine.
func callable(fn *ast.FuncDecl) bool {
	if fn.Type.TypeParams != nil || slices.Contains([]string{"init", "main", "_"}, fn.Name.Name) {
		return false
	}
	harmless := true
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			x, ok := s.X.(*ast.Ident)
			harmless = harmless && !(ok && slices.Contains(effects, x.Name))
		}
		return harmless
	})
	return harmless
}

// callOnce calls fn from caller. What it returns is shown by a panic if that has no address in it.
func (f *file) callOnce(caller, fn *ast.FuncDecl) {
	call := fn.Name.Name
	if fn.Recv != nil {
		receiver := strings.TrimPrefix(f.text(fn.Recv.List[0].Type), "*")
		if strings.Contains(receiver, "[") {
			return
		}
		call = fmt.Sprintf("new(%s).%s", receiver, fn.Name.Name)
	}
	call += "(" + strings.Join(f.zeros(fn.Type.Params), ", ") + ")"
	f.insert("call", caller.Body.Lbrace+1, "\n\tif !gospliceCalled {\n\t\tgospliceCalled = true\n\t\t"+f.shown(call, fn.Type.Results)+"\n\t}\n")
	f.behind("\nvar gospliceCalled bool\n")
	f.edits[len(f.edits)-1].Calls = funcName(fn)
}

// zeros are zero values for parameters, but for variadic ones.
func (f *file) zeros(params *ast.FieldList) (out []string) {
	for _, p := range params.List {
		if _, variadic := p.Type.(*ast.Ellipsis); variadic {
			continue
		}
		for range max(1, len(p.Names)) {
			out = append(out, "*new("+f.text(p.Type)+")")
		}
	}
	return out
}

// plain are types whose values are told without an address.
var plain = []string{"string", "bool", "int", "int64", "uint", "uint64", "byte", "rune", "error", "[]byte", "[]string"}

// shown is a statement that shows the first result of a call if its type is plain.
func (f *file) shown(call string, results *ast.FieldList) string {
	if results.NumFields() == 0 || !slices.Contains(plain, f.text(results.List[0].Type)) {
		return call
	}
	return "first" + strings.Repeat(", _", results.NumFields()-1) + " := " + call + "\n\t\tpanic(first)"
}

// funcName is the name of a declaration as symbols have it behind the package's path.
func funcName(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	switch t := fn.Recv.List[0].Type.(type) {
	case *ast.Ident:
		return t.Name + "." + fn.Name.Name
	case *ast.StarExpr:
		if id, ok := t.X.(*ast.Ident); ok {
			return "(*" + id.Name + ")." + fn.Name.Name
		}
	}
	return ""
}
