package link_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/image"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

var le = binary.LittleEndian

// memory is what a process sees: a program, or an image that was loaded beside it.
type memory struct {
	t      *testing.T
	layout map[string]uint64
	module uint64 // address of the module data
	read   func(addr uint64, n int) []byte
}

func (m *memory) bytes(addr uint64, n int) []byte {
	m.t.Helper()
	b := m.read(addr, n)
	if b == nil {
		m.t.Fatalf("no %d bytes at %#x", n, addr)
	}
	return b
}

func (m *memory) word(addr uint64) uint64 { return le.Uint64(m.bytes(addr, 8)) }

func (m *memory) u32(addr uint64) uint32 { return le.Uint32(m.bytes(addr, 4)) }

// field is a word of the module data.
func (m *memory) field(name string) uint64 {
	m.t.Helper()
	off, ok := m.layout["runtime.moduledata."+name]
	if !ok {
		m.t.Fatalf("no field %s", name)
	}
	return m.word(m.module + off)
}

func (m *memory) cstring(addr uint64) string {
	const chunk = 16
	var out []byte
	for {
		b := m.read(addr, chunk)
		if b == nil {
			b = m.bytes(addr, 1)
		}
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return string(append(out, b[:i]...))
		}
		out = append(out, b...)
		addr += uint64(len(b))
	}
}

func programMemory(t *testing.T, f *image.File) *memory {
	return &memory{t: t, layout: f.Layout, module: f.ModuleAddr, read: f.Bytes}
}

// loadAt is where tests load images, relative to the end of the program.
const loadAt = 1 << 20

// load relocates the image of a patch as the documentation of patch.Reloc says.
func (e *edited) load() (m *memory, base uint64) {
	e.t.Helper()
	base = (e.patch.Image.NearHigh + loadAt) &^ 4095
	b := append(bytes.Clone(e.patch.Image.Bytes), make([]byte, e.patch.Image.Size-uint64(len(e.patch.Image.Bytes)))...)
	for _, r := range e.patch.Relocs {
		at, symbol := b[r.Off:], uint64(0)
		if len(e.patch.Symbols) > 0 {
			symbol = base + e.patch.Symbols[r.Sym].Off
		}
		add := map[patch.RelocKind]uint64{
			patch.AddBase64: base, patch.AddBase32: base, patch.SubBase32: -base,
			patch.AddSym64: symbol, patch.AddSym32: symbol, patch.RelSym32: symbol - base,
		}[r.Kind]
		if r.Kind == patch.AddBase64 || r.Kind == patch.AddSym64 {
			le.PutUint64(at, le.Uint64(at)+add)
			continue
		}
		v := int64(int32(le.Uint32(at))) + int64(add)
		if v != int64(int32(v)) {
			e.t.Errorf("the value %#x at %#x does not fit", v, r.Off)
		}
		le.PutUint32(at, uint32(v))
	}
	read := func(addr uint64, n int) []byte {
		if addr < base {
			return e.host.Bytes(addr, n)
		}
		if addr > base+uint64(len(b)) || uint64(n) > base+uint64(len(b))-addr {
			return nil
		}
		return b[addr-base : addr-base+uint64(n)]
	}
	return &memory{t: e.t, layout: e.record.Runtime.Offset, module: base + e.patch.Image.Moduledata, read: read}, base
}

// imageFunc is a function of the image by name.
func (e *edited) imageFunc(name string) patch.Func {
	e.t.Helper()
	for _, f := range e.patch.Funcs {
		if f.Name == name && f.ABI == 1 {
			return f
		}
	}
	e.t.Fatalf("the image lacks %s", name)
	return patch.Func{}
}
