package image

import (
	"errors"
	"fmt"
	"sort"
)

// readModule finds runtime.firstmoduledata, which has a section of its own from Go 1.26 on, and reads its words. Before,
// the symbol table says where it is, as long as there is one.
func (f *File) readModule() error {
	size := f.Layout["runtime.moduledata"]
	s := f.section(".go.module")
	switch {
	case s != nil:
		f.ModuleAddr = s.lo
	case f.Symbols["runtime.firstmoduledata"] != 0:
		f.ModuleAddr = f.Symbols["runtime.firstmoduledata"]
	default:
		if f.ModuleAddr = f.searchModule(); f.ModuleAddr == 0 {
			return errors.New("the module data of the program was not found")
		}
	}
	b := f.Bytes(f.ModuleAddr, int(size))
	if b == nil {
		return errors.New("the module data of the program is not initialised")
	}
	f.Module = map[string]uint64{}
	const prefix = "runtime.moduledata."
	for name, off := range f.Layout {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix && size >= 8 && off <= size-8 {
			f.Module[name[len(prefix):]] = le.Uint64(b[off:])
		}
	}
	return nil
}

const (
	pclntabMagic  = 0xfffffff1
	pclntabHeader = 72 // bytes
	maxFuncs      = 1 << 28
)

// searchModule finds the module data of a stripped program by its content: it points to the header of the function
// table, and agrees with that on where its parts are and how many functions there are. 0 is none, or more than one.
func (f *File) searchModule() uint64 {
	const word = 8
	at := func(module uint64, field string) uint64 {
		if b := f.Bytes(module+f.Layout["runtime.moduledata."+field], word); b != nil {
			return le.Uint64(b)
		}
		return 0
	}
	found := uint64(0)
	for i := range f.sections {
		s := &f.sections[i]
		if !s.writable {
			continue
		}
		for off := -s.lo % word; off+word <= uint64(len(s.data)); off += word {
			module, table := s.lo+off, le.Uint64(s.data[off:])
			header := f.Bytes(table, pclntabHeader)
			if header == nil || le.Uint32(header) != pclntabMagic || at(module, "pcHeader") != table ||
				at(module, "funcnametab") != table+le.Uint64(header[32:]) || at(module, "pclntable") != table+le.Uint64(header[64:]) ||
				f.funcCount(module) != le.Uint64(header[8:])+1 {
				continue
			}
			if found != 0 {
				return 0
			}
			found = module
		}
	}
	return found
}

// LastModule finds the variable runtime.lastmoduledatap, to which no code refers in some releases: the linker puts it among the data
// without pointers to the heap, as the one word there that holds the address of the module data. 0 is none, or more than one.
func (f *File) LastModule() uint64 {
	const word = 8
	lo, hi := f.Module["noptrdata"], f.Module["enoptrdata"]
	if hi < lo || hi-lo > 1<<31 {
		return 0
	}
	data := f.Bytes(lo, int(hi-lo))
	found := uint64(0)
	for off := -lo % word; off+word <= uint64(len(data)); off += word {
		if le.Uint64(data[off:]) != f.ModuleAddr {
			continue
		}
		if found != 0 {
			return 0
		}
		found = lo + off
	}
	return found
}

// funcCount is the length of the table of functions of a module, its end included.
func (f *File) funcCount(module uint64) uint64 {
	if b := f.Bytes(module+f.Layout["runtime.moduledata.ftab"]+8, 8); b != nil {
		return le.Uint64(b)
	}
	return 0
}

// readFuncs reads the function table that the module data points to.
func (f *File) readFuncs() error {
	header := f.Bytes(f.Module["pcHeader"], pclntabHeader)
	if header == nil || le.Uint32(header) != pclntabMagic {
		return errors.New("the function table has an unknown format")
	}
	n := int(le.Uint64(header[8:]))
	if n < 0 || n > maxFuncs {
		return fmt.Errorf("the function table says %d functions", n)
	}
	if f.funcCount(f.ModuleAddr) != uint64(n)+1 {
		return fmt.Errorf("the function table says %d functions, the module data another number", n)
	}
	ftab := f.Bytes(f.Module["ftab"], n*8+4)
	if ftab == nil {
		return errors.New("the function table lies outside of the program")
	}
	f.Funcs = make([]Func, n)
	for i := range f.Funcs {
		entry, at := le.Uint32(ftab[8*i:]), le.Uint32(ftab[8*i+4:])
		fn := f.Bytes(f.Module["pclntable"]+uint64(at), 8)
		if fn == nil {
			return fmt.Errorf("function %d lies outside of the function table", i)
		}
		name := f.cstringAt(f.Module["funcnametab"] + uint64(le.Uint32(fn[4:])))
		f.Funcs[i] = Func{Name: name, Entry: f.Text() + uint64(entry), End: f.Text() + uint64(le.Uint32(ftab[8*i+8:]))}
	}
	if !sort.SliceIsSorted(f.Funcs, func(i, j int) bool { return f.Funcs[i].Entry < f.Funcs[j].Entry }) {
		return errors.New("the function table is not in order")
	}
	return nil
}

func (f *File) cstringAt(addr uint64) string {
	for i := range f.sections {
		if s := &f.sections[i]; addr >= s.lo && addr < s.lo+uint64(len(s.data)) {
			return cstring(s.data[addr-s.lo:])
		}
	}
	return ""
}

// FuncAt is the function whose body holds pc, or nil.
func (f *File) FuncAt(pc uint64) *Func {
	i := sort.Search(len(f.Funcs), func(i int) bool { return f.Funcs[i].Entry > pc }) - 1
	if i < 0 || pc >= f.Funcs[i].End {
		return nil
	}
	return &f.Funcs[i]
}
