package release

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// methodUses notes the functions that read method tables, and where type assertions remember what they
// found in them.
func (h *harvest) methodUses(r *Record) {
	for y := range h.reached() {
		a := *h.addr.At(y)
		if IsTypeCache(h.set.NameOf(y).Name) {
			r.MethodUses.Caches = append(r.MethodUses.Caches, a)
		}
		if d := *h.matched.At(y); d != 0 && h.set.Kind(d).IsText() && ReadsMethods(h.set, d) {
			r.MethodUses.Readers = append(r.MethodUses.Readers, patch.Stale{
				Name: strings.Clone(h.set.NameOf(d).Name), Addr: a, Size: uint64(h.set.Size(d)),
			})
		}
	}
	slices.Sort(r.MethodUses.Caches)
	slices.SortFunc(r.MethodUses.Readers, func(a, b patch.Stale) int {
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), strings.Compare(a.Name, b.Name))
	})
	// A function may have several symbols.
	r.MethodUses.Readers = slices.CompactFunc(r.MethodUses.Readers, func(a, b patch.Stale) bool { return a.Addr == b.Addr })
}

// IsTypeCache reports a symbol that a type assertion or a type switch remembers its answers in. Its first word
// leads to them.
func IsTypeCache(name string) bool {
	return strings.Contains(name, "..typeAssert.") || strings.Contains(name, "..interfaceSwitch.")
}

// ReadsMethods reports a function that reads a method table outside of the runtime, by the accessors of package
// internal/abi: called, or inlined as they usually are.
func ReadsMethods(s *goobj.Set, y goobj.Sym) bool {
	accessor := func(f goobj.Sym) bool {
		switch s.NameOf(f).Name {
		case "internal/abi.(*UncommonType).Methods", "internal/abi.(*UncommonType).ExportedMethods":
			return true
		}
		return false
	}
	if accessor(y) {
		return true
	}
	if fi, ok := s.FuncInfo(y); ok && slices.ContainsFunc(fi.Inline, func(n goobj.InlineNode) bool { return accessor(n.Func) }) {
		return true
	}
	for _, r := range s.Relocs(y) {
		if r.Type.IsCall() && accessor(r.Sym) {
			return true
		}
	}
	return false
}
