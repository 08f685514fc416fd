// Package loops writes loops that have no end in sight as loops over the functions of package gosplice, so that their bodies are
// functions which a patch can exchange while the loop goes on.
//
// It goes by the sources of one package alone, without types: what is not sure is left as it is. Lines stay, and columns in
// lines that have no loop. The same sources are always written the same way.
package loops

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
)

// Module is the import path of the package whose functions the loops go over.
const Module = "github.com/gosplice/gosplice"

// name is what the package is called in a file that is rewritten.
const name = "gospliceLoops_"

// Plain is the comment, on the line before a loop or on its own line, with which a loop is left as it is.
const Plain = "//gosplice:plain"

// Rewrite returns the files of a package that have loops to be written otherwise, as they are then. files are all Go files of
// the package that are compiled, by any names. A file that can't be parsed is left as it is, for the compiler to say why.
func Rewrite(files map[string][]byte) map[string][]byte {
	p := newPackage(files)
	out := map[string][]byte{}
	for path, f := range p.files {
		if text, ok := p.rewrite(f, files[path]); ok {
			out[path] = text
		}
	}
	return out
}

// pkg is what the sources of a package say.
type pkg struct {
	set   *token.FileSet
	files map[string]*ast.File
	// channels are the names of package variables and of fields that are channels wherever the package declares them, and can
	// be received from.
	channels map[string]bool
	// waiting are the names of functions and methods of the package with something that can wait.
	waiting map[string]bool
	// shadowed are predeclared names that the package gives another meaning.
	shadowed bool
}

func newPackage(files map[string][]byte) *pkg {
	p := &pkg{set: token.NewFileSet(), files: map[string]*ast.File{}, waiting: map[string]bool{}}
	for path, text := range files {
		if f, err := parser.ParseFile(p.set, path, text, parser.ParseComments|parser.SkipObjectResolution); err == nil {
			p.files[path] = f
		}
	}
	p.findChannels()
	p.findWaiting()
	return p
}

// edit is a replacement of a part of a file.
type edit struct {
	from, to int // offsets
	text     string
}

func (p *pkg) rewrite(f *ast.File, text []byte) ([]byte, bool) {
	if p.shadowed || p.leftOut(f) {
		return nil, false
	}
	offset := func(at token.Pos) int { return p.set.PositionFor(at, false).Offset }
	plain := p.plainLines(f)
	var edits []edit
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil || !mayChange(fn) {
			continue
		}
		for _, l := range p.loops(fn) {
			if line := p.set.PositionFor(l.at.Pos(), false).Line; plain[line] || plain[line-1] {
				continue
			}
			edits = append(edits, l.edits(offset, text)...)
		}
	}
	if len(edits) == 0 {
		return nil, false
	}
	end := offset(f.Name.End())
	edits = append(edits, edit{end, end, fmt.Sprintf("; import %s %q", name, Module)})
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	last := 0
	for _, e := range edits {
		out = append(append(out, text[last:e.from]...), e.text...)
		last = e.to
	}
	return append(out, text[last:]...), true
}

// leftOut reports files whose lines are those of others, or that another tool compiles first.
func (p *pkg) leftOut(f *ast.File) bool {
	for _, i := range f.Imports {
		if i.Path.Value == `"C"` {
			return true
		}
	}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "//line ") || strings.HasPrefix(c.Text, "/*line ") {
				return true
			}
		}
	}
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}

// plainLines are the lines with the comment that leaves a loop as it is.
func (p *pkg) plainLines(f *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.TrimSpace(c.Text) == Plain {
				lines[p.set.PositionFor(c.Pos(), false).Line] = true
			}
		}
	}
	return lines
}

// mayChange reports a function whose code may have calls that it has not: without directives to the compiler, and not generic.
func mayChange(fn *ast.FuncDecl) bool {
	if fn.Doc != nil {
		for _, c := range fn.Doc.List {
			if strings.HasPrefix(c.Text, "//go:") && c.Text != "//go:noinline" {
				return false
			}
		}
	}
	return fn.Type.TypeParams == nil && (fn.Recv == nil || !genericReceiver(fn.Recv))
}

func genericReceiver(recv *ast.FieldList) bool {
	found := false
	ast.Inspect(recv, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IndexExpr, *ast.IndexListExpr:
			found = true
		}
		return !found
	})
	return found
}

// kind is the function that a loop goes over.
type kind int

const (
	endless kind = iota // gosplice.Loop
	while               // gosplice.While
	receive             // gosplice.Receive
)

// loop is a loop to be written otherwise.
type loop struct {
	at   ast.Stmt
	kind kind
	body *ast.BlockStmt
	expr ast.Expr // the condition, or the channel
	// ends says that a break leads out of the loop. Code behind one without needs no return.
	ends bool
}

func (l *loop) edits(offset func(token.Pos) int, text []byte) []edit {
	switch l.kind {
	case endless:
		f := l.at.(*ast.ForStmt)
		out := []edit{{offset(f.For) + len("for"), offset(f.Body.Lbrace), " range " + name + ".Loop "}}
		if !l.ends {
			end := offset(f.Body.Rbrace) + 1
			out = append(out, edit{end, end, `; panic("unreachable")`})
		}
		return out
	case while:
		from, to := offset(l.expr.Pos()), offset(l.expr.End())
		return []edit{{from, from, "range " + name + ".While(func() bool { return bool("}, {to, to, ") })"}}
	}
	from, to := offset(l.expr.Pos()), offset(l.expr.End())
	return []edit{{from, from, name + ".Receive("}, {to, to, ")"}}
}
