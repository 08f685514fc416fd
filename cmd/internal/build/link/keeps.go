package link

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// finishKeeps says what functions do with their arguments, whom each function of the image leads to, and for
// whom the switch has to wait.
func (l *linker) finishKeeps() {
	index := map[goobj.Sym]uint32{}
	for i, p := range l.text {
		index[p.sym] = uint32(i)
	}
	for i, p := range l.text {
		f := &l.out.Funcs[i]
		l.callees(f, p.sym, index)
		l.held(f, p.sym, index)
		f.Shares, f.Given, f.Lent = l.edit.SharesNew(p.sym), l.edit.Given(p.name.Name), l.edit.LentNew(p.sym)
		f.Bare, f.InPlace = l.edit.Bare(p.sym), l.edit.InPlace(p.sym)
		for _, list := range []*[]uint32{&f.Callees, &f.HostCallees, &f.Held, &f.HostHeld} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
	}
	placed := map[goobj.Name]bool{}
	for _, p := range l.text {
		placed[p.name] = true
	}
	for _, k := range l.edit.Keeps(l.in.Redirect) {
		if k.Release == nil && !placed[k.Name] {
			continue // in neither
		}
		p := patch.Keep{Name: k.Name.Name, ABI: int(k.Name.ABI), Old: k.Old, New: k.New, Entry: k.Entry, Why: k.Why}
		if k.Release != nil {
			p.Addr = k.Release.Addr
		}
		l.out.Keeps = append(l.out.Keeps, p)
	}
	for _, w := range l.in.Waits {
		l.out.Waits = append(l.out.Waits, patch.Wait{
			Stale:   patch.Stale{Name: goobj.WithoutCopy(w.Old.Name), Addr: w.Old.Addr, Size: uint64(w.Old.Size)},
			Endless: w.Old.Endless, Stays: w.Stays, Given: w.Given, Why: w.Words(),
		})
	}
	slices.SortFunc(l.out.Keeps, func(a, b patch.Keep) int {
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), strings.Compare(a.Name, b.Name), cmp.Compare(a.ABI, b.ABI))
	})
}

// callees enters the functions that y leads to into f. What closures of the host lead to that y makes counts as well:
// they may have variables of y.
func (l *linker) callees(f *patch.Func, y goobj.Sym, index map[goobj.Sym]uint32) {
	for z := range l.edit.Leads(y) {
		if n, ok := index[z]; ok {
			f.Callees = append(f.Callees, n)
			continue
		}
		addr, ok := l.hostFunction(z)
		if !ok {
			continue
		}
		f.HostCallees = append(f.HostCallees, uint32(addr-l.rec.Release.Text))
		if patch.Inner(l.set.NameOf(z).Name) {
			l.hostCallees(f, z)
		}
	}
}

// held enters the functions that y may have in its captured variables.
func (l *linker) held(f *patch.Func, y goobj.Sym, index map[goobj.Sym]uint32) {
	callees, hosts := slices.Clone(f.Callees), slices.Clone(f.HostCallees)
	for _, z := range l.edit.Held(y) {
		if n, ok := index[z]; ok {
			f.Callees = append(f.Callees, n)
			if !slices.Contains(callees, n) {
				f.Held = append(f.Held, n)
			}
			continue
		}
		if addr, ok := l.hostFunction(z); ok {
			at := uint32(addr - l.rec.Release.Text)
			f.HostCallees = append(f.HostCallees, at)
			if !slices.Contains(hosts, at) {
				f.HostHeld = append(f.HostHeld, at)
			}
		}
	}
}

// hostCallees enters the functions of the host that a closure of the host leads to.
func (l *linker) hostCallees(f *patch.Func, y goobj.Sym) {
	s, ok := l.rec.Lookup(l.set.NameOf(y).Name, goobj.ABIInternal)
	if !ok {
		return
	}
	for _, in := range append(l.rec.Within(s), s) {
		for _, c := range l.rec.MayCall(in) {
			f.HostCallees = append(f.HostCallees, uint32(c.Addr-l.rec.Release.Text))
		}
	}
}

// hostFunction is the address of a function of the host.
func (l *linker) hostFunction(y goobj.Sym) (addr uint64, ok bool) {
	n := l.set.NameOf(y)
	s, ok := l.rec.Lookup(n.Name, n.ABI)
	if !ok || s.Addr < l.rec.Release.Text || s.Addr >= l.rec.Release.Etext {
		return 0, false
	}
	return s.Addr, true
}
