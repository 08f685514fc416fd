package main

import (
	"fmt"
	"maps"
	"strings"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/live/splice/testdata/locate"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

func arm(p *locate.Program) {
	noError(splice.OpenText())
	e := armed(p)
	expect(e.WriteMode() == "proc-mem" || emulated, "write mode %s", e.WriteMode())
	toggle(p, e)
	toggle(p, armed(p)) // a second engine knows nothing of the first and does no harm
}

var unused uint64 // as a free lock is

// armRefuses gives wrong addresses and offsets one at a time. Each has to be noticed, and the program
// must work on.
func armRefuses(p *locate.Program) {
	for name, addr := range p.Runtime.Func {
		for _, wrong := range []uint64{0, 1, addr + 16, addr - 32, p.Text, p.Etext, 1 << 46, ^uint64(0), p.Addr("runtime.gosched_m")} {
			refused(p, fmt.Sprintf("%s at %#x", name, wrong), func(rt *patch.Runtime) { rt.Func[name] = wrong })
		}
		refused(p, "no "+name, func(rt *patch.Runtime) { delete(rt.Func, name) })
	}
	for name, addr := range p.Runtime.Var {
		for _, wrong := range []uint64{0, 1, addr + 4, p.Text, p.Etext, 1 << 46, ^uint64(0) - 7} {
			refused(p, fmt.Sprintf("%s at %#x", name, wrong), func(rt *patch.Runtime) { rt.Var[name] = wrong })
		}
		for other, wrong := range p.Runtime.Var {
			if other != name {
				refused(p, name+" at "+other, func(rt *patch.Runtime) { rt.Var[name] = wrong })
			}
		}
		for _, wrong := range []uint64{uint64(uintptr(unsafe.Pointer(&unused))), addr + 8, addr - 8, addr + 4096} {
			refused(p, fmt.Sprintf("%s at %#x", name, wrong), func(rt *patch.Runtime) { rt.Var[name] = wrong })
		}
		refused(p, "no "+name, func(rt *patch.Runtime) { delete(rt.Var, name) })
	}
	// Among these is a counter that the function names which takes the lock.
	const sizeOfStatistics = 8 << 10 // at most
	for at := p.Addr("runtime.memstats"); at < p.Addr("runtime.memstats")+sizeOfStatistics; at += 8 {
		if at != p.Runtime.Var["runtime.itabLock"] {
			refused(p, fmt.Sprintf("runtime.itabLock at %#x", at), func(rt *patch.Runtime) { rt.Var["runtime.itabLock"] = at })
		}
	}
	for _, name := range []string{
		"runtime.moduledata", "runtime.moduledata.next", "runtime.moduledata.text", "runtime.moduledata.etext", "runtime.moduledata.ftab",
		"runtime.g.stack", "runtime.g.sched", "runtime.g.asyncSafePoint", "runtime.g.atomicstatus", "runtime.gobuf.sp", "runtime.gobuf.pc", "runtime.gobuf.bp",
	} {
		refused(p, "no "+name, func(rt *patch.Runtime) { delete(rt.Offset, name) })
		refused(p, "far "+name, func(rt *patch.Runtime) { rt.Offset[name] = 1 << 20 })
	}
	for name, by := range map[string]uint64{
		"runtime.moduledata.text": 8, "runtime.moduledata.etext": 8, "runtime.g.stack": 8, "runtime.g.sched": 8,
		"runtime.g.asyncSafePoint": 1, "runtime.g.atomicstatus": 4, "runtime.gobuf.sp": 8, "runtime.gobuf.pc": 8, "runtime.gobuf.bp": 8,
	} {
		refused(p, "shifted "+name, func(rt *patch.Runtime) { rt.Offset[name] += by })
	}
	refuseModuleFields(p)
	_, err := splice.Arm(p.Runtime, p.Text+64, p.Etext)
	expect(err != nil, "wrong text")
	_, err = splice.Arm(p.Runtime, p.Text, p.Etext+64)
	expect(err != nil, "wrong etext")
	_, err = splice.Arm(patch.Runtime{}, 0, 0)
	expect(err != nil, "nothing at all")
	toggle(p, armed(p))
}

// refuseModuleFields puts each field of moduledata where another is, beside its place, and nowhere.
func refuseModuleFields(p *locate.Program) {
	for name, off := range p.Runtime.Offset {
		if !strings.HasPrefix(name, "runtime.moduledata.") || name == "runtime.moduledata.NotInHeap" {
			continue
		}
		for other, wrong := range p.Runtime.Offset {
			if strings.HasPrefix(other, "runtime.moduledata") && wrong != off {
				refused(p, name+" at "+other, func(rt *patch.Runtime) { rt.Offset[name] = wrong })
			}
		}
		for _, by := range []uint64{1, 4, 8, 16, ^uint64(0)} {
			refused(p, "shifted "+name, func(rt *patch.Runtime) { rt.Offset[name] += by })
		}
		if name != "runtime.moduledata.bad" { // nothing but alignment is behind it
			refused(p, "no "+name, func(rt *patch.Runtime) { delete(rt.Offset, name) })
		}
	}
}

func refused(p *locate.Program, what string, change func(*patch.Runtime)) {
	rt := patch.Runtime{Func: maps.Clone(p.Runtime.Func), Var: maps.Clone(p.Runtime.Var), Offset: maps.Clone(p.Runtime.Offset)}
	change(&rt)
	_, err := splice.Arm(rt, p.Text, p.Etext)
	expect(err != nil, "%s was accepted", what)
	expect(oldAnswer(1) == 2, "%s changed something", what)
}
