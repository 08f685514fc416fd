package goobj

import (
	"fmt"
	"strings"
)

// A symbol of assembly that is local to its file, as helper<> is, has a name that says nothing outside of its object. Here
// it has the package and the file in its name, so that it is found again in the program, in another build and in another
// patch. Those of the compiler are known by their content: it numbers them.

// nameStatics names the symbols that are local to an assembled object, which is called member in its archive.
func (o *Object) nameStatics(member string) {
	if !o.Asm {
		return
	}
	prefix := pathToPrefix(o.Pkg) + "."
	o.statics = make([]string, o.ndef)
	for i := range o.ndef {
		raw := o.rawName(i)
		if raw == "" || o.rawABI(i) != ABIStatic {
			continue
		}
		// Both helper<> and ·helper<> may be there.
		if rest, ok := strings.CutPrefix(raw, prefix); ok {
			raw = "·" + rest
		}
		o.statics[i] = prefix + raw + "<" + member + ">"
	}
}

// uniqueMember is the name of an archive's member, with a number if there was one of that name: archives hold the first
// 16 bytes of names.
func uniqueMember(name string, seen map[string]int) string {
	seen[name]++
	if n := seen[name]; n > 1 {
		return fmt.Sprint(name, "·", n)
	}
	return name
}

// static is the name that a symbol which is local to an assembled object has here, or "".
func (o *Object) static(i int) string {
	if i < len(o.statics) {
		return o.statics[i]
	}
	return ""
}

// TraceName is the name of a function as the program's function table has it.
func (s *Set) TraceName(y Sym) string {
	if inObject(y) {
		if o, i := s.object(y); o.static(i) != "" {
			return o.rawName(i)
		}
	}
	return WithoutCopy(s.NameOf(y).Name)
}
