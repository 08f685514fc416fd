package release

import (
	"bytes"
	"debug/elf"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// foreign holds the machine code that cgo's C compiler made, from the ELF members of archives.
type foreign struct {
	code map[string][]relocatable
}

type relocatable struct {
	code   []byte
	holes  []int // offsets of 4-byte relocations
	exact8 []int // offsets of 8-byte relocations
	// cut is for code that ends where another symbol stands in the middle of the function.
	cut bool
}

func newForeign(set *goobj.Set) *foreign {
	f := &foreign{code: map[string][]relocatable{}}
	for _, members := range set.Foreign {
		for _, m := range members {
			f.add(m.Data)
		}
	}
	return f
}

// add enters the functions of one object; a member that is not ELF has none.
func (f *foreign) add(b []byte) {
	e, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return
	}
	syms, err := e.Symbols()
	if err != nil {
		return
	}
	data, holes, wide := map[int][]byte{}, map[int][]int{}, map[int][]int{}
	for i, s := range e.Sections {
		switch {
		case s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_EXECINSTR != 0:
			data[i], _ = s.Data()
		case s.Type == elf.SHT_RELA:
			r, _ := s.Data()
			for ; len(r) >= 24; r = r[24:] {
				off, typ := int(le.Uint64(r)), elf.R_X86_64(le.Uint64(r[8:])&0xffffffff)
				if typ == elf.R_X86_64_64 {
					wide[int(s.Info)] = append(wide[int(s.Info)], off)
				} else {
					holes[int(s.Info)] = append(holes[int(s.Info)], off)
				}
			}
		}
	}
	starts := startsOf(syms)
	for _, s := range syms {
		i := int(s.Section)
		d := data[i]
		if s.Size == 0 {
			s.Size = starts.extent(s, uint64(len(d)))
		}
		if elf.ST_TYPE(s.Info) == elf.STT_SECTION || s.Size == 0 || s.Size > uint64(len(d)) || s.Value > uint64(len(d))-s.Size {
			continue
		}
		f.code[s.Name] = append(f.code[s.Name], cut(d, holes[i], wide[i], int(s.Value), int(s.Size)))
		if n := starts.extent(s, s.Value+s.Size); n < s.Size {
			first := cut(d, holes[i], wide[i], int(s.Value), int(n))
			first.cut = true
			f.code[s.Name] = append(f.code[s.Name], first)
		}
	}
}

// starts are where symbols stand, by section and in order.
type starts map[elf.SectionIndex][]uint64

func startsOf(syms []elf.Symbol) starts {
	out := starts{}
	for _, s := range syms {
		out[s.Section] = append(out[s.Section], s.Value)
	}
	for _, values := range out {
		slices.Sort(values)
	}
	return out
}

// extent is how far it is from a symbol to the next one of its section, or to end. Assembly need not tell sizes.
func (x starts) extent(s elf.Symbol, end uint64) uint64 {
	values := x[s.Section]
	if i, _ := slices.BinarySearch(values, s.Value+1); i < len(values) {
		end = min(end, values[i])
	}
	if s.Value > end {
		return 0
	}
	return end - s.Value
}

func cut(d []byte, holes, wide []int, lo, n int) relocatable {
	r := relocatable{code: d[lo : lo+n]}
	for _, h := range holes {
		if h >= lo && h <= lo+n-4 {
			r.holes = append(r.holes, h-lo)
		}
	}
	for _, h := range wide {
		if h >= lo && h <= lo+n-8 {
			r.exact8 = append(r.exact8, h-lo)
		}
	}
	return r
}

// rewritten is how far before a relocation the linker may rewrite an instruction that loads an
// address from the global offset table into one that computes it.
const rewritten = 2

// has reports whether the function of that name is code.
func (f *foreign) has(name string, code []byte) bool {
	for _, r := range f.code[name] {
		if r.cut && len(code) != len(r.code) {
			continue
		}
		if len(code) >= len(r.code) && r.equal(code[:len(r.code)]) {
			return true
		}
	}
	return false
}

func (r relocatable) equal(code []byte) bool {
	a, b := bytes.Clone(r.code), bytes.Clone(code)
	mask := func(lo, n int) {
		lo = max(lo, 0)
		clear(a[lo : lo+n])
		clear(b[lo : lo+n])
	}
	for _, h := range r.holes {
		lo := max(h-rewritten, 0)
		mask(lo, h+4-lo)
	}
	for _, h := range r.exact8 {
		mask(h, 8)
	}
	return bytes.Equal(a, b)
}
