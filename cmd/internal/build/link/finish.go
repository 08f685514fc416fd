package link

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/machine"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// finish fills in the tables of the patch.
func (l *linker) finish() {
	o := &l.out
	o.Format = patch.FormatVersion
	o.Release, o.Runtime = l.rec.Release, l.rec.Runtime
	o.Runtime.Offset = agentOffsets(l.rec.Runtime.Offset, l.arch)
	o.Image = patch.Image{
		Bytes: l.trimmed(), Size: l.img.size, TextSize: align(l.img.etext, l.arch.PageSize),
		RodataOff: l.img.rodata, DataOff: l.img.data, Moduledata: l.img.moduledata,
		TextEnd: l.img.etext, RodataEnd: l.img.erodata, DataEnd: l.img.nbssHi,
		NearLow: l.rec.Release.Text, NearHigh: l.rec.End, Far: l.far,
	}
	sort.Slice(l.relocs, func(i, j int) bool { return l.relocs[i].Off < l.relocs[j].Off })
	o.Relocs = l.relocs
	for i, p := range l.sharedBy {
		o.Symbols[i].Off = p.off
	}
	l.finishFuncs()
	l.finishLeft()
	l.finishKeeps()
	l.finishConfined()
	l.finishDirectives()
	l.finishItabs()
	l.finishFills()
	l.finishMethods()
	for _, u := range l.inits {
		i := patch.Init{Name: u.name, Value: u.value, After: u.after, File: u.file, Line: u.line}
		for _, v := range u.vars {
			if p := l.placed[v]; p != nil && p.shared != 0 {
				i.Vars = append(i.Vars, uint32(p.shared-1))
			}
		}
		for _, f := range u.funcs {
			i.Funcs = append(i.Funcs, l.placed[f].off)
		}
		o.Inits = append(o.Inits, i)
	}
}

// trimmed is the image without the zeros at its end, as far as nothing has to be written there.
func (l *linker) trimmed() []byte {
	n := len(bytes.TrimRight(l.img.b, "\x00"))
	for _, r := range l.relocs {
		n = max(n, int(r.Off)+word)
	}
	return l.img.b[:min(n, len(l.img.b))]
}

func (l *linker) finishFuncs() {
	index := map[goobj.Sym]int{}
	calls, other := l.callsInImage()
	for i, p := range l.text {
		index[p.sym] = i
		f := patch.Func{Name: p.name.Name, ABI: int(p.name.ABI), Off: p.off, Size: uint64(l.set.Size(p.sym))}
		f.Sig = l.edit.EntrySig(p.sym)
		f.File, f.Line = l.edit.Position(l.set.Object(p.sym).Pkg, p.name)
		body := l.edit.NewBody(p.sym)
		f.Flow, f.Places = body.Flow, body.Places
		f.Busy = l.arch.Busy(l.img.b[p.off : p.off+f.Size])
		f.Endless = l.arch.Endless(l.img.b[p.off : p.off+f.Size])
		if f.Direct = f.Busy.Lo == 0 && !other[p.sym] && !l.far; f.Direct {
			f.Calls = calls[p.sym]
		}
		f.Value = other[p.sym] && l.edit.Roams(p.sym)
		f.Handles, f.Takes = l.edit.Confinement(p.sym)
		l.out.Funcs = append(l.out.Funcs, f)
	}
	for _, f := range l.in.Redirect {
		r := patch.Redirect{
			Func: uint32(index[f.Sym]), Addr: f.Old.Addr, Size: uint64(f.Old.Size), Old: f.Old.Head, Busy: f.Old.Busy, Calls: f.Old.Calls,
			Endless: f.Old.Endless,
		}
		body := l.edit.OldBody(f.Old)
		r.Flow, r.Places = body.Flow, body.Places
		if v := l.veneers.at[f.Old.Addr]; v != nil {
			r.Home = v.off
		}
		if name := goobj.WithoutCopy(f.Old.Name); name != f.Name.Name {
			r.Name = name
		}
		l.out.Redirects = append(l.out.Redirects, r)
	}
	sort.Slice(l.out.Redirects, func(i, j int) bool { return l.out.Redirects[i].Addr < l.out.Redirects[j].Addr })
}

// finishLeft lists the bodies that nothing exchanges.
func (l *linker) finishLeft() {
	for _, b := range l.in.Left {
		l.out.Left = append(l.out.Left, patch.Left{
			Stale:   patch.Stale{Name: goobj.WithoutCopy(b.Old.Name), Addr: b.Old.Addr, Size: uint64(b.Old.Size)},
			Endless: b.Old.Endless, Inlined: b.Inlined,
		})
	}
	sort.Slice(l.out.Left, func(i, j int) bool { return l.out.Left[i].Addr < l.out.Left[j].Addr })
}

// finishDirectives lists what the directives of the source ask for. Calls of such code come from the agent
// alone, which means the version that it asks for: no other version's takes its place.
func (l *linker) finishDirectives() {
	only := map[uint64]bool{}
	for _, r := range l.in.Resets {
		p := patch.Reset{
			Name: l.symbolPath(r.Package) + "." + r.Name(), Value: r.Value, Release: r.Release,
			Func: l.placed[r.Func].off, Swap: l.placed[r.Swap].off, Anywhere: r.Anywhere, Wide: r.Wide(), File: r.File, Line: r.Line,
		}
		for _, v := range r.Vars {
			if v := l.placed[v]; v != nil && v.shared != 0 {
				p.Vars = append(p.Vars, uint32(v.shared-1))
			}
		}
		if len(p.Vars) < len(r.Vars) {
			p.Vars = nil
		}
		for _, u := range r.Users {
			if u.Size > 0 {
				p.Users = append(p.Users, patch.Stale{Name: goobj.WithoutCopy(u.Name), Addr: u.Addr, Size: uint64(u.Size)})
			}
		}
		only[p.Func] = true
		l.out.Resets = append(l.out.Resets, p)
	}
	for _, h := range l.hooks {
		p := patch.Hook{Name: l.name(h.sym), Rollback: h.Rollback, Error: h.Error, Code: l.edit.CodeBehind(h.sym), Func: l.placed[h.sym].off, File: h.File, Line: h.Line}
		only[p.Func] = true
		l.out.Hooks = append(l.out.Hooks, p)
	}
	early := l.early()
	for i := range l.out.Funcs {
		l.out.Funcs[i].Early = early[l.text[i].sym]
		if only[l.out.Funcs[i].Off] {
			l.out.Funcs[i].Sig = ""
		}
	}
}

// early are the functions and the data of the image that code which runs before the switch refers to. What is shared
// is not followed: whoever loads the patch once more finds that of the first time.
func (l *linker) early() map[goobj.Sym]bool {
	seen := map[goobj.Sym]bool{}
	var work []*placed
	add := func(y goobj.Sym) {
		if p := l.placed[y]; p != nil && p.shared == 0 && !seen[y] {
			seen[y] = true
			work = append(work, p)
		}
	}
	for _, r := range l.in.Resets {
		add(r.Func)
	}
	for _, h := range l.hooks {
		if !h.Rollback {
			add(h.sym)
		}
	}
	for len(work) > 0 {
		p := work[len(work)-1]
		work = work[:len(work)-1]
		for _, r := range l.set.Relocs(p.sym) {
			add(r.Sym)
		}
	}
	return seen
}

// finishConfined lists the types that are laid out anew.
func (l *linker) finishConfined() {
	for _, c := range l.edit.Confined {
		p := patch.Confined{Package: goobj.PackagePrefix(l.symbolPath(c.Package)) + ".", Types: c.Types, Layout: c.Layout}
		for _, s := range c.Inside {
			// Functions of several names may share a body.
			if !slices.ContainsFunc(p.Inside, func(o patch.Stale) bool { return o.Addr == s.Addr }) {
				p.Inside = append(p.Inside, patch.Stale{Name: goobj.WithoutCopy(s.Name), Addr: s.Addr, Size: uint64(s.Size)})
			}
		}
		l.out.Confined = append(l.out.Confined, p)
	}
}

// callsInImage are the offsets of the displacements of calls in the image, by the function of the image that
// they call. Others are entered in other ways.
func (l *linker) callsInImage() (calls map[goobj.Sym][]uint32, others map[goobj.Sym]bool) {
	const entryWord = 8
	calls, other := map[goobj.Sym][]uint32{}, map[goobj.Sym]bool{}
	for _, f := range l.in.Redirect {
		other[f.Sym] = len(f.Old.Calls) == 0 // a jump in the program leads there
	}
	for _, p := range l.order {
		for _, r := range l.set.Relocs(p.sym) {
			switch q := l.placed[r.Sym]; {
			case r.Type.IsCall() && q == nil && p.kind.IsText() && r.Off >= entryWord:
				l.hostCall(r.Sym, uint32(p.off)+uint32(r.Off))
			case r.Size == 0 || q == nil || !q.kind.IsText():
			case r.Type.IsCall() && p.kind.IsText() && r.Off >= entryWord:
				calls[q.sym] = append(calls[q.sym], uint32(p.off)+uint32(r.Off))
			default:
				other[q.sym] = true
			}
		}
	}
	for _, u := range l.inits {
		for _, f := range u.funcs {
			other[f] = true
		}
	}
	for _, h := range l.hooks {
		other[h.sym] = true
	}
	for _, r := range l.in.Resets {
		other[r.Func] = true
	}
	return calls, other
}

// hostCall notes a call of a function of the program, if that is one that nothing but calls enters.
func (l *linker) hostCall(y goobj.Sym, at uint32) {
	n := l.set.NameOf(y)
	old, ok := l.rec.Lookup(n.Name, n.ABI)
	if !ok || len(old.Calls) == 0 {
		return
	}
	i := slices.IndexFunc(l.out.HostCalls, func(h patch.HostCall) bool { return h.Addr == old.Addr })
	if i < 0 {
		i = len(l.out.HostCalls)
		l.out.HostCalls = append(l.out.HostCalls, patch.HostCall{Addr: old.Addr})
	}
	l.out.HostCalls[i].Calls = append(l.out.HostCalls[i].Calls, at)
}

func (l *linker) finishItabs() {
	for _, t := range l.itabSeq {
		i := patch.Itab{Name: t.name, Slots: t.slots}
		for _, r := range l.set.Relocs(t.sym) {
			switch {
			case r.Size != word:
			case r.Off == 0:
				i.Inter = l.ref(r.Sym, t.sym)
			case r.Off == word:
				i.Type = l.ref(r.Sym, t.sym)
			}
		}
		l.out.Itabs = append(l.out.Itabs, i)
	}
}

// finishFills orders the words so that a method's function type, by which the runtime finds it,
// comes after its functions.
func (l *linker) finishFills() {
	types := map[uint64]bool{}
	sort.SliceStable(l.fills, func(i, j int) bool {
		return (l.fills[i].base == l.rec.Release.Text) && (l.fills[j].base != l.rec.Release.Text)
	})
	for _, f := range l.fills {
		l.out.Fills = append(l.out.Fills, patch.Fill{
			Addr: f.addr, Size: 4, Old: 0xffffffff, To: l.ref(f.to, f.to), Base: f.base, Name: f.name,
		})
		if !types[f.typ] {
			types[f.typ] = true
			l.out.FilledTypes = append(l.out.FilledTypes, f.typ)
		}
	}
}

// agentFields are the fields of runtime structures that the agent reads, beside those of moduledata.
var agentFields = map[string]bool{
	"runtime.g.goid": true, "runtime.g.stack": true, "runtime.g.sched": true, "runtime.g.asyncSafePoint": true, "runtime.g.atomicstatus": true,
	"runtime.gobuf.sp": true, "runtime.gobuf.pc": true, "runtime.gobuf.bp": true,
}

func agentOffsets(layout map[string]uint64, arch machine.Arch) map[string]uint64 {
	out := map[string]uint64{}
	for name, off := range layout {
		if agentFields[name] || arch.LinkRegister && name == "runtime.gobuf.lr" || strings.HasPrefix(name, "runtime.moduledata") {
			out[name] = off
		}
	}
	return out
}
