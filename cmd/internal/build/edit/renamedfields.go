package edit

import (
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// RenamedField is a field of a struct that has another name in the edit, and is the same otherwise.
type RenamedField struct{ Old, New string }

// renamedFields compares two structs. It returns the fields that have another name, if the structs differ in nothing else: a
// value is laid out, compared and collected as before. A field is renamed if the other version has no field of its name, so
// two that changed places are not, nor is one that takes the name of another. The name of an embedded field says what is
// promoted, and a blank one is not compared.
func renamedFields(was, is types.Type) []RenamedField {
	o, ok1 := was.Underlying().(*types.Struct)
	n, ok2 := is.Underlying().(*types.Struct)
	if !ok1 || !ok2 || o.NumFields() != n.NumFields() || hidden(o) != hidden(n) {
		return nil
	}
	var out []RenamedField
	for i := range o.NumFields() {
		f, g := o.Field(i), n.Field(i)
		switch {
		case f.Embedded() != g.Embedded() || o.Tag(i) != n.Tag(i) || shape(f.Type()) != shape(g.Type()):
			return nil
		case f.Name() == g.Name():
		case !RenamedAt(o, n, i):
			return nil
		default:
			out = append(out, RenamedField{f.Name(), g.Name()})
		}
	}
	return out
}

// hidden reports a struct with fields that are not exported: its description names their package.
func hidden(s *types.Struct) bool {
	for f := range s.Fields() {
		if !f.Exported() {
			return true
		}
	}
	return false
}

// RenamedAt reports that field i of one struct is field i of the other under a name that the other one lacks.
func RenamedAt(was, is *types.Struct, i int) bool {
	if i >= was.NumFields() || i >= is.NumFields() {
		return false
	}
	f, g := was.Field(i), is.Field(i)
	return f.Name() != "_" && g.Name() != "_" && !f.Embedded() && !g.Embedded() && !hasField(is, f.Name()) && !hasField(was, g.Name()) && SameType(f.Type(), g.Type())
}

// EmbedsAnother reports that field i of two structs is embedded in both, by types of which the other struct has none.
func EmbedsAnother(was, is *types.Struct, i int) bool {
	if i >= was.NumFields() || i >= is.NumFields() {
		return false
	}
	f, g := was.Field(i), is.Field(i)
	return f.Embedded() && g.Embedded() && !hasField(is, f.Name()) && !hasField(was, g.Name())
}

func hasField(s *types.Struct, name string) bool {
	for f := range s.Fields() {
		if f.Name() == name {
			return true
		}
	}
	return false
}

// renames are the old names of the fields of a type, by the new ones.
func (t *Type) renames() map[string]string {
	out := map[string]string{}
	for _, f := range t.Fields {
		out[f.New] = f.Old
	}
	return out
}

// fieldsRenamed is the type of which a symbol is the description, or that of an instance, if some of its fields are renamed.
func (e *Edit) fieldsRenamed(symbol string) *Type {
	name := strings.TrimPrefix(symbol, "type:")
	i := slices.IndexFunc(e.Types, func(t Type) bool { return len(t.Fields) > 0 && t.Describes(name) })
	if i < 0 {
		return nil
	}
	return &e.Types[i]
}

// ReleaseLayout is the layout that the description y of a type has with the names that fields have in the release.
func (e *Edit) ReleaseLayout(y goobj.Sym) (goobj.Fingerprint, bool) {
	if t := e.fieldsRenamed(e.Set.NameOf(y).Name); t != nil {
		return e.Prints.TypeLayoutAs(y, t.renames())
	}
	return e.Prints.TypeLayout(y)
}

// findSeen finds which types with renamed fields reflection can see, in the program or in the edit, where the program
// describes them: that description has the old names, and is the only one.
func (e *Edit) findSeen() {
	if !slices.ContainsFunc(e.Types, func(t Type) bool { return len(t.Fields) > 0 }) {
		return
	}
	live := release.Live{UsedInIface: maps.Clone(e.Record.Live.UsedInIface), IfaceMethods: map[release.MethodSig]bool{}, GenericMethods: map[string]bool{}}
	if live.UsedInIface == nil {
		live.UsedInIface = map[string]bool{}
	}
	for i := range e.Functions {
		if y := e.Functions[i].Sym; y != 0 {
			live.MarkUses(e.Set, y, e.Set.Defined)
		}
	}
	for i := range e.Types {
		t := &e.Types[i]
		if len(t.Fields) == 0 || !e.described(t) {
			continue
		}
		for name := range live.UsedInIface {
			t.Seen = t.Seen || t.Describes(name)
		}
	}
}

// initialiserText is Var.Text with the names that fields have in the release: a value is no other one for that.
func (e *Edit) initialiserText(path string, v *Var) string {
	if v.Value == nil {
		return v.Text
	}
	src := e.Sources[path].New
	was := map[*ast.Ident]string{}
	for i := range e.Types {
		t := &e.Types[i]
		if len(t.Fields) == 0 || t.Func != "" {
			continue
		}
		spec, names, info := e.Sources[t.Package].New.Types[t.Name], t.renames(), e.newDecl.bodies(path)
		ast.Inspect(v.Value, func(n ast.Node) bool {
			id, ok := n.(*ast.Ident)
			if !ok || names[id.Name] == "" || spec == nil {
				return true
			}
			f, ok := info.Uses[id].(*types.Var)
			if ok && f.IsField() && f.Pkg() != nil && f.Pkg().Path() == t.Package && spec.Pos() <= f.Pos() && f.Pos() < spec.End() {
				was[id] = names[id.Name]
			}
			return true
		})
	}
	if len(was) == 0 {
		return v.Text
	}
	for id, name := range was {
		id.Name, was[id] = name, id.Name
	}
	defer func() {
		for id, name := range was {
			id.Name = name
		}
	}()
	return hashText(src.withoutBodies(v.Value))
}
