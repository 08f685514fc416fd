package agent

import (
	"errors"
	"slices"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// methodUses is what a version has to do with method tables, by address.
type methodUses struct {
	tables  []splice.MethodTable // that types of the program have while it runs
	readers []splice.Range       // of the program and of the image
	caches  []uint64             // of the program and of the image
}

// connectMethods makes the method tables of p, and enters what it says of them into v, which is sealed. The
// program does not see the tables before the switch.
func (a *patcher) connectMethods(v *version, p *patch.Patch) error {
	u := &p.MethodUses
	for _, r := range u.Readers {
		v.methods.readers = append(v.methods.readers, body(r.Addr, r.Size))
	}
	for _, i := range u.ImageReaders {
		v.methods.readers = append(v.methods.readers, body(v.entry(int(i)), max(p.Funcs[i].Size, 2)))
	}
	caches := slices.Clone(u.Caches)
	for _, off := range u.ImageCaches {
		caches = append(caches, v.base+off)
	}
	for _, addr := range caches {
		if err := a.engine.CheckTypeCache(addr); err != nil {
			return malformed("%v", err)
		}
	}
	v.methods.caches = caches // the version stays in memory, and so may only hold what was checked
	for _, t := range p.MethodTables {
		isEntry := func(addr uint64) bool {
			_, inImage := slices.BinarySearchFunc(p.Funcs, addr, func(f patch.Func, addr uint64) int {
				switch at := v.base + f.Off; {
				case at < addr:
					return -1
				case at > addr:
					return 1
				}
				return 0
			})
			return inImage || a.engine.CheckFunction(addr, "") == nil
		}
		table, err := a.engine.MergeMethods(t.Type, uint64(t.Head), v.base+t.New, int(t.Count), int(t.Exported), v.base+t.Table, int(t.Room), isEntry)
		if err != nil {
			return malformed("%s: %v", t.Name, err)
		}
		v.methods.tables = append(v.methods.tables, table)
	}
	return nil
}

// itab returns the interface table for a pair of types: where the type has the methods only with v, one that is
// filled in the switch, or at once when initialisers, resets or hooks run before it.
func (a *patcher) itab(v *version, p *patch.Patch, inter, typ uint64) (uint64, error) {
	for _, t := range v.methods.tables {
		if t.Type == typ {
			return a.engine.ItabWith(inter, t, len(p.Inits)+len(p.Resets)+len(p.Hooks) > 0)
		}
	}
	return a.engine.Itab(inter, typ)
}

// settleTypes takes back what was made ready for a switch that was not made.
func (a *patcher) settleTypes() {
	if !slices.ContainsFunc(a.versions, func(v *version) bool { return len(v.methods.tables) > 0 }) {
		return
	}
	a.withEngine(func() {
		a.unsettled = a.engine.SettleItabs()
		a.forgetTypes()
	})
}

// forgetTypes makes type assertions forget what they found, in the program and in all images.
func (a *patcher) forgetTypes() {
	var caches []uint64
	for _, v := range a.versions {
		caches = append(caches, v.methods.caches...)
	}
	slices.Sort(caches)
	a.engine.FlushTypeCaches(slices.Compact(caches))
}

// exchangeMethods adds to the options of a switch to v what the method tables of types need. finish has to be
// called afterwards; it is nil when there is nothing to do.
func (a *patcher) exchangeMethods(v *version, o *splice.Options) (finish func(switched bool) error, err error) {
	var tables []splice.MethodTable
	if v != nil {
		tables = v.methods.tables
	}
	var exchange func()
	var settle func(bool) error
	a.withEngine(func() { exchange, settle, err = a.engine.ExchangeMethods(tables) })
	if err != nil || exchange == nil {
		return nil, err
	}
	o.Exchange = append(o.Exchange, exchange)
	for _, v := range a.versions {
		for _, r := range v.methods.readers {
			// A switch that waits for whole images, or for the same function, covers it.
			if !slices.ContainsFunc(o.Quiesce, func(q splice.Range) bool { return q.Lo < r.Hi && r.Lo < q.Hi }) {
				o.Quiesce = append(o.Quiesce, r)
			}
		}
	}
	return func(switched bool) (err error) {
		a.withEngine(func() {
			err = settle(switched)
			a.forgetTypes()
		})
		if err != nil {
			return errors.New("what the program remembers of its types is not up to date: restart it: " + err.Error())
		}
		return nil
	}, nil
}
