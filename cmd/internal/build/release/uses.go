package release

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// callGraph notes who calls the functions of editable packages.
func (h *harvest) callGraph(r *Record) {
	edited := r.editable()
	r.Callers = map[string][]string{}
	for y := range h.reached() {
		if !h.set.Defined(y) || !edited[h.set.Object(y).Pkg] {
			continue
		}
		for c := range h.calls.of(y) {
			callee, caller := h.set.NameOf(y).Name, h.set.NameOf(c.caller).Name
			if !slices.Contains(r.Callers[callee], caller) {
				r.Callers[strings.Clone(callee)] = append(r.Callers[callee], strings.Clone(caller))
			}
		}
	}
	sortLists(r.Callers)
}

// editable are the packages whose sources are in the record, by their paths in symbols.
func (r *Record) editable() map[string]bool {
	out := map[string]bool{}
	for _, p := range r.Packages {
		if p.Editable {
			out[p.Path] = true
		}
	}
	return out
}

func sortLists(m map[string][]string) {
	for _, l := range m {
		slices.Sort(l)
	}
}

// inlined notes into which functions those of editable packages were inlined.
func (h *harvest) inlined(r *Record) {
	edited := r.editable()
	var prefixes []string
	for path := range edited {
		prefixes = append(prefixes, goobj.PackagePrefix(path)+".")
	}
	isEdited := func(y goobj.Sym) bool {
		if h.set.Defined(y) {
			return edited[h.set.Object(y).Pkg]
		}
		// A literal that was inlined wherever it is called has no body.
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(h.set.NameOf(y).Name, p) })
	}
	r.Inlined = map[string][]string{}
	for y := range h.reached() {
		d := h.definition(y)
		fi, ok := h.set.FuncInfo(d)
		if !ok {
			continue
		}
		for _, n := range fi.Inline {
			if !isEdited(n.Func) {
				continue
			}
			callee, into := h.set.NameOf(n.Func).Name, h.set.NameOf(y).Name
			if !slices.Contains(r.Inlined[callee], into) {
				r.Inlined[strings.Clone(callee)] = append(r.Inlined[callee], strings.Clone(into))
			}
		}
	}
	sortLists(r.Inlined)
}

// variableUses notes who refers to the larger variables of editable packages.
func (h *harvest) variableUses(r *Record) {
	edited := r.editable()
	const word = 8
	r.Uses = map[string]Use{}
	for y := range h.reached() {
		d := h.definition(y)
		if !h.set.Defined(d) {
			continue
		}
		text := h.set.Kind(d).IsText()
		for _, rel := range h.set.Relocs(d) {
			v := rel.Sym
			if rel.Size == 0 || v == 0 || !h.set.Defined(v) || !h.set.Kind(v).IsVar() || h.set.Size(v) <= word || !edited[h.set.Object(v).Pkg] {
				continue
			}
			name := strings.Clone(h.set.NameOf(v).Name)
			u := r.Uses[name]
			if !text || !rel.Type.IsPCRel() || h.arch.ComputesAddress(h.set.Data(d), rel.Off) {
				u.Address = true
			}
			if n := h.set.NameOf(y); text && (len(u.Funcs) == 0 || u.Funcs[len(u.Funcs)-1] != n) {
				u.Funcs = append(u.Funcs, goobj.Name{Name: strings.Clone(n.Name), ABI: n.ABI})
			}
			r.Uses[name] = u
		}
	}
}
