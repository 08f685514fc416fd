package edit

import (
	"slices"
	"sort"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Follow finds the unchanged functions that refer to what can't be reached through its old entry: to
// functions whose entries are not redirected, although they changed. In the program they refer to the
// old ones, so they have to be exchanged as well, by their own copies: redirect are the functions that
// are exchanged so far. stays are those among them that run only once.
func (e *Edit) Follow(redirect []*Function) (follow, stays []*Function) {
	leads := map[*release.Symbol]goobj.Sym{}
	for _, f := range redirect {
		leads[f.Old] = f.Sym
	}
	behind := map[goobj.Sym]bool{}
	changed := map[goobj.Sym]bool{}
	for i := range e.Functions {
		f := &e.Functions[i]
		if f.Sym == 0 {
			continue
		}
		changed[f.Sym] = true
		old, ok := e.Record.Lookup(f.Name.Name, f.Name.ABI)
		if ok && leads[old] != f.Sym && !e.RunsOnce(f) {
			behind[f.Sym] = true
		}
	}
	// A closure may be the same as before under a number that another one had.
	for old, y := range leads {
		if z, ok := e.Set.Lookup(old.Name, old.ABI); ok && z != y {
			behind[z] = true
		}
	}
	if len(behind) == 0 {
		return nil, nil
	}
	r := referrers{e: e, behind: behind, data: map[goobj.Sym]bool{}}
	for _, o := range e.rebuiltObjects() {
		path := e.importPath(o.Pkg)
		for y := range e.Set.Definitions(o) {
			if !e.Set.Kind(y).IsText() || e.Set.Size(y) == 0 || changed[y] || !r.refers(y) {
				continue
			}
			n := e.Set.NameOf(y)
			old := e.closures.was[y]
			if old == nil {
				old, _ = e.Record.Lookup(n.Name, n.ABI)
			}
			if old == nil || leads[old] == y {
				continue
			}
			f := e.asBefore(path, o, y, old)
			if e.RunsOnce(f) {
				stays = append(stays, f)
			} else {
				follow = append(follow, f)
			}
		}
	}
	for _, fs := range [][]*Function{follow, stays} {
		sort.Slice(fs, func(i, j int) bool { return fs[i].Name.Name < fs[j].Name.Name })
	}
	return follow, stays
}

// asBefore is a function with the code of the release that is exchanged all the same.
func (e *Edit) asBefore(path string, o *goobj.Object, y goobj.Sym, old *release.Symbol) *Function {
	n := e.Set.NameOf(y)
	path = e.declaredIn(path, n.Name)
	_, flag2 := e.Set.Flags(y)
	f := &Function{
		Name: n, Sym: y, Old: old, Package: path, Class: e.classOf(path, n, flag2), Follows: true,
		Asm: o.Asm, FIPS: e.Set.Kind(y).IsFIPS(), SameClosure: true, NewSig: old.Type, OldSig: old.Type,
	}
	f.Decl, _ = e.declOf(path, n.Name)
	e.describeSource(f)
	f.Edited = false
	return f
}

// KeepLess are the functions that are as before and keep less of their arguments in the edit, because of what they
// call; and closures that lead to such, or to closures that changed, which may keep less of what they capture.
func (e *Edit) KeepLess() []*Function {
	changed := map[goobj.Sym]bool{}
	less := map[goobj.Sym]bool{} // what closures are looked at for
	for i := range e.Functions {
		f := &e.Functions[i]
		changed[f.Sym] = true
		if f.Old != nil && f.Sym != 0 && f.Class != Plain && f.Class != Generated {
			less[f.Sym] = true
		}
	}
	type candidate struct {
		y goobj.Sym
		f *Function
	}
	var rest []candidate
	for _, o := range e.rebuiltObjects() {
		path := e.importPath(o.Pkg)
		for y := range e.Set.Definitions(o) {
			if !e.Set.Kind(y).IsText() || e.Set.Size(y) == 0 || e.Set.NameOf(y).ABI != goobj.ABIInternal {
				continue
			}
			if e.keepsLess(y) {
				less[y] = true
			}
			old := e.closures.was[y]
			if old == nil {
				n := e.Set.NameOf(y)
				old, _ = e.Record.Lookup(n.Name, n.ABI)
			}
			if changed[y] || old == nil || old.Size == 0 {
				continue
			}
			if f := e.asBefore(path, o, y, old); !e.RunsOnce(f) {
				rest = append(rest, candidate{y, f})
			}
		}
	}
	var out []*Function
	for again := true; again; {
		again = false
		for i, c := range rest {
			if c.f == nil || !less[c.y] && (c.f.Class == Plain || c.f.Class == Generated || !e.leadsTo(c.y, less)) {
				continue
			}
			less[c.y], again = true, true
			out = append(out, c.f)
			rest[i].f = nil
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name.Name < out[j].Name.Name })
	return out
}

// keepsLess reports a function that keeps less of its arguments than that of the release.
func (e *Edit) keepsLess(y goobj.Sym) bool {
	old := e.Set.NameOf(y).Name
	if was := e.closures.was[y]; was != nil {
		old = was.Name
	}
	_, more := e.oldKeeps(old).More(e.newKeeps(e.Set.NameOf(y).Name))
	return more
}

func (e *Edit) leadsTo(y goobj.Sym, those map[goobj.Sym]bool) bool {
	for z := range e.Leads(y) {
		if those[z] {
			return true
		}
	}
	return slices.ContainsFunc(e.Held(y), func(z goobj.Sym) bool { return those[z] })
}

// RunsOnce reports what runs at the start of the program and never again.
func (e *Edit) RunsOnce(f *Function) bool {
	switch f.Class {
	case PackageInit, UserInit, MapInit:
		return true
	}
	return f.Class == Plain && f.Decl == "main" && e.symbolPath(f.Package) == "main"
}

type referrers struct {
	e      *Edit
	behind map[goobj.Sym]bool
	data   map[goobj.Sym]bool // memo of read-only data
}

// refers reports that y leads to a function that was left behind, itself or through read-only data.
func (r *referrers) refers(y goobj.Sym) bool {
	for _, rel := range r.e.Set.Relocs(y) {
		if rel.Size == 0 || rel.Sym == 0 {
			continue
		}
		if r.behind[rel.Sym] || r.dataRefers(rel.Sym) {
			return true
		}
	}
	return false
}

func (r *referrers) dataRefers(y goobj.Sym) bool {
	n := r.e.Set.NameOf(y).Name
	if !r.e.Set.Kind(y).IsRodata() || goobj.IsType(n) || goobj.IsItab(n) {
		return false
	}
	if v, ok := r.data[y]; ok {
		return v
	}
	r.data[y] = false // against cycles
	r.data[y] = r.refers(y)
	return r.data[y]
}
