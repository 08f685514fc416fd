package edit

import (
	"cmp"
	"go/ast"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// Types without a name, and those that functions declare, get methods by way of embedded fields alone. Their
// descriptions can't be extended, so what they gain stays unseen, and what they lose is still found.

// findUnnamed compares the methods of the types without a name that the rebuilt packages describe.
func (e *Edit) findUnnamed() {
	byName := map[string]*Type{}
	for i := range e.Types {
		if t := &e.Types[i]; t.Descriptor != "" && t.Old == nil && !t.Added {
			byName[t.Descriptor] = t
		}
	}
	if len(byName) == 0 {
		return
	}
	seen := map[string]bool{}
	var found []Type
	for _, o := range e.rebuiltObjects() {
		for y := range e.Set.AllDefinitions(o) {
			name := strings.TrimPrefix(e.Set.NameOf(y).Name, "type:")
			if !strings.HasPrefix(name, "struct {") || seen[name] || !goobj.IsType(e.Set.NameOf(y).Name) {
				continue
			}
			seen[name] = true
			if t := e.unnamed(name, y, byName); t != nil {
				t.Package = e.importPath(o.Pkg)
				found = append(found, *t)
			}
		}
	}
	slices.SortFunc(found, func(a, b Type) int { return strings.Compare(a.Descriptor, b.Descriptor) })
	e.Types = append(e.Types, found...)
}

// unnamed returns what a struct without a name gains and loses by what it embeds, nil for nothing.
func (e *Edit) unnamed(name string, y goobj.Sym, byName map[string]*Type) *Type {
	d, ok := e.Set.Type(y)
	if !ok {
		return nil
	}
	t := Type{Name: d.String(), Descriptor: name, Unnamed: true}
	had := map[string]bool{} // methods that are in the edit too
	for _, f := range d.Embedded() {
		of := strings.TrimLeft(strings.TrimPrefix(e.Set.NameOf(f).Name, "type:"), "*")
		in := byName[of]
		if in == nil {
			in = byName[withoutTypeArgs(of)]
		}
		if in == nil {
			continue
		}
		t.File, t.Line = in.File, in.Line
		for _, m := range e.methodsOf(name) {
			had[m] = true
			switch {
			case slices.Contains(in.Resigned, m):
				t.Resigned = append(t.Resigned, m)
			case slices.Contains(in.Methods, m), slices.Contains(in.Promoted, m):
				t.Promoted = append(t.Promoted, m)
			}
		}
		for _, m := range in.lost {
			if !had[m] && e.inTable("go:"+name+"."+m, "go:(*"+name+")."+m) {
				t.Gone = append(t.Gone, m)
				if t.lostBy == nil {
					t.lostBy = map[string]string{}
				}
				t.lostBy[m] = cmp.Or(in.lostBy[m], in.Descriptor)
			}
		}
	}
	if len(t.Promoted)+len(t.Resigned)+len(t.Gone) == 0 {
		return nil
	}
	for _, list := range []*[]string{&t.Promoted, &t.Resigned, &t.Gone} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return &t
}

// methodsOf are the methods that pointers to a type have in the edit.
func (e *Edit) methodsOf(name string) (out []string) {
	for _, symbol := range []string{"type:" + name, "type:*" + name} {
		y, ok := e.Set.Lookup(symbol, goobj.ABI0)
		if !ok {
			continue
		}
		if d, ok := e.Set.Type(y); ok {
			for _, m := range d.Methods() {
				out = append(out, m.Name)
			}
		}
	}
	return out
}

// inTable reports whether the program enters one of the functions by something else than direct calls: that is so of
// those in method tables. Names may lack type arguments.
func (e *Edit) inTable(symbols ...string) bool {
	for _, symbol := range symbols {
		if s, ok := e.Record.Lookup(symbol, goobj.ABIInternal); ok && s.Indirect || e.genericMethods()[symbol] {
			return true
		}
	}
	return false
}

// genericMethods are the functions of the release with type arguments in their names that something else than direct
// calls enters, without the type arguments.
func (e *Edit) genericMethods() map[string]bool {
	if e.instances == nil {
		e.instances = map[string]bool{}
		for i := range e.Record.Symbols {
			if s := &e.Record.Symbols[i]; s.Kind.IsText() && s.Indirect && strings.Contains(s.Name, "[") {
				e.instances[withoutTypeArgs(s.Name)] = true
			}
		}
	}
	return e.instances
}

// Describes reports whether a description in the program, by its symbol, is that of the type, of an instance of it, or of
// pointers to one.
func (t *Type) Describes(symbol string) bool {
	name := strings.TrimLeft(strings.TrimPrefix(symbol, "type:"), "*")
	return t.Descriptor != "" && (name == t.Descriptor || withoutTypeArgs(name) == t.Descriptor)
}

// Asked reports whether something may look for a method of a type in its method table: for one that is not exported, an
// interface of the package names it.
func (e *Edit) Asked(path, method string) bool {
	if ast.IsExported(method) {
		return true
	}
	src := e.Sources[path]
	return src.Old.asks(method) || src.New.asks(method)
}

// asks reports an interface in the source that names a method.
func (s *Source) asks(method string) (found bool) {
	if s == nil {
		return false
	}
	for _, f := range s.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok {
				for _, m := range i.Methods.List {
					found = found || slices.ContainsFunc(m.Names, func(id *ast.Ident) bool { return id.Name == method })
				}
			}
			return !found
		})
	}
	return found
}
