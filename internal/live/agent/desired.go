package agent

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Which code every function entry that was ever touched should hold is computed here from nothing
// but the loaded images and the version that is to run. Applying, rolling back and applying again
// are then one thing: compare with what is there, and write the differences.

// word is what is replaced at a function entry: a jump of 5 bytes, and 3 bytes that stay.
type word = [8]byte

// image is the part of a loaded patch that decides about function entries.
type image struct {
	base      uint64
	version   string // label
	funcs     []patch.Func
	redirects []patch.Redirect
	left      []patch.Left
	hostCalls []patch.HostCall
	confined  []patch.Confined
	layout    string // of the confined types; empty where there are none
	// originals are the first words of funcs as they were loaded, relocated.
	originals []word

	byName  map[funcKey]int // index into funcs
	hostOf  map[int]uint64  // entry in the program that funcs[i] replaces
	forHost map[uint64]int  // the inverse
	kept    kept
	steps   map[*image]*step // see image.step
	// far says that jumps do not lead from the program to the image; homes are the ways back, by index of funcs.
	far   bool
	homes map[int]uint64
}

// funcKey identifies a function across versions.
type funcKey struct {
	name string
	abi  int
}

// newImage returns the image of p, loaded at base into memory.
func newImage(p *patch.Patch, base uint64, memory []byte) *image {
	m := &image{
		base: base, funcs: p.Funcs, redirects: p.Redirects, left: p.Left, hostCalls: p.HostCalls, confined: p.Confined, layout: layoutOf(p.Confined),
		originals: make([]word, len(p.Funcs)),
		byName:    make(map[funcKey]int, len(p.Funcs)),
		hostOf:    make(map[int]uint64, len(p.Redirects)),
		forHost:   make(map[uint64]int, len(p.Redirects)),
		far:       p.Image.Far,
		homes:     make(map[int]uint64),
		kept:      newKept(p),
	}
	for i, f := range p.Funcs {
		m.originals[i] = word(memory[f.Off:])
		m.byName[funcKey{f.Name, f.ABI}] = i
	}
	for _, r := range p.Redirects {
		m.hostOf[int(r.Func)] = r.Addr
		m.forHost[r.Addr] = int(r.Func)
		if r.Home != 0 {
			m.homes[int(r.Func)] = base + r.Home
		}
	}
	return m
}

// entry is the address of funcs[i].
func (m *image) entry(i int) uint64 { return m.base + m.funcs[i].Off }

// site is a function entry and what it should hold.
type site struct {
	addr, size       uint64 // of the function's body
	original, wanted word
	// busy are the offsets at which no goroutine may be stopped when original gives way to a jump.
	busy    patch.Busy
	endless []patch.Span
	name    string
	version string // of an image's function; empty for a function of the program
	host    bool   // a function of the program, not of an image
	direct  bool   // entered by calls alone, which are changed instead of the entry
	far     bool   // all of the word may be written over, by a jump that leads far
}

// desired returns all entries of the images and of the functions that they replace, each once, by
// address, with what they should hold when target runs; nil stands for the unpatched program. It
// fails when a jump would be too long.
func desired(images []*image, target *image) ([]site, error) {
	var sites []site
	jump := func(s site, to uint64) error {
		var ok bool
		if s.wanted, ok = splice.JumpOver(s.original, s.addr, to); !ok && s.far {
			s.wanted, ok = splice.FarJumpOver(s.original, s.addr, to)
		}
		if !ok {
			return fmt.Errorf("the new %s at %#x is too far away from the old one at %#x", s.name, to, s.addr)
		}
		sites = append(sites, s)
		return nil
	}
	for addr, s := range hostSites(images) {
		if s.direct {
			continue // its calls are changed
		}
		if target != nil {
			if i, ok := target.forHost[addr]; ok {
				if err := jump(s, target.entry(i)); err != nil {
					return nil, err
				}
				continue
			}
		}
		sites = append(sites, s)
	}
	for _, m := range images {
		for i := range m.funcs {
			s := m.site(i)
			if s.direct {
				continue
			}
			to, leaves := m.successor(i, target)
			if !leaves {
				sites = append(sites, s)
			} else if err := jump(s, m.wayTo(i, to)); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(sites, func(a, b site) int { return cmp.Compare(a.addr, b.addr) })
	return sites, nil
}

// wayTo is where a jump from funcs[i] to an entry has to lead: to the entry, or to the code in the image that goes on there.
func (m *image) wayTo(i int, to uint64) uint64 {
	if home := m.homes[i]; home != 0 && to == m.hostOf[i] {
		return home
	}
	return to
}

// hostSites are the functions of the program that any of the images replaces, by entry, with
// their own code.
func hostSites(images []*image) map[uint64]site {
	sites := make(map[uint64]site)
	for _, m := range images {
		for _, r := range m.redirects {
			sites[r.Addr] = site{
				addr: r.Addr, size: r.Size, original: r.Old, wanted: r.Old,
				busy: r.Busy, endless: r.Endless, name: r.HostName(&m.funcs[r.Func]), host: true, direct: len(r.Calls) > 0, far: m.far && uint64(r.Busy.Hi) >= wordSize,
			}
		}
	}
	return sites
}

// site is the entry of funcs[i] with its own code.
func (m *image) site(i int) site {
	f := &m.funcs[i]
	return site{
		addr: m.entry(i), size: f.Size, original: m.originals[i], wanted: m.originals[i],
		busy: f.Busy, endless: f.Endless, name: f.Name, version: m.version, direct: f.Direct,
	}
}

// successor returns where the callers of funcs[i] should arrive when target runs, if not in
// funcs[i] itself. Such callers are goroutines that are still in m, and func values and
// interfaces made by it.
func (m *image) successor(i int, target *image) (to uint64, leaves bool) {
	to, leaves = m.counterpart(i, target)
	if leaves && m.step(target).pinned[i] {
		return 0, false
	}
	return to, leaves
}

// counterpart is what stands in the place of funcs[i] when target runs, if something does.
func (m *image) counterpart(i int, target *image) (to uint64, ok bool) {
	if m == target {
		return 0, false
	}
	host, replaces := m.hostOf[i]
	f := &m.funcs[i]
	if f.Takes && !sameLayout(m, target) {
		return 0, false
	}
	if target != nil {
		if j, ok := target.byName[funcKey{f.Name, f.ABI}]; ok && interchangeable(f, &target.funcs[j]) && (!target.funcs[j].Takes || sameLayout(m, target)) {
			return target.entry(j), true
		}
		if _, again := target.forHost[host]; again {
			return 0, false
		}
	}
	return host, replaces
}

// interchangeable says whether callers of one version of a function can be led to another one.
func interchangeable(a, b *patch.Func) bool {
	return a.Sig != "" && a.Sig == b.Sig
}

// differences returns the writes that take the program from what it holds now to what is wanted.
// Entries that written does not name hold their original code.
func differences(sites []site, written map[uint64]word) []splice.Write {
	var writes []splice.Write
	for _, s := range sites {
		now, ok := written[s.addr]
		if !ok {
			now = s.original
		}
		if now == s.wanted {
			continue
		}
		w := splice.Write{Addr: s.addr, Old: now, New: s.wanted, Name: s.name}
		// A goroutine is never stopped inside a jump that is one instruction, so only code that is replaced by one
		// for the first time has to be clear.
		switch {
		case now == s.original:
			w.Busy = s.busy
		case s.far:
			w.Busy = patch.Busy{Lo: 1, Hi: uint32(wordSize)}
		}
		writes = append(writes, w)
	}
	return writes
}

// replaced counts the functions of the program among writes.
func replaced(sites []site, writes []splice.Write) int {
	n := 0
	for _, w := range writes {
		if s := siteAt(sites, w.Addr); s != nil && s.host {
			n++
		}
	}
	return n
}

// siteAt returns the site of the entry addr, or nil when it is not among sites.
func siteAt(sites []site, addr uint64) *site {
	i, ok := slices.BinarySearchFunc(sites, addr, func(s site, addr uint64) int { return cmp.Compare(s.addr, addr) })
	if !ok {
		return nil
	}
	return &sites[i]
}

// leaving returns the bodies that calls no longer enter after the writes.
func leaving(sites []site, writes []splice.Write) []oldBody {
	var bodies []oldBody
	for _, w := range writes {
		if s := siteAt(sites, w.Addr); s != nil && s.wanted != s.original {
			bodies = append(bodies, bodyParts(s.addr, s.size, s.endless, s.name, cmp.Or(s.version, nameOf(nil)))...)
		}
	}
	return bodies
}

// spinning is a function in the way of a switch that nobody leaves, and whose entry can't be written over while anybody is
// inside; empty if there is none.
func spinning(busy *splice.ErrBusy, sites []site) string {
	for _, f := range busy.Funcs {
		if slices.ContainsFunc(sites, func(s site) bool {
			return s.name == f.Name && s.busy.Lo == 0 && len(s.endless) > 0 && s.endless[0].Lo == 0
		}) {
			return f.Name
		}
	}
	return ""
}

// body is the range of a function without its entry: a goroutine that is at the entry has yet to
// run the jump that is there.
func body(addr, size uint64) splice.Range { return splice.Range{Lo: addr + 1, Hi: addr + size} }
