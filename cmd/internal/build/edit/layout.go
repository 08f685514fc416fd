package edit

import (
	"fmt"
	"go/types"
	"sort"
	"strings"
)

// SameType reports two types that are laid out, compared and reflected alike, as far as the named types
// in them are.
func SameType(a, b types.Type) bool { return shape(a) == shape(b) }

// SameInMemory reports two types whose values are the same in memory, whatever the types are called: a time.Duration is an
// int64, and an int64 where addresses have 64 bits is an int.
func SameInMemory(a, b types.Type) bool { return sameInMemory(a.Underlying(), b.Underlying(), 0) }

// deepest is how far pointers are followed, which may lead back to where they came from.
const deepest = 8

func sameInMemory(a, b types.Type, depth int) bool {
	if SameType(a, b) {
		return true
	}
	if depth++; depth > deepest {
		return false
	}
	a, b = a.Underlying(), b.Underlying()
	switch a := a.(type) {
	case *types.Basic:
		b, ok := b.(*types.Basic)
		return ok && a.Info()&types.IsUntyped == 0 && plainKind(a) == plainKind(b)
	case *types.Array:
		b, ok := b.(*types.Array)
		return ok && a.Len() == b.Len() && sameInMemory(a.Elem(), b.Elem(), depth)
	case *types.Pointer:
		b, ok := b.(*types.Pointer)
		return ok && sameInMemory(a.Elem(), b.Elem(), depth)
	case *types.Slice:
		b, ok := b.(*types.Slice)
		return ok && sameInMemory(a.Elem(), b.Elem(), depth)
	case *types.Struct:
		b, ok := b.(*types.Struct)
		if !ok || a.NumFields() != b.NumFields() {
			return false
		}
		for i := range a.NumFields() {
			f, g := a.Field(i), b.Field(i)
			if f.Name() != g.Name() && !EmbedsAnother(a, b, i) || f.Embedded() != g.Embedded() || a.Tag(i) != b.Tag(i) || !sameInMemory(f.Type(), g.Type(), depth) {
				return false
			}
		}
		return true
	}
	return shape(a) == shape(b)
}

// plainKind is the kind of a basic type, with one for those that are the same in memory.
func plainKind(t *types.Basic) types.BasicKind {
	switch t.Kind() {
	case types.Int:
		return types.Int64
	case types.Uint, types.Uintptr:
		return types.Uint64
	}
	return t.Kind()
}

// shape writes a type so that two types with equal text are laid out, compared and reflected
// alike, as far as named types are. Named types are written by name: each is compared on its own.
func shape(t types.Type) string {
	var b strings.Builder
	writeShape(&b, t)
	return b.String()
}

func writeShape(b *strings.Builder, t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		b.WriteString(t.Name())
	case *types.Named:
		writeNamed(b, t)
	case *types.Pointer:
		b.WriteByte('*')
		writeShape(b, t.Elem())
	case *types.Slice:
		b.WriteString("[]")
		writeShape(b, t.Elem())
	case *types.Array:
		fmt.Fprintf(b, "[%d]", t.Len())
		writeShape(b, t.Elem())
	case *types.Map:
		b.WriteString("map[")
		writeShape(b, t.Key())
		b.WriteByte(']')
		writeShape(b, t.Elem())
	case *types.Chan:
		fmt.Fprintf(b, "chan(%d) ", t.Dir())
		writeShape(b, t.Elem())
	case *types.Struct:
		writeStruct(b, t)
	case *types.Signature:
		b.WriteString("func")
		writeTuple(b, t.Params())
		writeTuple(b, t.Results())
		if t.Variadic() {
			b.WriteString("...")
		}
	case *types.Interface:
		writeInterface(b, t)
	case *types.TypeParam:
		fmt.Fprintf(b, "$%d", t.Index())
	case *types.Union:
		for i := range t.Len() {
			fmt.Fprintf(b, "|%t", t.Term(i).Tilde())
			writeShape(b, t.Term(i).Type())
		}
	default:
		b.WriteString(t.String())
	}
}

func writeNamed(b *strings.Builder, t *types.Named) {
	if p := t.Obj().Pkg(); p != nil {
		b.WriteString(p.Path() + ".")
	}
	b.WriteString(t.Obj().Name())
	if args := t.TypeArgs(); args.Len() > 0 {
		b.WriteByte('[')
		for i := range args.Len() {
			writeShape(b, args.At(i))
			b.WriteByte(',')
		}
		b.WriteByte(']')
	}
}

func writeStruct(b *strings.Builder, t *types.Struct) {
	b.WriteString("struct{")
	for i := range t.NumFields() {
		f := t.Field(i)
		fmt.Fprintf(b, "%s %t ", f.Name(), f.Embedded())
		writeShape(b, f.Type())
		fmt.Fprintf(b, " %q; ", t.Tag(i))
	}
	b.WriteByte('}')
}

func writeInterface(b *strings.Builder, t *types.Interface) {
	b.WriteString("interface{")
	var methods []string
	for i := range t.NumMethods() {
		m := t.Method(i)
		methods = append(methods, m.Name()+shape(m.Type()))
	}
	sort.Strings(methods)
	b.WriteString(strings.Join(methods, ";"))
	for i := range t.NumEmbeddeds() {
		if _, ok := t.EmbeddedType(i).Underlying().(*types.Interface); !ok {
			b.WriteByte(';')
			writeShape(b, t.EmbeddedType(i))
		}
	}
	b.WriteByte('}')
}

func writeTuple(b *strings.Builder, t *types.Tuple) {
	b.WriteByte('(')
	for i := range t.Len() {
		writeShape(b, t.At(i).Type())
		b.WriteByte(',')
	}
	b.WriteByte(')')
}
