package patch

// Slide moves all host addresses by slide bytes, modulo 2^64: to where a position-independent program is in memory. The
// result is checked again, because addresses that could be in the program's file need not be in memory.
func (p *Patch) Slide(slide uint64) error {
	p.Slid += slide
	move := func(addrs ...*uint64) {
		for _, a := range addrs {
			*a += slide
		}
	}
	each := func(addrs []uint64) {
		for i := range addrs {
			addrs[i] += slide
		}
	}
	stale := func(list []Stale) {
		for i := range list {
			list[i].Addr += slide
		}
	}
	ref := func(r *Ref) {
		if r.Kind == "host" {
			r.Value += slide
		}
	}
	move(&p.Release.Text, &p.Release.Etext, &p.Runtime.Types, &p.Runtime.Rodata, &p.Image.NearLow, &p.Image.NearHigh)
	for _, m := range []map[string]uint64{p.Runtime.Func, p.Runtime.Var} {
		for name := range m {
			m[name] += slide
		}
	}
	for i := range p.Itabs {
		ref(&p.Itabs[i].Inter)
		ref(&p.Itabs[i].Type)
	}
	for i := range p.Fills {
		f := &p.Fills[i]
		move(&f.Addr)
		if f.Base != 0 {
			move(&f.Base)
		}
		ref(&f.To)
	}
	each(p.FilledTypes)
	for i := range p.MethodTables {
		move(&p.MethodTables[i].Type)
	}
	stale(p.MethodUses.Readers)
	each(p.MethodUses.Caches)
	for i := range p.Resets {
		stale(p.Resets[i].Users)
	}
	for i := range p.HostCalls {
		move(&p.HostCalls[i].Addr)
	}
	for i := range p.Redirects {
		r := &p.Redirects[i]
		move(&r.Addr)
		each(r.Calls)
	}
	for i := range p.Left {
		move(&p.Left[i].Addr)
	}
	for i := range p.Keeps {
		if p.Keeps[i].Addr != 0 {
			move(&p.Keeps[i].Addr)
		}
	}
	for i := range p.Waits {
		move(&p.Waits[i].Addr)
	}
	for i := range p.Confined {
		stale(p.Confined[i].Inside)
	}
	return p.Check()
}
