package patch

import (
	"cmp"
	"fmt"
	"slices"
)

func (p *Patch) checkRedirects() error {
	used := make(map[uint32]bool)
	bodies := make([]span, 0, len(p.Redirects))
	for i, r := range p.Redirects {
		if uint64(r.Func) >= uint64(len(p.Funcs)) {
			return fmt.Errorf("redirect %d leads to function %d of %d", i, r.Func, len(p.Funcs))
		}
		name := p.Funcs[r.Func].Name
		switch {
		case used[r.Func]:
			return fmt.Errorf("two redirects lead to function %.80q", name)
		case r.Addr%jumpWord != 0 || r.Size == 0 || !p.inText(r.Addr, max(r.Size, jumpWord)):
			return fmt.Errorf("function %.80q at %#x with %d bytes is not in the program's text, or not aligned to %d", name, r.Addr, r.Size, jumpWord)
		}
		if r.Home != 0 && (r.Home%4 != 0 || !inImage(r.Home, jumpWord, 0, p.Image.TextSize)) {
			return fmt.Errorf("function %.80q: the way back at %#x is not in the text of the image", name, r.Home)
		}
		if err := r.Busy.check(r.Size); err != nil {
			return fmt.Errorf("function %.80q at %#x: %w", name, r.Addr, err)
		}
		if err := checkSpans(r.Endless, r.Size); err != nil {
			return fmt.Errorf("function %.80q at %#x: %w", name, r.Addr, err)
		}
		for _, c := range r.Calls {
			if c == 0 || !p.inText(c-1, callSize) {
				return fmt.Errorf("function %.80q: its call at %#x is outside of the program's text", name, c)
			}
		}
		if r.Name != "" {
			if err := checkString("replaced function", r.Name+r.Flow+string(r.Places)); err != nil {
				return err
			}
		}
		used[r.Func] = true
		bodies = append(bodies, span{r.Addr, max(r.Size, jumpWord), name})
	}
	return checkDisjoint("functions", bodies)
}

func (p *Patch) checkItabs() error {
	var slots []span
	module := p.module()
	for _, t := range p.Itabs {
		if err := checkString("interface table", t.Name); err != nil {
			return err
		}
		for _, ref := range []Ref{t.Inter, t.Type} {
			if err := p.checkRef(ref); err != nil {
				return fmt.Errorf("interface table %.80q: %w", t.Name, err)
			}
		}
		for _, off := range t.Slots {
			if off%8 != 0 || !inImage(off, 8, p.Image.DataOff, p.Image.Size) {
				return fmt.Errorf("interface table %.80q: slot %#x is not in the data part of the image, which starts at %#x", t.Name, off, p.Image.DataOff)
			}
			if module.meets(off, 8) {
				return fmt.Errorf("interface table %.80q: slot %#x lies in the module data", t.Name, off)
			}
			if p.relocated(off, 8) {
				return fmt.Errorf("interface table %.80q: slot %#x is relocated as well", t.Name, off)
			}
			slots = append(slots, span{off, 8, t.Name})
		}
	}
	return checkDisjoint("slots of interface tables", slots)
}

func (p *Patch) checkFills() error {
	words := make([]span, 0, len(p.Fills))
	for _, f := range p.Fills {
		if err := checkString("fill", f.Name); err != nil {
			return err
		}
		if err := p.checkRef(f.To); err != nil {
			return fmt.Errorf("fill %.80q: %w", f.Name, err)
		}
		switch {
		case f.Size == 4 && f.Base != 0 && f.Base < maxAddress && f.Old <= 1<<32-1:
		case f.Size == 8 && f.Base == 0:
		default:
			return fmt.Errorf("fill %.80q has size %d, base %#x and old value %#x", f.Name, f.Size, f.Base, f.Old)
		}
		if f.Addr%uint64(f.Size) != 0 || !p.hostData(f.Addr, uint64(f.Size)) {
			return fmt.Errorf("fill %.80q at %#x can't be data of the program", f.Name, f.Addr)
		}
		words = append(words, span{f.Addr, uint64(f.Size), f.Name})
	}
	for _, addr := range p.FilledTypes {
		if addr%8 != 0 || !p.hostData(addr, 8) {
			return fmt.Errorf("filled type at %#x can't be data of the program", addr)
		}
	}
	return checkDisjoint("fills", words)
}

func (p *Patch) checkRef(r Ref) error {
	switch {
	case r.Kind == "host" && r.Value > 0 && r.Value < maxAddress:
	case r.Kind == "image" && r.Value < p.Image.Size:
	case r.Kind == "symbol" && r.Value < uint64(len(p.Symbols)):
	default:
		return fmt.Errorf("reference to %.20q %#x leads nowhere", r.Kind, r.Value)
	}
	return nil
}

// relocated says whether a relocation changes any of the size bytes at the image offset off.
// Relocs must be ordered and disjoint.
func (p *Patch) relocated(off, size uint64) bool {
	i, _ := slices.BinarySearchFunc(p.Relocs, off, func(r Reloc, off uint64) int {
		if uint64(r.Off)+uint64(r.Kind.Size()) <= off {
			return -1
		}
		return 1
	})
	return i < len(p.Relocs) && uint64(p.Relocs[i].Off) < off+size
}

// span is a piece of memory that belongs to something with a name.
type span struct {
	start, size uint64
	name        string
}

// end is the offset behind s.
func (s span) end() uint64 { return s.start + s.size }

// meets says whether any of the size bytes at off are in s.
func (s span) meets(off, size uint64) bool { return off < s.end() && s.start < off+size }

// checkDisjoint reports two spans that overlap. It reorders spans.
func checkDisjoint(what string, spans []span) error {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(spans); i++ {
		if a, b := spans[i-1], spans[i]; b.start-a.start < a.size {
			return fmt.Errorf("%s %.80q at %#x and %.80q at %#x overlap", what, a.name, a.start, b.name, b.start)
		}
	}
	return nil
}
