package edit

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// SignatureEdited reports whether a function takes or returns other types than before, so that what holds the old one has
// a func type of its own. It is false where only a type of its signature is laid out anew, or where that is not known.
func (e *Edit) SignatureEdited(f *Function) bool {
	const size = "0123456789" // of the arguments, which comes first
	return f.OldSig != "" && f.NewSig != "" && strings.TrimLeft(f.OldSig, size) != strings.TrimLeft(f.NewSig, size)
}

// Remembered reports whether something in the program may have the old entry of a function whose signature changed: as a
// func value, or through a method table where something may look for it.
func (e *Edit) Remembered(f *Function) bool {
	if !f.Old.OnlyTable {
		return f.Old.Indirect
	}
	_, method, ok := strings.Cut(f.Decl, ".")
	if strings.HasPrefix(f.Decl, "(") {
		_, method, ok = strings.Cut(f.Decl, ").")
	}
	return !ok || e.Asked(f.Package, method) && e.visible(f.Decl, f.Package, method)
}

// visible reports whether a method table of the program shows a method to who looks for it.
func (e *Edit) visible(decl, path, method string) bool {
	t := Type{Descriptor: goobj.PackagePrefix(e.symbolPath(path)) + "." + strings.TrimLeft(strings.TrimSuffix(strings.TrimSuffix(decl, "."+method), ")"), "(*")}
	hidden := map[string]bool{}
	for _, p := range e.Record.Pruned {
		if t.Describes(p.Name) {
			hidden[p.Name] = slices.ContainsFunc(p.Methods, func(m release.PrunedMethod) bool { return m.Name == method && m.Empty[0] })
		}
	}
	return slices.ContainsFunc(e.Record.Symbols, func(s release.Symbol) bool { return t.Describes(s.Name) && goobj.IsType(s.Name) && !hidden[s.Name] })
}

// Holders are the functions of the release that lead to one other than by calling it.
func (e *Edit) Holders(s *release.Symbol) (out []*release.Symbol) {
	for _, c := range e.callers(s) {
		if !slices.Contains(e.Record.Callers[s.Name], c.Name) {
			out = append(out, c)
		}
	}
	return out
}

// Promotes is the declared method that a generated one calls or has inlined, as in Inlines, and empty for what is declared.
func (e *Edit) Promotes(f *Function) string {
	if f.Class != Generated || f.Sym == 0 {
		return ""
	}
	of := func(y goobj.Sym) string {
		path, _, decl, ok := e.owner(e.Set.NameOf(y).Name)
		if !ok || decl == f.Decl || decl[strings.LastIndexByte(decl, '.')+1:] != f.Decl[strings.LastIndexByte(f.Decl, '.')+1:] || e.Sources[path].New.Funcs[decl] == nil {
			return ""
		}
		return path + "\x00" + decl
	}
	if fi, ok := e.Set.FuncInfo(f.Sym); ok {
		for _, n := range fi.Inline {
			if k := of(n.Func); k != "" {
				return k
			}
		}
	}
	for _, r := range e.Set.Relocs(f.Sym) {
		if r.Sym != 0 && e.Set.Kind(r.Sym).IsText() {
			if k := of(r.Sym); k != "" {
				return k
			}
		}
	}
	return ""
}
