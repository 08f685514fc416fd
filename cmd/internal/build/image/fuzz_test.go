package image

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// FuzzOpen reads damaged programs. It starts from the smallest one that is accepted, so that every
// change hits something.
func FuzzOpen(f *testing.F) {
	program := smallestProgram(f)
	f.Add(program)
	for _, n := range []int{0, 16, 63, 64, len(program) / 2, len(program) - 1} {
		f.Add(program[:n])
	}
	for at := 0; at+8 <= len(program); at += 24 {
		damaged := bytes.Clone(program)
		copy(damaged[at:], strings.Repeat("\xff", 8))
		f.Add(damaged)
	}
	f.Fuzz(func(t *testing.T, program []byte) {
		if file, err := read(bytes.NewReader(program), "program", goRelease(t)); err == nil {
			use(file)
		}
	})
}

func TestSmallestProgram(t *testing.T) {
	f, err := read(bytes.NewReader(smallestProgram(t)), "program", goRelease(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Funcs) != 2 || f.Funcs[1] != (Func{"main.main", textAddr + 16, textAddr + 32}) {
		t.Errorf("functions %v", f.Funcs)
	}
	if f.BuildID != "build" || f.Symbols["main.main"] != textAddr+16 || f.Etext() != textAddr+32 {
		t.Errorf("build ID %q, symbols %v, text up to %#x", f.BuildID, f.Symbols, f.Etext())
	}
}

// use calls what others call with a program that was accepted.
func use(f *File) {
	for _, fn := range f.Funcs {
		f.Bytes(fn.Entry, int(fn.End-fn.Entry))
		f.FuncAt(fn.Entry)
	}
	f.Bytes(f.Text(), int(f.Etext()-f.Text()))
	f.Contains(f.End())
	f.Writable(f.ModuleAddr)
}

const (
	textAddr   = 0x1000
	noteAddr   = 0x2000
	pclnAddr   = 0x3000
	moduleAddr = 0x4000
)

// smallestProgram is an ELF file with two functions and everything that Open looks for.
func smallestProgram(t testing.TB) []byte {
	layout, err := goRelease(t).Layout("amd64")
	if err != nil {
		t.Fatal(err)
	}
	names := "\x00runtime.text\x00main.main\x00"
	pcln := binary.LittleEndian.AppendUint64(nil, pclntabMagic)
	pcln = append(binary.LittleEndian.AppendUint64(pcln, 2), make([]byte, 56)...)
	namesAt := len(pcln)
	pcln = append(pcln, names...)
	ftabAt := len(pcln)
	for _, v := range []uint32{0, 20, 16, 28, 32, 0, 1, 16, 14} { // two entries, the end, two functions
		pcln = binary.LittleEndian.AppendUint32(pcln, v)
	}
	module := make([]byte, layout["runtime.moduledata"])
	for field, v := range map[string]uint64{
		"pcHeader": pclnAddr, "funcnametab": pclnAddr + uint64(namesAt), "ftab": pclnAddr + uint64(ftabAt),
		"pclntable": pclnAddr + uint64(ftabAt), "text": textAddr, "etext": textAddr + 32,
	} {
		binary.LittleEndian.PutUint64(module[layout["runtime.moduledata."+field]:], v)
	}
	binary.LittleEndian.PutUint64(module[layout["runtime.moduledata.ftab"]+8:], 3)

	symbols := append(make([]byte, 24), elfSymbol(1, textAddr+16)...)
	e := &elfFile{}
	e.section("", 0, 0, 0, nil, 0, 0)
	e.section(".text", 1, 6, textAddr, bytes.Repeat([]byte{0xc3}, 32), 0, 0)
	e.section(".note.go.buildid", 7, 2, noteAddr, []byte("\x04\x00\x00\x00\x05\x00\x00\x00\x04\x00\x00\x00Go\x00\x00build\x00\x00\x00"), 0, 0)
	e.section(".gopclntab", 1, 2, pclnAddr, pcln, 0, 0)
	e.section(".go.module", 1, 3, moduleAddr, module, 0, 0)
	e.section(".symtab", 2, 0, 0, symbols, 6, 24)
	e.section(".strtab", 3, 0, 0, []byte("\x00main.main\x00"), 0, 0)
	return e.bytes()
}

func elfSymbol(name uint32, value uint64) []byte {
	b := binary.LittleEndian.AppendUint32(nil, name)
	b = append(b, 0x12, 0, 1, 0) // a global function in section 1
	b = binary.LittleEndian.AppendUint64(b, value)
	return binary.LittleEndian.AppendUint64(b, 16)
}

// elfFile builds an ELF file from sections.
type elfFile struct {
	content, headers, names bytes.Buffer
	count                   int
}

const elfHeaderSize = 64

func (e *elfFile) section(name string, kind uint32, flags, addr uint64, data []byte, link uint32, entry uint64) {
	words := func(v ...any) {
		for _, x := range v {
			binary.Write(&e.headers, binary.LittleEndian, x)
		}
	}
	words(uint32(e.names.Len()), kind, flags, addr, uint64(elfHeaderSize+e.content.Len()), uint64(len(data)), link, uint32(0), uint64(1), entry)
	e.names.WriteString(name + "\x00")
	e.content.Write(data)
	e.count++
}

func (e *elfFile) bytes() []byte {
	names := e.names.String() + ".shstrtab\x00"
	e.section(".shstrtab", 3, 0, 0, []byte(names), 0, 0)
	b := bytes.NewBufferString("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	for _, v := range []any{
		uint16(2), uint16(62), uint32(1), uint64(textAddr), uint64(0), uint64(elfHeaderSize + e.content.Len()),
		uint32(0), uint16(elfHeaderSize), uint16(56), uint16(0), uint16(64), uint16(e.count), uint16(e.count - 1),
	} {
		binary.Write(b, binary.LittleEndian, v)
	}
	b.Write(e.content.Bytes())
	b.Write(e.headers.Bytes())
	return b.Bytes()
}
