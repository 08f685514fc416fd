package image

import (
	"bytes"
	"debug/elf"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// TestPositionIndependent compares the words of a program that Go's linker fills in with the same after they were taken out,
// as linkers of other systems leave them.
func TestPositionIndependent(t *testing.T) {
	f := openProgram(t, testprogram.Build{Dir: testprogram.Write(t, tinyProgram), Args: []string{"-buildmode=pie"}})
	if !f.PositionIndependent {
		t.Error("the program is said to have a fixed place")
	}
	e, err := elf.Open(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	moved := 0
	for _, s := range f.sections {
		section := e.Section(s.name)
		if s.data == nil || section == nil {
			continue
		}
		inFile, err := section.Data()
		if err != nil {
			t.Fatal(err)
		}
		if s.name == ".text" && !bytes.Equal(s.data, inFile) {
			t.Error("the code was changed")
		}
	}
	table, err := e.Section(".rela").Data()
	if err != nil {
		t.Fatal(err)
	}
	for ; len(table) > 0; table = table[relaSize:] {
		if elf.R_X86_64(le.Uint64(table[8:])) != elf.R_X86_64_RELATIVE {
			continue
		}
		word := f.Bytes(le.Uint64(table), 8)
		if have := le.Uint64(word); have != le.Uint64(table[16:]) {
			t.Fatalf("the word at %#x is %#x", le.Uint64(table), have)
		}
		clear(word)
		moved++
	}
	if moved == 0 {
		t.Fatal("nothing in the program depends on where it is")
	}
	f.elf, f.moved = e, nil
	if err := f.applyRelocations(); err != nil {
		t.Fatal(err)
	}
	if err := f.readModule(); err != nil {
		t.Fatal(err)
	}
	if err := f.readFuncs(); err != nil {
		t.Error(err)
	}
	if text := e.Section(".text"); f.Text() < text.Addr || f.Text() >= text.Addr+text.Size {
		t.Errorf("the code is at %#x, and at %#x in the module data", text.Addr, f.Text())
	}
}

func TestApplyRelocation(t *testing.T) {
	t.Run("amd64", func(t *testing.T) { testApplyRelocation(t, elf.EM_X86_64, uint32(elf.R_X86_64_TPOFF64)) })
	t.Run("arm64", func(t *testing.T) { testApplyRelocation(t, elf.EM_AARCH64, uint32(elf.R_AARCH64_TLS_TPREL64)) })
}

func testApplyRelocation(t *testing.T, machine elf.Machine, threadLocal uint32) {
	kinds := dynamicKinds[machine]
	symbols := []elf.Symbol{{Name: "here", Value: 0x3000, Section: 1}, {Name: "elsewhere", Section: elf.SHN_UNDEF}}
	for _, c := range []struct {
		name  string
		place uint64
		typ   uint32
		sym   uint64
		want  uint64 // 0: unchanged
		says  string
	}{
		{name: "moved", place: 0x1008, typ: kinds.relative, want: 0x40},
		{name: "address of a symbol", place: 0x1008, typ: kinds.absolute, sym: 1, want: 0x3040},
		{name: "entry of the offset table", place: 0x1008, typ: kinds.data, sym: 1, want: 0x3000},
		{name: "of a library", place: 0x1008, typ: kinds.data, sym: 2},
		{name: "thread-local", place: 0x1008, typ: threadLocal, sym: 2},
		{name: "outside", place: 0x1009, typ: kinds.relative, says: "outside"},
		{name: "in zeroed memory", place: 0x2000, typ: kinds.relative, says: "outside"},
		{name: "in what threads copy", place: 0x1108, typ: kinds.relative},
		{name: "behind what threads copy", place: 0x1110, typ: kinds.relative, says: "outside"},
		{name: "no symbol", place: 0x1008, typ: kinds.absolute, says: "symbol 0 of 2"},
		{name: "unknown symbol", place: 0x1008, typ: kinds.absolute, sym: 3, says: "symbol 3 of 2"},
	} {
		const before = 0x7777
		threads := &elf.Prog{ProgHeader: elf.ProgHeader{Type: elf.PT_TLS, Vaddr: 0x1100, Filesz: 0x10, Memsz: 0x40}}
		f := &File{elf: &elf.File{FileHeader: elf.FileHeader{Machine: machine}, Progs: []*elf.Prog{threads}}, sections: []section{{lo: 0x1000, hi: 0x1010, data: make([]byte, 16)}, {lo: 0x2000, hi: 0x2010}}}
		le.PutUint64(f.sections[0].data[8:], before)
		err := f.applyRelocation(c.place, c.sym<<32|uint64(c.typ), 0x40, symbols)
		if (err != nil) != (c.says != "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v", c.name, err)
		}
		want := c.want
		if want == 0 {
			want = before
		}
		if got := le.Uint64(f.sections[0].data[8:]); got != want {
			t.Errorf("%s: %#x, want %#x", c.name, got, want)
		}
		f.PositionIndependent = true
		if f.Moves(c.place) != (c.want != 0) {
			t.Errorf("%s: the place moves: %v", c.name, f.Moves(c.place))
		}
	}
}

func TestPackedRelocations(t *testing.T) {
	f := &File{PositionIndependent: true}
	table := le.AppendUint64(nil, 0x1000)
	table = le.AppendUint64(table, 1|1<<1|1<<3|1<<63) // the words 0, 2 and 62 behind
	table = le.AppendUint64(table, 1|1<<1)            // and the one behind those 63
	f.movePacked(table)
	want := []uint64{0x1000, 0x1008, 0x1018, 0x1008 + 62*8, 0x1008 + 63*8}
	if !slices.Equal(f.moved, want) {
		t.Errorf("%#x, want %#x", f.moved, want)
	}
	if f.Moves(0x1010) || !f.Moves(0x1018) {
		t.Error("a word that moves is taken for another")
	}
}

// TestTextRelocations refuses a program whose code is changed when it is loaded.
func TestTextRelocations(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("needs gcc:", err)
	}
	dir := testprogram.Write(t, "-- main.c --\nextern int x; int x; __asm__(\".text\\n.globl f\\nf: movabs $x, %rax\\nret\\n\"); int main(void) { return 0; }\n")
	cmd := exec.Command("gcc", "-pie", "-fPIE", "-Wl,-z,notext", "-o", "program", "main.c")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("gcc makes no such program: %v\n%s", err, out)
	}
	if _, err := Open(dir+"/program", goRelease(t)); err == nil || !strings.Contains(err.Error(), "DT_TEXTREL") {
		t.Errorf("error %v", err)
	}
}
