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
