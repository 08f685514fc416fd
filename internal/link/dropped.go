package link

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/edit"
	"github.com/gosplice/gosplice/internal/goobj"
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

// unmade are the variables that come to the image with what the compiler put into their data, although the package's
// init, which does not run again, may have to do the rest, or the linker. The release's linker had dropped them.
func (l *linker) unmade() edit.Dropped {
	made := map[goobj.Sym]bool{}
	for _, u := range l.inits {
		for _, v := range u.vars {
			made[v] = true
		}
	}
	out := edit.Dropped{}
	for _, p := range l.order {
		if !p.kind.IsVar() || made[p.sym] || p.name.Name == "" {
			continue
		}
		pkg := l.set.Object(p.sym).Pkg
		name := strings.TrimPrefix(p.name.Name, goobj.PackagePrefix(pkg)+".")
		if path, ok := l.edit.Linked(pkg, name); ok {
			out[[2]string{strings.Clone(path), strings.Clone(name)}] = true // the objects are given back before it is used
		}
	}
	for _, path := range l.edit.Rebuilt {
		prefix := goobj.PackagePrefix(l.symbolPath(path)) + "."
		if _, ok := l.set.Lookup(prefix+"init", goobj.ABIInternal); !ok {
			continue // all is data
		}
		for _, p := range l.order {
			name, ok := strings.CutPrefix(p.name.Name, prefix)
			if ok && p.kind.IsVar() && !made[p.sym] && l.edit.Sources[path].Computed(name) {
				out[[2]string{path, strings.Clone(name)}] = true
			}
		}
	}
	return out
}
