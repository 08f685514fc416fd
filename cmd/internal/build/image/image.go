// Package image reads a linked Go program: its segments, symbols, function table, module data,
// the layout of the runtime's structures, and its build ID.
package image

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/internal/wire/files"
)

var le = binary.LittleEndian

// File is a linked program. It is not changed after Open and may be used concurrently.
type File struct {
	Path    string
	BuildID string
	// GOARCH is the architecture of the machine code.
	GOARCH string
	// Symbols are the names of the ELF symbol table, nil for a stripped program. The ABI0 variant
	// of a function that has both is named with the suffix ".abi0".
	Symbols map[string]uint64
	// Funcs are the functions of the program's function table by ascending address.
	Funcs []Func
	// Module holds the words of runtime.firstmoduledata by field name.
	Module map[string]uint64
	// ModuleAddr is the address of runtime.firstmoduledata.
	ModuleAddr uint64
	// PositionIndependent programs are loaded anywhere: their addresses are those in the file.
	PositionIndependent bool
	// Layout has byte offsets by "struct.field" and sizes by "struct".
	Layout map[string]uint64

	elf      *elf.File
	sections []section
	moved    []uint64 // places of words that move with the program, ascending
}

type section struct {
	name     string
	lo, hi   uint64
	data     []byte // nil for zeroed memory
	writable bool
}

// Func is an entry of the function table.
type Func struct {
	Name       string
	Entry, End uint64
}

// Open reads a program of a release, which has the layouts of the runtime's structures for programs
// without DWARF.
func Open(path string, release *gorelease.Release) (*File, error) {
	program, _, err := files.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer program.Close()
	return read(program, path, release)
}

func read(program io.ReaderAt, path string, release *gorelease.Release) (*File, error) {
	e, err := elf.NewFile(program)
	if err != nil {
		return nil, fmt.Errorf("%s: not an ELF program: %w", path, err)
	}
	f := &File{Path: path, elf: e}
	for _, step := range []func() error{f.readArch, f.readSections, f.applyRelocations, f.readBuildID, f.readSymbols, func() error { return f.readLayout(release) }, f.readModule, f.readFuncs} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	f.elf = nil
	return f, nil
}

func (f *File) readArch() error {
	switch f.elf.Machine {
	case elf.EM_X86_64:
		f.GOARCH = "amd64"
	case elf.EM_AARCH64:
		f.GOARCH = "arm64"
	default:
		return fmt.Errorf("machine code of %s, which this gosplice does not know", f.elf.Machine)
	}
	return nil
}

func (f *File) readSections() error {
	for _, s := range f.elf.Sections {
		if s.Flags&elf.SHF_ALLOC == 0 || s.Size == 0 || s.Flags&elf.SHF_TLS != 0 {
			continue
		}
		sec := section{name: s.Name, lo: s.Addr, hi: s.Addr + s.Size, writable: s.Flags&elf.SHF_WRITE != 0}
		if s.Type != elf.SHT_NOBITS {
			d, err := s.Data()
			if err != nil {
				return fmt.Errorf("section %s: %w", s.Name, err)
			}
			sec.data = d
		}
		f.sections = append(f.sections, sec)
	}
	return nil
}

func (f *File) section(name string) *section {
	for i := range f.sections {
		if f.sections[i].name == name {
			return &f.sections[i]
		}
	}
	return nil
}

var errNotGo = errors.New("not a Go program, or one made by a linker that gosplice does not know")

const (
	noteHeader  = 12
	goNoteType  = 4
	goNoteOwner = "Go\x00\x00"
)

func (f *File) readBuildID() error {
	s := f.section(".note.go.buildid")
	if s == nil || len(s.data) < noteHeader+len(goNoteOwner) {
		return errNotGo
	}
	owner, size, kind := le.Uint32(s.data), le.Uint32(s.data[4:]), le.Uint32(s.data[8:])
	desc := s.data[noteHeader:]
	if owner != 4 || kind != goNoteType || !bytes.HasPrefix(desc, []byte(goNoteOwner)) || int(size) > len(desc)-4 {
		return errNotGo
	}
	f.BuildID = string(desc[4 : 4+size])
	return nil
}

func (f *File) readSymbols() error {
	syms, err := f.elf.Symbols()
	if errors.Is(err, elf.ErrNoSymbols) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("symbol table: %w", err)
	}
	f.Symbols = make(map[string]uint64, len(syms))
	for _, s := range syms {
		if s.Name != "" && elf.ST_TYPE(s.Info) != elf.STT_SECTION && elf.ST_TYPE(s.Info) != elf.STT_FILE {
			f.Symbols[s.Name] = s.Value
		}
	}
	return nil
}

// Bytes are n bytes of initialised memory at addr, or nil. They must not be changed.
func (f *File) Bytes(addr uint64, n int) []byte {
	for i := range f.sections {
		s := &f.sections[i]
		if addr >= s.lo && addr < s.hi {
			off, have := addr-s.lo, uint64(len(s.data))
			if s.data == nil || n < 0 || off > have || uint64(n) > have-off {
				return nil
			}
			return s.data[off : off+uint64(n)]
		}
	}
	return nil
}

// Writable reports whether addr lies in memory that the program may write.
func (f *File) Writable(addr uint64) bool {
	for i := range f.sections {
		if s := &f.sections[i]; addr >= s.lo && addr < s.hi {
			return s.writable
		}
	}
	return false
}

// Contains reports whether addr lies in the program's memory; the end of a section counts.
func (f *File) Contains(addr uint64) bool {
	for i := range f.sections {
		if s := &f.sections[i]; addr >= s.lo && addr <= s.hi {
			return true
		}
	}
	return false
}

// End is the end of the program's memory.
func (f *File) End() uint64 {
	var end uint64
	for i := range f.sections {
		end = max(end, f.sections[i].hi)
	}
	return end
}

// Text and Etext bound the Go machine code.
func (f *File) Text() uint64  { return f.Module["text"] }
func (f *File) Etext() uint64 { return f.Module["etext"] }

// maxName bounds names, so that damaged tables don't fill the memory with copies of everything.
const maxName = 1 << 16

func cstring(b []byte) string {
	b = b[:min(len(b), maxName)]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
