package edit

import (
	"go/types"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Extension is a type of the program that gains methods, and whose method table can be exchanged for
// one that has them.
type Extension struct {
	Name string    // of the descriptor's symbol
	Sym  goobj.Sym // the descriptor in the edit
	Addr uint64    // of the descriptor in the program
	Head int       // bytes of the descriptor before what says where its methods are
	// Had is the number of methods in the program's table, New are the names of those that it lacks.
	Had int
	New []string
}

// Why a method table can't be exchanged, as ends of a sentence.
const (
	unseenGeneric   = "the methods of generic types are not added"
	unseenLocal     = "the methods of types that functions declare are not added"
	unseenUnnamed   = "the methods of types without a name are not added"
	unseenSignature = "a method of the type has another signature now"
	unseenUnknown   = "what the release declares of it was not found again"
	unseenFirst     = "a pointer to it had no method before, so its description has no room for any"
	unseenNumbers   = "the program looks methods up by reflection, and what it got from that knows a method by its number, which would change"
)

// findExtensions finds the descriptors of the program whose types gain methods, and notes with each type
// why its new methods stay unseen, if they do.
func (e *Edit) findExtensions() {
	for i := range e.Types {
		t := &e.Types[i]
		if t.Old != nil || t.Added || len(t.Methods)+len(t.Promoted)+len(t.Resigned) == 0 {
			continue
		}
		if t.Unnamed || t.Func != "" {
			t.Unseen = e.unextended(t)
			continue
		}
		found, why := e.extensions(t)
		if why != "" {
			t.Unseen = why
			continue
		}
		t.Extended = len(found) > 0
		e.Extensions = append(e.Extensions, found...)
	}
}

func (e *Edit) extensions(t *Type) (out []Extension, why string) {
	was, ok1 := e.oldDecl.check(t.Package).Scope().Lookup(t.Name).(*types.TypeName)
	is, ok2 := e.newDecl.check(t.Package).Scope().Lookup(t.Name).(*types.TypeName)
	if !ok1 || !ok2 {
		return nil, unseenGeneric
	}
	if e.notKnown(was, is) != "" {
		return nil, unseenUnknown
	}
	if n, ok := is.Type().(*types.Named); !ok || n.TypeParams().Len() > 0 {
		if !e.described(t) {
			return nil, ""
		}
		return nil, unseenGeneric
	}
	name := goobj.PackagePrefix(e.symbolPath(t.Package)) + "." + t.Name
	for _, d := range []struct {
		symbol   string
		old, new types.Type
	}{
		{"type:" + name, was.Type(), is.Type()},
		{"type:*" + name, types.NewPointer(was.Type()), types.NewPointer(is.Type())},
	} {
		x := Extension{Name: d.symbol}
		had := types.NewMethodSet(d.old)
		x.Had = had.Len()
		has := types.NewMethodSet(d.new)
		for i := range has.Len() {
			m := has.At(i).Obj()
			before := had.Lookup(m.Pkg(), m.Name())
			switch {
			case before == nil:
				x.New = append(x.New, m.Name())
			case shape(before.Obj().Type()) != shape(m.Type()):
				return nil, unseenSignature
			}
		}
		old, ok := e.Record.Lookup(d.symbol, goobj.ABI0)
		if len(x.New) == 0 || !ok {
			continue // a type that the program does not describe comes with the patch
		}
		y, ok := e.Set.Lookup(d.symbol, goobj.ABI0)
		if !ok {
			return nil, unseenGeneric
		}
		desc, ok := e.Set.Type(y)
		if !ok {
			return nil, unseenGeneric
		}
		x.Sym, x.Addr, x.Head = y, old.Addr, desc.HeadSize()
		switch {
		case int(old.Size) <= x.Head:
			return nil, unseenFirst
		case e.looksUpMethods() && slices.ContainsFunc(x.New, goobj.Exported):
			return nil, unseenNumbers
		}
		out = append(out, x)
	}
	return out, ""
}

// unextended says why the methods of a local type, or of one without a name, stay unseen. Where the program has no
// description of it, one comes with the patch.
func (e *Edit) unextended(t *Type) string {
	switch {
	case !e.described(t):
		return ""
	case t.Unnamed:
		return unseenUnnamed
	}
	return unseenLocal
}

// described reports whether the program describes a type, an instance of it, or pointers to one.
func (e *Edit) described(t *Type) bool {
	return slices.ContainsFunc(e.Record.Symbols, func(s release.Symbol) bool { return goobj.IsType(s.Name) && t.Describes(s.Name) })
}

// looksUpMethods reports a program in which reflection may have handed out methods. What it hands out
// knows a method by its number among the exported ones of the type.
func (e *Edit) looksUpMethods() bool {
	return LooksUpMethods(e.Record.Live.Reflect, e.Record.Live.GenericMethods)
}

// LooksUpMethods reports whether code that uses methods in these ways may look them up by reflection: by any
// name, or by constant ones. The latter are not told from calls of methods of type parameters.
func LooksUpMethods(reflect bool, names map[string]bool) bool {
	if reflect {
		return true
	}
	for name := range names {
		if goobj.Exported(name) {
			return true
		}
	}
	return false
}
