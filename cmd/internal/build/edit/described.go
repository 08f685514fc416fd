package edit

import (
	"cmp"
	"fmt"
	"go/types"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// The compiler's own descriptions of types are what the layouts that are computed from the sources of the release
// are checked against.

// releaseLayout is the layout of a named type of the release, by the name of its descriptor.
func (e *Edit) releaseLayout(descriptor string) (goobj.Fingerprint, bool) {
	if s, ok := e.Record.Lookup(descriptor, goobj.ABI0); ok {
		return s.Layout, true
	}
	if t, ok := e.Record.NamedType(descriptor); ok {
		return t.Layout, true
	}
	return goobj.Fingerprint{}, false
}

// describedAlike compares a named type as the compiler described it for the release and for the edit; ok is false if
// it did not. name is as in symbols.
func (e *Edit) describedAlike(name string) (same, ok bool) {
	was, ok := e.releaseLayout("type:" + name)
	if !ok {
		return false, false
	}
	y, ok := e.Set.Lookup("type:"+name, goobj.ABI0)
	if !ok {
		return false, false
	}
	is, ok := e.Prints.TypeLayout(y)
	return was == is, ok
}

// doubtful says why it can't be told how a type of both versions is laid out; alike says that the sources do not tell
// it, and the compiler's descriptions do.
func (e *Edit) doubtful(path string, was, is *types.TypeName) (why string, alike bool) {
	name := goobj.PackagePrefix(e.symbolPath(path)) + "." + was.Name()
	if why = e.notKnown(was, is); why == "" {
		if p, ok := e.Record.PackageByPath(path); !ok || p.Standard || !describable(was) {
			return "", false
		}
		return e.mismeasured("type:"+name, was.Type()), false
	}
	if _, described := e.describedAlike(name); described {
		return "", true // see compareDescriptors if they differ
	}
	return why, false
}

// describable reports a type that the compiler describes in the package that declares it: no alias, not generic, and not
// a constraint.
func describable(t *types.TypeName) bool {
	n, ok := t.Type().(*types.Named)
	if !ok || t.IsAlias() || n.TypeParams().Len() > 0 {
		return false
	}
	i, ok := n.Underlying().(*types.Interface)
	return !ok || i.IsMethodSet()
}

// mismeasured compares what the source of the release says of a type with what the compiler made of it.
func (e *Edit) mismeasured(descriptor string, t types.Type) string {
	d, ok := e.Record.NamedType(descriptor)
	if !ok {
		return "the compiler did not describe it"
	}
	if size := sizeOf(t); size < 0 || uint64(size) != d.Size {
		return fmt.Sprintf("a value takes %d bytes in the running program, and %d as far as the source of the release is known", d.Size, size)
	}
	s, ok := t.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	offsets := Offsets(s)
	if len(offsets) != len(d.Offsets) {
		return fmt.Sprintf("it has %d fields in the running program, and %d as far as the source of the release is known", len(d.Offsets), len(offsets))
	}
	for i, at := range offsets {
		if uint64(at) != d.Offsets[i] {
			return fmt.Sprintf("field %s is at offset %d in the running program, and at %d as far as the source of the release is known", s.Field(i).Name(), d.Offsets[i], at)
		}
	}
	return ""
}

// differs says in which field the compiler's description of a type is another one than that of the release.
func (e *Edit) differs(descriptor string, is goobj.TypeDesc) string {
	was, ok := e.Record.NamedType(descriptor)
	if !ok {
		return ""
	}
	return fieldThatDiffers(was, is.FieldNames(), is.Offsets(), is.FieldPrints(), is.Size())
}

// fieldThatDiffers compares the fields of a struct and its size with what the record has of the release's: its size,
// where its fields are, and whether what they are called, their types and tags are the same.
func fieldThatDiffers(was *release.NamedType, names []string, at []uint64, prints []uint32, size uint64) string {
	if len(names) != len(at) || len(at) == 0 || len(was.Offsets) == 0 {
		return ""
	}
	both := min(len(at), len(was.Offsets))
	for i := range both {
		if at[i] != was.Offsets[i] {
			return fmt.Sprintf("field %s, number %d, is at offset %d, and field %[2]d of the running program's at %[4]d", names[i], i+1, at[i], was.Offsets[i])
		}
	}
	switch last := names[len(names)-1]; {
	case len(at) > both:
		return fmt.Sprintf("field %s comes after the %s of the running program's", names[both], counted(both, "field"))
	case len(was.Offsets) > both:
		return fmt.Sprintf("field %s is the last, and the running program's has %d more", last, len(was.Offsets)-both)
	case size != was.Size:
		return fmt.Sprintf("field %s is the last, and a value takes %d bytes, and %d in the running program", last, size, was.Size)
	}
	for i := range min(len(prints), len(was.Fields)) {
		if prints[i] != was.Fields[i] {
			return fmt.Sprintf("field %s, number %d, is where field %[2]d of the running program's is, and has another name, type or tag", names[i], i+1)
		}
	}
	return "its fields are where those of the running program's are, and one has another name, type or tag"
}

func counted(n int, what string) string {
	if n == 1 {
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// describedVar replaces what the sources say of a variable's type by what the compiler does, where they do not tell
// it or say what is not so. A variable that the program does not have has no value of another type.
func (e *Edit) describedVar(c *Variable, was, is types.Object) {
	why := ""
	if was != nil && is != nil {
		why = e.notKnown(was, is)
	}
	prefix := goobj.PackagePrefix(e.symbolPath(c.Package)) + "."
	old, ok := e.Record.Lookup(prefix+cmp.Or(c.OldName, c.Name), goobj.ABI0)
	if !ok {
		return
	}
	now := ""
	if y, ok := e.Set.Lookup(prefix+c.Name, goobj.ABI0); ok {
		if t := e.Set.Aux(y, goobj.AuxGotype); t != 0 {
			now = e.Set.NameOf(t).Name
		}
	}
	told := old.Type != "" && now != ""
	switch {
	case why != "" && !told:
		c.OldType, c.OldShape = "one that is not known ("+why+")", "not known"
	case why != "" || told && old.Type != now && c.OldShape == c.NewShape:
		c.OldType, c.OldShape = strings.TrimPrefix(old.Type, "type:"), old.Type
		c.NewType, c.NewShape = strings.TrimPrefix(now, "type:"), now
	}
}

// value is a constant's value for messages.
func (c *checker) value(k *types.Const) string {
	if c.notKnown(k) != "" {
		return "not known"
	}
	return k.Val().String()
}

// explained reports a type without a description in the program that is laid out anew because a type that was found
// already is a part of it, or that stands in a function: values of such a type are in frames alone.
func (e *Edit) explained(descriptor string, seen map[string]bool) bool {
	return strings.Contains(withoutTypeArgs(descriptor), localMark) || e.partOf(descriptor, seen) != ""
}

// partOf is the one of the named types that the type of a description, or a generic one that it is an instance of, has as
// a part; empty if there is none.
func (e *Edit) partOf(descriptor string, names map[string]bool) string {
	name := withoutTypeArgs(strings.TrimPrefix(descriptor, "type:"))
	for path := range e.Sources {
		local, ok := strings.CutPrefix(name, goobj.PackagePrefix(e.symbolPath(path))+".")
		if !ok {
			continue
		}
		if o := e.newDecl.check(path).Scope().Lookup(local); o != nil {
			return e.heldPart(o.Type().Underlying(), names)
		}
	}
	return ""
}

// heldPart is the first of the named types of which a value of a type has one as a part.
func (e *Edit) heldPart(t types.Type, names map[string]bool) string {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if o := t.Obj(); o.Pkg() != nil {
			if name := e.typeName(o.Pkg().Path(), o.Name()); names[name] {
				return name
			}
		}
		return e.heldPart(t.Underlying(), names)
	case *types.Array:
		return e.heldPart(t.Elem(), names)
	case *types.Struct:
		for f := range t.Fields() {
			if name := e.heldPart(f.Type(), names); name != "" {
				return name
			}
		}
	}
	return ""
}

// typeName is the name that symbols have of a type of a package.
func (e *Edit) typeName(path, name string) string {
	return goobj.PackagePrefix(e.symbolPath(path)) + "." + name
}

// Has reports that a type is laid out anew because it has t as a part.
func (e *Edit) Has(holder, t *Type) bool {
	return holder.part != "" && t.Func == "" && holder.part == e.typeName(t.Package, t.Name)
}
