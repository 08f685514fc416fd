package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// DroppedError is returned by Link for variables of the release's source that are not in the program and that nothing
// in the patch initialises: see edit.Additional.
type DroppedError struct{ Vars edit.Dropped }

func (e *DroppedError) Error() string {
	var names []string
	for v := range e.Vars {
		names = append(names, v[0]+"."+v[1])
	}
	slices.Sort(names)
	return fmt.Sprintf("the running program does not have %s, which nothing used, and a patch can't initialise it: use a new variable, or restart", strings.Join(names, ", "))
}

// dropped is what has to be known of the initial values of variables that the program's linker had dropped.
type dropped struct {
	parts map[goobj.Sym]uint64 // temporaries that the program has
	// initialised and sharers are those of goobj.Set.Initialised and of each temporary, by object.
	initialised map[*goobj.Object]map[goobj.Sym]bool
	sharers     map[*goobj.Object]map[goobj.Sym][]goobj.Sym
	visited     int // of linker.order, by placeSharers
}

// adoptParts makes references to the temporaries of a variable that its linker had dropped lead to those that the
// program has: its init has filled them, and other variables may lead there.
func (l *linker) adoptParts(v *placed) {
	parts, ok := l.rec.PartsOf(l.edit.StorageName(v.name.Name))
	if !ok {
		return
	}
	list, shape := l.edit.Prints.Temporaries(v.sym)
	if shape != parts.Shape || len(list) != len(parts.Addrs) {
		return // the edit gives it another initial value
	}
	for i, t := range list {
		switch had := l.dropped.parts[t]; {
		case parts.Addrs[i] == 0:
		case l.placed[t] != nil, had != 0 && had != parts.Addrs[i]:
			l.fail("the initial value of %s, which nothing used, is shared with that of another variable in another way than in the running program: use a new variable, or restart", v.name)
		default:
			l.dropped.parts[t] = parts.Addrs[i]
		}
	}
}

// placeSharers places the variables whose initial values lead to a temporary of the image, as in var a, b = &x, a. A
// later patch finds them with what they share. It reports whether there were any.
func (l *linker) placeSharers() bool {
	before := len(l.order)
	for ; l.dropped.visited < before; l.dropped.visited++ {
		t := l.order[l.dropped.visited].sym
		if !l.set.Temporary(t) {
			continue
		}
		for _, v := range l.sharers(t) {
			l.target(v, t)
		}
	}
	return len(l.order) > before
}

// sharers are the variables whose initial values lead to a temporary.
func (l *linker) sharers(t goobj.Sym) []goobj.Sym {
	o := l.set.Object(t)
	if l.dropped.sharers[o] == nil {
		all := map[goobj.Sym][]goobj.Sym{}
		for v := range l.set.Definitions(o) {
			if !l.set.Kind(v).IsVar() || l.set.Temporary(v) {
				continue
			}
			for _, t := range l.set.Temporaries(v) {
				all[t] = append(all[t], v)
			}
		}
		l.dropped.sharers[o] = all
	}
	return l.dropped.sharers[o][t]
}

// unmade are the variables that come to the image with what the compiler put into their data, although the package's
// init, which does not run again, may have to do the rest, or the linker. The release's linker had dropped them.
func (l *linker) unmade() edit.Dropped {
	made, byMap := map[goobj.Sym]bool{}, map[goobj.Sym]bool{} // the latter of the last initialiser
	for _, u := range l.inits {
		for _, v := range u.vars {
			made[v], byMap[v] = true, u.byMap
		}
	}
	added := map[string]bool{}
	for _, path := range l.edit.Added {
		added[path] = true
	}
	out := edit.Dropped{}
	for _, p := range l.order {
		if !p.kind.IsVar() || made[p.sym] && !byMap[p.sym] || p.name.Name == "" || l.set.ByContent(p.sym) {
			continue
		}
		pkg := l.set.Object(p.sym).Pkg
		path, name := l.edit.SourceVariable(pkg, p.name.Name)
		if byMap[p.sym] {
			// The compiler's own initialiser makes it as well; but a plan has to say that it is made of what is there now.
			if l.readsState(path, name, p.sym) {
				out[[2]string{strings.Clone(path), strings.Clone(name)}] = true
			}
			continue
		}
		_, linked := l.edit.Linked(pkg, name)
		if linked || !added[path] && l.isPartial(p.sym, l.edit.Computed(path, name), made) {
			out[[2]string{strings.Clone(path), strings.Clone(name)}] = true // the objects are given back before it is used
		}
	}
	return out
}

// readsState reports whether the function that fills a map reads other variables, or calls functions that are not the
// runtime's. Variables of the standard library that its maps are made of stay what they are.
func (l *linker) readsState(path, name string, v goobj.Sym) bool {
	if reads, known := l.edit.ReadsState(path, name); known {
		return reads
	}
	if p, ok := l.rec.PackageByPath(l.symbolPath(path)); ok && p.Standard {
		return false
	}
	for _, u := range l.inits {
		if !u.byMap || !slices.Contains(u.vars, v) {
			continue
		}
		for _, r := range l.set.Relocs(u.funcs[0]) {
			switch kind := l.set.Kind(r.Sym); {
			case r.Sym == 0 || r.Size == 0 || r.Sym == v:
			case kind.IsVar() && !l.set.Temporary(r.Sym):
				return true
			case r.Type.IsCall() && !strings.HasPrefix(l.set.NameOf(r.Sym).Name, "runtime.") && !strings.HasPrefix(l.set.NameOf(r.Sym).Name, "internal/runtime/"):
				return true
			}
		}
	}
	return false
}

// isPartial reports whether the data of variable v is not the whole of its initial value: init may do the rest, if that is
// computed, or what it shares with a variable that is made anew.
func (l *linker) isPartial(v goobj.Sym, computed bool, made map[goobj.Sym]bool) bool {
	o := l.set.Object(v)
	if l.dropped.initialised[o] == nil {
		l.dropped.initialised[o] = l.set.Initialised(o.Pkg)
	}
	byInit := l.dropped.initialised[o]
	return computed && byInit[v] || slices.ContainsFunc(l.set.Temporaries(v), func(t goobj.Sym) bool {
		return l.dropped.parts[t] == 0 && (byInit[t] || slices.ContainsFunc(l.sharers(t), func(w goobj.Sym) bool { return made[w] }))
	})
}
