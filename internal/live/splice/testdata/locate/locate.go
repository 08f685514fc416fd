// Package locate finds the runtime and the functions of the test program that it is linked into, from the
// program's own symbol table and debugging information.
package locate

import (
	"debug/dwarf"
	"debug/elf"
	"errors"
	"fmt"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Program is the running program.
type Program struct {
	Runtime     patch.Runtime
	Text, Etext uint64
	symbols     map[string]elf.Symbol
	bias        uint64 // of a position-independent program
}

var funcs = []string{
	"runtime.stopTheWorld", "runtime.startTheWorld", "runtime.forEachGRace", "runtime.asyncPreempt2", "runtime.modulesinit",
	"runtime.getitab", "runtime.itabInit", "runtime.lock2", "runtime.unlock2", "runtime.unreachableMethod",
}

var vars = []string{"runtime.firstmoduledata", "runtime.lastmoduledatap", "runtime.modulesSlice", "runtime.itabTable", "runtime.itabLock"}

var structs = map[string]bool{"runtime.moduledata": true, "runtime.g": true, "runtime.gobuf": true}

// Self reads the running program.
func Self() (*Program, error) {
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	p := &Program{symbols: map[string]elf.Symbol{}}
	all, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		p.symbols[s.Name] = s
	}
	self := Self
	p.bias = uint64(**(**uintptr)(unsafe.Pointer(&self))) - p.symbols["github.com/gosplice/gosplice/internal/live/splice/testdata/locate.Self"].Value
	p.Runtime = patch.Runtime{Func: map[string]uint64{}, Var: map[string]uint64{}, Offset: map[string]uint64{}}
	for _, name := range funcs {
		p.Runtime.Func[name] = p.Addr(name)
	}
	for _, name := range vars {
		p.Runtime.Var[name] = p.Addr(name)
	}
	p.Text, p.Etext = p.Addr("runtime.text"), p.Addr("runtime.etext")
	d, err := f.DWARF()
	if err != nil {
		return nil, err
	}
	return p, offsets(d, p.Runtime.Offset)
}

// offsets fills in "struct" sizes and "struct.field" offsets.
func offsets(d *dwarf.Data, to map[string]uint64) error {
	found := 0
	for r := d.Reader(); found < len(structs); {
		e, err := r.Next()
		if err != nil {
			return err
		}
		if e == nil {
			return errors.New("the debugging information lacks the runtime's structures")
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		if e.Tag != dwarf.TagStructType || !structs[name] {
			continue
		}
		t, err := d.Type(e.Offset)
		if err != nil {
			return err
		}
		s := t.(*dwarf.StructType)
		to[name] = uint64(s.ByteSize)
		for _, f := range s.Field {
			to[name+"."+f.Name] = uint64(f.ByteOffset)
		}
		found++
	}
	return nil
}

// Addr is the address of a symbol. It panics when there is none.
func (p *Program) Addr(name string) uint64 { return p.symbol(name).Value + p.bias }

// Body is the range of a function.
func (p *Program) Body(name string) splice.Range {
	s := p.symbol(name)
	return splice.Range{Lo: s.Value + p.bias, Hi: s.Value + p.bias + s.Size}
}

func (p *Program) symbol(name string) elf.Symbol {
	s, ok := p.symbols[name]
	if !ok {
		panic("no symbol " + name)
	}
	return s
}

// Arm arms the engine for this program.
func (p *Program) Arm() (*splice.Engine, error) { return splice.Arm(p.Runtime, p.Text, p.Etext) }

// Redirect is the write that makes function from jump to function to.
func (p *Program) Redirect(from, to string) splice.Write {
	body := p.Body(from)
	return Jump(from, body, p.Addr(to))
}

// Jump is the write that makes the function with the given body jump to an address.
func Jump(name string, body splice.Range, to uint64) splice.Write {
	w := splice.Write{Addr: body.Lo, Name: name, Busy: BusyOf(body)}
	w.Old = [8]byte(unsafe.Slice((*byte)(Pointer(body.Lo)), 8))
	w.New = w.Old
	if !putJump(&w.New, body.Lo, to) {
		panic(fmt.Sprintf("%s is too far from %#x", name, to))
	}
	return w
}

// BusyOf is the range in which a goroutine may not be stopped while a jump is written. After a
// stack check nothing jumps back into the first bytes; otherwise anything might.
func BusyOf(body splice.Range) patch.Busy {
	if checksStack(unsafe.Slice((*byte)(Pointer(body.Lo)), 4)) {
		return patch.Busy{Lo: 1, Hi: jumpSize}
	}
	return patch.Busy{Lo: 0, Hi: uint32(body.Hi - body.Lo)}
}

// Back is the write that undoes w.
func Back(w splice.Write) splice.Write {
	w.Old, w.New, w.Busy = w.New, w.Old, patch.Busy{}
	return w
}

// Pointer makes a pointer of an address.
func Pointer(addr uint64) unsafe.Pointer {
	p := uintptr(addr)
	return *(*unsafe.Pointer)(unsafe.Pointer(&p))
}

// Word is the 8 bytes at addr.
func Word(addr uint64) [8]byte { return *(*[8]byte)(Pointer(addr)) }
