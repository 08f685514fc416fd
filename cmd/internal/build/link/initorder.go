package link

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// orderInits brings the code that runs before the switch into the order in which a program that starts runs it: that of
// packages by their dependencies, and in each that of its variables. The maps that the linker had dropped are found last,
// and what runs here may be what reads them.
func (l *linker) orderInits() {
	if len(l.inits) < 2 {
		return
	}
	packages := map[string]int{}
	for i, path := range l.edit.Order {
		packages[l.symbolPath(path)] = i
	}
	variables := map[string]int{}
	for _, path := range slices.Concat(l.edit.Rebuilt, l.edit.Added) {
		if !slices.ContainsFunc(l.inits, func(u initUnit) bool { return u.pkg == l.symbolPath(path) }) {
			continue
		}
		prefix := goobj.PackagePrefix(l.symbolPath(path)) + "."
		for i, name := range l.edit.InitOrder(path) {
			variables[prefix+name] = i
		}
	}
	slices.SortStableFunc(l.inits, func(a, b initUnit) int {
		return cmp.Or(cmp.Compare(packages[a.pkg], packages[b.pkg]), cmp.Compare(l.initRank(a, variables), l.initRank(b, variables)))
	})
}

// initRank is the place of a unit among those of its package: that of its variable, or, in a package of which only maps
// are initialised, the number that the compiler gave their initialiser.
func (l *linker) initRank(u initUnit, variables map[string]int) int {
	if u.first {
		return math.MinInt
	}
	for _, v := range u.vars {
		if i, ok := variables[l.set.NameOf(v).Name]; ok {
			return i
		}
	}
	name := l.set.NameOf(u.funcs[0]).Name
	n, err := strconv.Atoi(name[strings.LastIndexByte(name, '.')+1:])
	if err != nil {
		return -1
	}
	return n
}
