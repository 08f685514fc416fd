package patch

import (
	"cmp"
	"fmt"
	"slices"
)

// checkPlaces compares all places of the image that the agent or a relocation reads or writes: each lies in the content of
// its part, and what is written for one purpose is written for no other.
func (p *Patch) checkPlaces() error {
	parts := p.Image.Parts()
	text, rodata, data := parts[0], parts[1], parts[2]
	for _, f := range p.Funcs {
		if !within(f.Off, f.Size, text) {
			return fmt.Errorf("function %.80q at %#x with %d bytes lies behind the content of the text, which ends at %#x", f.Name, f.Off, f.Size, text[1])
		}
	}
	if m := p.module(); !within(m.start, m.size, data) {
		return fmt.Errorf("module data at %#x with %d bytes lies behind the content of the data, which ends at %#x", m.start, m.size, data[1])
	}
	for _, s := range p.Symbols {
		if !within(s.Off, s.Size, data) && (s.Kind == "var" || !within(s.Off, s.Size, rodata)) {
			return fmt.Errorf("%s %.80q at %#x with %d bytes lies behind the content of its part", s.Kind, s.Name, s.Off, s.Size)
		}
	}
	for i, r := range p.Relocs {
		size := uint64(r.Kind.Size())
		if !slices.ContainsFunc(parts[:], func(part [2]uint64) bool { return within(uint64(r.Off), size, part) }) {
			return fmt.Errorf("relocation %d at %#x lies between the contents of two parts", i, r.Off)
		}
	}
	if err := p.checkAlignment(parts); err != nil {
		return err
	}
	filled := p.filled()
	for _, s := range slices.Concat(filled, p.slots(), p.newMethods()) {
		if !within(s.start, s.size, data) {
			return fmt.Errorf("%s at %#x with %d bytes lies behind the content of the data, which ends at %#x", s.name, s.start, s.size, data[1])
		}
	}
	empty := slices.Concat(filled, p.slots())
	for _, at := range p.MethodUses.ImageCaches { // these lead to an empty cache at first
		filled = append(filled, span{at, 8, "word of a type assertion"})
		if !within(at, 8, data) {
			return fmt.Errorf("word of a type assertion at %#x lies behind the content of the data, which ends at %#x", at, data[1])
		}
	}
	if err := p.checkApart(filled); err != nil {
		return err
	}
	return p.checkEmpty(empty) // places that are apart have no more bytes than the image
}

// checkAlignment reports content between the parts, which nobody copies.
func (p *Patch) checkAlignment(parts [3][2]uint64) error {
	have := uint64(len(p.Image.Bytes))
	for i, part := range parts {
		next := have
		if i+1 < len(parts) {
			next = min(parts[i+1][0], have)
		}
		for at := part[1]; at < next; at++ {
			if p.Image.Bytes[at] != 0 {
				return fmt.Errorf("there is content at %#x, between the parts of the image, the one before ends at %#x", at, part[1])
			}
		}
	}
	return nil
}

// checkApart reports two places that overlap. A variable may hold interfaces, so slots are in variables or beside them.
func (p *Patch) checkApart(filled []span) error {
	fixed := append(p.newMethods(), p.module())
	slots := p.slots()
	if err := checkDisjoint("places", slices.Concat(fixed, filled, slots)); err != nil {
		return err
	}
	var symbols []span
	for _, s := range p.Symbols {
		if s.Size > 0 {
			symbols = append(symbols, span{s.Off, s.Size, s.Kind + " " + s.Name})
		}
	}
	if err := checkDisjoint("places", slices.Concat(symbols, fixed, filled)); err != nil {
		return err
	}
	slices.SortFunc(symbols, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	for _, slot := range slots {
		// The first symbol that ends behind the start of the slot.
		i, _ := slices.BinarySearchFunc(symbols, slot.start, func(s span, at uint64) int { return cmp.Compare(s.start+s.size-1, at) })
		if i < len(symbols) && symbols[i].start < slot.start+slot.size && (slot.start < symbols[i].start || symbols[i].start+symbols[i].size < slot.start+slot.size) {
			return fmt.Errorf("%s at %#x and %s at %#x overlap", slot.name, slot.start, symbols[i].name, symbols[i].start)
		}
	}
	return nil
}

// newMethods are what is copied into method tables.
func (p *Patch) newMethods() (list []span) {
	for _, t := range p.MethodTables {
		list = append(list, span{t.New, methodSize * uint64(t.Count), "new methods of " + t.Name})
	}
	return list
}

// slots are the words that lead to interface tables.
func (p *Patch) slots() (list []span) {
	for _, t := range p.Itabs {
		for _, at := range t.Slots {
			list = append(list, span{at, 8, "slot of interface table " + t.Name})
		}
	}
	return list
}

// filled are the places that the agent, or code of the patch which it calls, fills in after the image was loaded.
func (p *Patch) filled() (list []span) {
	const word = 8
	for _, t := range p.MethodTables {
		list = append(list, span{t.Table, methodSize * uint64(t.Room), "method table of " + t.Name})
	}
	for _, r := range p.Resets {
		list = append(list, span{r.Swap, word, "swap of " + r.Name})
	}
	return list
}

// checkEmpty reports a place to be filled in that has something in it before.
func (p *Patch) checkEmpty(filled []span) error {
	for _, s := range filled {
		if s.start < uint64(len(p.Image.Bytes)) {
			content := p.Image.Bytes[s.start:min(s.start+s.size, uint64(len(p.Image.Bytes)))]
			if slices.ContainsFunc(content, func(b byte) bool { return b != 0 }) {
				return fmt.Errorf("%s at %#x is not empty", s.name, s.start)
			}
		}
		// Relocations are in order and apart.
		i, _ := slices.BinarySearchFunc(p.Relocs, s.start, func(r Reloc, at uint64) int {
			if uint64(r.Off)+uint64(r.Kind.Size()) <= at {
				return -1
			}
			return 1
		})
		if i < len(p.Relocs) && uint64(p.Relocs[i].Off) < s.start+s.size {
			return fmt.Errorf("%s at %#x is changed by relocation %d", s.name, s.start, i)
		}
	}
	return nil
}

// within says whether the size bytes at off are in a part. Nothing is anywhere.
func within(off, size uint64, part [2]uint64) bool {
	return size == 0 || inImage(off, size, part[0], part[1])
}
