package image

import (
	"debug/elf"
	"errors"
	"fmt"
	"slices"
)

const relaSize = 24

// applyRelocations gives the memory of a position-independent program the content that it has when it is loaded
// at the addresses in its file. Some linkers leave words empty that the dynamic linker fills in.
func (f *File) applyRelocations() error {
	f.PositionIndependent = f.elf.Type == elf.ET_DYN
	if !f.PositionIndependent {
		return nil
	}
	if changesText(f.elf) {
		return errors.New("the program's code is changed when it is loaded (DT_TEXTREL), so it can't be compared with the compiled objects: link it without text relocations")
	}
	symbols, err := f.elf.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return fmt.Errorf("dynamic symbols: %w", err)
	}
	for _, s := range f.elf.Sections {
		if s.Type != elf.SHT_RELA && s.Type != shtRelr || s.Flags&elf.SHF_ALLOC == 0 {
			continue
		}
		table, err := s.Data()
		if err != nil {
			return fmt.Errorf("section %s: %w", s.Name, err)
		}
		if s.Type == shtRelr {
			f.movePacked(table)
			continue
		}
		for ; len(table) >= relaSize; table = table[relaSize:] {
			if err := f.applyRelocation(le.Uint64(table), le.Uint64(table[8:]), le.Uint64(table[16:]), symbols); err != nil {
				return fmt.Errorf("section %s: %w", s.Name, err)
			}
		}
	}
	slices.Sort(f.moved)
	return nil
}

// shtRelr is the type of sections with packed relocations, which debug/elf does not name.
const shtRelr elf.SectionType = 19

// movePacked notes the words that a table of packed relocations names. An even entry is the place of a word, an odd one a bit
// for each of the 63 words that follow. The words hold their content already.
func (f *File) movePacked(table []byte) {
	const word, bits = 8, 63
	next := uint64(0)
	for ; len(table) >= word; table = table[word:] {
		entry := le.Uint64(table)
		if entry&1 == 0 {
			f.moved = append(f.moved, entry)
			next = entry + word
			continue
		}
		for i := uint64(0); i < bits; i++ {
			if entry>>(i+1)&1 != 0 {
				f.moved = append(f.moved, next+i*word)
			}
		}
		next += bits * word
	}
}

// Moves reports whether the word at addr holds an address that moves with the program when that is loaded elsewhere. In a
// program that is never moved every word does.
func (f *File) Moves(addr uint64) bool {
	if !f.PositionIndependent {
		return true
	}
	_, ok := slices.BinarySearch(f.moved, addr)
	return ok
}

// changesText reports a program whose dynamic linker writes into read-only parts.
func changesText(e *elf.File) bool {
	if v, err := e.DynValue(elf.DT_TEXTREL); err == nil && len(v) > 0 {
		return true
	}
	flags, err := e.DynValue(elf.DT_FLAGS)
	return err == nil && len(flags) > 0 && elf.DynFlag(flags[0])&elf.DF_TEXTREL != 0
}

// threadLocal reports whether a place lies in what each thread gets a copy of, of which Go objects have nothing.
func (f *File) threadLocal(place uint64) bool {
	for _, p := range f.elf.Progs {
		if p.Type == elf.PT_TLS && place >= p.Vaddr && place-p.Vaddr < p.Filesz {
			return true
		}
	}
	return false
}

// dynamicKinds are the relocations of dynamic linkers that write addresses: of a place in the program, of a symbol with an
// addend, and of a symbol into a table.
var dynamicKinds = map[elf.Machine]struct{ relative, absolute, data, jump uint32 }{
	elf.EM_X86_64:  {uint32(elf.R_X86_64_RELATIVE), uint32(elf.R_X86_64_64), uint32(elf.R_X86_64_GLOB_DAT), uint32(elf.R_X86_64_JMP_SLOT)},
	elf.EM_AARCH64: {uint32(elf.R_AARCH64_RELATIVE), uint32(elf.R_AARCH64_ABS64), uint32(elf.R_AARCH64_GLOB_DAT), uint32(elf.R_AARCH64_JUMP_SLOT)},
}

// applyRelocation writes the word at a place. What depends on libraries or on the thread is not known here, and
// no Go object refers to it.
func (f *File) applyRelocation(place, info, addend uint64, symbols []elf.Symbol) error {
	var value uint64
	kinds := dynamicKinds[f.elf.Machine]
	switch typ, index := uint32(info), info>>32; typ {
	case kinds.relative:
		value = addend
	case kinds.absolute, kinds.data, kinds.jump:
		if index == 0 || index > uint64(len(symbols)) {
			return fmt.Errorf("the relocation of %#x refers to symbol %d of %d", place, index, len(symbols))
		}
		s := &symbols[index-1]
		if s.Section == elf.SHN_UNDEF {
			return nil
		}
		if value = s.Value; typ == kinds.absolute {
			value += addend
		}
	default:
		return nil
	}
	if f.threadLocal(place) {
		return nil
	}
	word := f.Bytes(place, 8)
	if word == nil {
		return fmt.Errorf("the relocation of %#x lies outside of the program's initialised memory", place)
	}
	le.PutUint64(word, value)
	f.moved = append(f.moved, place)
	return nil
}
