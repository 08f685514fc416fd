package machine

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// assemble joins instructions that are written as bytes in hexadecimal, one a line, each followed by
// what it is.
func assemble(t testing.TB, text string) []byte {
	t.Helper()
	var code []byte
	for line := range strings.Lines(text) {
		digits, _, _ := strings.Cut(line, ";")
		b, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		code = append(code, b...)
	}
	return code
}

// functions are bodies with what has to be free of goroutines while a jump is written over them.
var functions = []struct {
	name  string
	code  string
	whole bool
}{
	{"stack check", `
		49 3b 66 10    ; cmp rsp, [r14+16]
		76 08          ; jbe to morestack
		55             ; push rbp
		48 89 e5       ; mov rbp, rsp
		5d             ; pop rbp
		c3             ; ret
		e8 00 00 00 00 ; call morestack
		eb eb          ; jmp to the entry
	`, false},
	{"stack check with a far jump", `
		49 3b 66 10       ; cmp rsp, [r14+16]
		0f 86 80 00 00 00 ; jbe to morestack
		c3                ; ret
	`, false},
	{"stack check of a large frame", `
		4c 8d 64 24 e0 ; lea r12, [rsp-32]
		4d 3b 66 10    ; cmp r12, [r14+16]
		76 01          ; jbe
		c3             ; ret
		eb f0          ; jmp to the entry
	`, false},
	{"stack check of a larger frame", `
		4c 8d a4 24 00 f0 ff ff ; lea r12, [rsp-4096]
		4d 3b 66 10             ; cmp r12, [r14+16]
		76 01                   ; jbe
		c3                      ; ret
	`, false},
	{"stack check of a huge frame", `
		49 89 e4             ; mov r12, rsp
		49 81 ec 00 00 10 00 ; sub r12, 1<<20
		72 05                ; jb
		4d 3b 66 10          ; cmp r12, [r14+16]
		c3                   ; ret
	`, false},
	{"stack check and a jump table", `
		49 3b 66 10 ; cmp rsp, [r14+16]
		76 02       ; jbe
		ff e1       ; jmp rcx
	`, false},
	{"assembly that begins as a huge frame does, with a loop there", `
		49 89 e4 ; mov r12, rsp
		48 ff c9 ; dec rcx
		75 fb    ; jnz to the dec
		c3       ; ret
	`, true},
	{"assembly that begins as a large frame does, with a loop to the entry", `
		4c 8d 64 24 e0 ; lea r12, [rsp-32]
		48 ff c9       ; dec rcx
		75 f6          ; jnz to the entry
		c3             ; ret
	`, true},
	{"assembly that compares with the stack limit, with a loop to the entry", `
		49 3b 66 10 ; cmp rsp, [r14+16]
		48 ff c9    ; dec rcx
		75 f7       ; jnz to the entry
		c3          ; ret
	`, true},
	{"nothing but a return", `c3 ; ret`, false},
	{"leaf", `
		48 8d 04 03 ; lea rax, [rbx+rax]
		c3          ; ret
	`, false},
	{"leaf with a frame", `
		55          ; push rbp
		48 89 e5    ; mov rbp, rsp
		48 83 ec 10 ; sub rsp, 16
		48 83 c4 10 ; add rsp, 16
		5d          ; pop rbp
		c3          ; ret
	`, false},
	{"loop behind the jump", `
		31 c9    ; xor ecx, ecx
		48 89 c2 ; mov rdx, rax
		48 ff c1 ; inc rcx
		48 39 d1 ; cmp rcx, rdx
		7c f8    ; jl to the inc, which is byte 5
		c3       ; ret
	`, false},
	{"loop head inside of the jump", `
		31 c9    ; xor ecx, ecx
		48 ff c1 ; inc rcx
		48 39 c1 ; cmp rcx, rax
		7c f8    ; jl to the inc, which is byte 2
		c3       ; ret
	`, true},
	{"loop head at the last byte of the jump", `
		48 89 c2 ; mov rdx, rax
		90       ; nop
		48 ff ca ; dec rdx
		75 fb    ; jnz to the dec, which is byte 4
		c3       ; ret
	`, true},
	{"loop to the entry", `
		48 ff c8 ; dec rax
		75 fb    ; jnz to the entry
		c3       ; ret
	`, true},
	{"far jump back to the entry", `
		48 ff c8          ; dec rax
		90 90 90          ; nop
		0f 85 f4 ff ff ff ; jnz to the entry
		c3                ; ret
	`, true},
	{"endless loop", `eb fe ; jmp to itself`, true},
	{"loop instruction back to the entry", `
		90    ; nop
		e2 fd ; loop to the entry
		c3    ; ret
	`, true},
	{"jump table", `
		48 83 f8 08             ; cmp rax, 8
		77 08                   ; ja
		48 8d 0d 00 00 00 00    ; lea rcx, table
		ff 24 c1                ; jmp [rcx+8*rax]
		c3                      ; ret
	`, true},
	{"tail call through a register", `
		48 8b 4a 08 ; mov rcx, [rdx+8]
		48 89 ca    ; mov rdx, rcx
		ff e1       ; jmp rcx
	`, true},
	{"tail call of another function", `
		e9 00 10 00 00 ; jmp away
	`, false},
	{"call that returns behind the jump", `
		e8 00 10 00 00 ; call
		c3             ; ret
	`, false},
	{"call that returns into the jump", `
		ff d0    ; call rax
		48 89 c3 ; mov rbx, rax
		c3       ; ret
	`, true},
	{"call that returns to the last byte of the jump", `
		90 90 ; nop
		ff d0 ; call rax
		c3    ; ret
		90    ; nop
	`, true},
	{"call after a push", `
		55             ; push rbp
		e8 00 10 00 00 ; call
		5d             ; pop rbp
		c3             ; ret
	`, false},
	{"jump forward", `
		48 85 c0 ; test rax, rax
		74 01    ; jz to the return
		90       ; nop
		c3       ; ret
	`, false},
	{"breakpoint and undefined instruction", `
		0f 0b ; ud2
		cc    ; int3
		c3    ; ret
	`, false},
	{"data in the code", `
		c3                   ; ret
		06 06 06 06 06 06 06 ; nothing that decodes
	`, true},
	{"vector instructions, which the decoder does not know", `
		c5 fa 10 00       ; vmovss xmm0, [rax]
		c4 e2 f1 a9 c2    ; vfmadd213sd
		c3                ; ret
	`, true},
	{"wide vector instruction", `
		62 f1 7c 48 28 00 ; vmovaps zmm0, [rax]
		c3                ; ret
	`, true},
	{"cut off in an instruction", `
		48 89 c3 ; mov rbx, rax
		48 8d    ; lea without operands
	`, true},
}

func TestBusy(t *testing.T) {
	for _, f := range functions {
		code := assemble(t, f.code)
		want := patch.Busy{Lo: 1, Hi: jumpSize}
		if f.whole {
			want = patch.Busy{Lo: 0, Hi: uint32(max(len(code), jumpSize))}
		}
		if got := AMD64.Busy(code); got != want {
			t.Errorf("%s: busy %d-%d, want %d-%d", f.name, got.Lo, got.Hi, want.Lo, want.Hi)
		}
	}
}

// FuzzBusy checks that any bytes get an answer that a patch may hold.
func FuzzBusy(f *testing.F) {
	for _, fn := range functions {
		f.Add(assemble(f, fn.code), 3)
	}
	f.Add([]byte{}, 0)
	f.Fuzz(func(t *testing.T, code []byte, off int) {
		const written = 8 // bytes that are replaced at an entry in one piece
		b := AMD64.Busy(code)
		if b.Lo > b.Hi || int(b.Hi) > max(len(code), written) {
			t.Errorf("busy %d-%d of %d bytes", b.Lo, b.Hi, len(code))
		}
		if b.Lo > 1 || b.Hi < jumpSize {
			t.Errorf("busy %d-%d leaves a part of the jump out", b.Lo, b.Hi)
		}
		before := bytes.Clone(code)
		if AMD64.LoadThroughSlot(code, off) == bytes.Equal(before, code) {
			t.Error("the answer and the change of the instruction disagree")
		}
	})
}

func TestLoadThroughSlot(t *testing.T) {
	for _, c := range []struct {
		name, code, want string
		off              int
	}{
		{"lea rax, [rip]", "48 8d 05 00 00 00 00", "48 8b 05 00 00 00 00", 3},
		{"lea r15, [rip]", "4c 8d 3d 00 00 00 00", "4c 8b 3d 00 00 00 00", 3},
		{"after another instruction", "90 48 8d 1d 00 00 00 00", "90 48 8b 1d 00 00 00 00", 4},
		{"mov rax, [rip]", "48 8b 05 00 00 00 00", "", 3},
		{"lea eax, [rip]", "90 8d 05 00 00 00 00", "", 3},
		{"lea rax, [rbx+disp]", "48 8d 83 00 00 00 00", "", 3},
		{"lea of another operand", "48 8d 44 24 00 00 00 00", "", 4},
		{"displacement cut off", "48 8d 05 00 00 00", "", 3},
		{"no room before", "8d 05 00 00 00 00", "", 2},
		{"behind the end", "48 8d 05", "", 3},
		{"negative", "48 8d 05 00 00 00 00", "", -1},
	} {
		code := assemble(t, c.code)
		want := assemble(t, c.want)
		if c.want == "" {
			want = bytes.Clone(code)
		}
		if got := AMD64.LoadThroughSlot(code, c.off); got != (c.want != "") || !bytes.Equal(code, want) {
			t.Errorf("%s: %v, % x", c.name, got, code)
		}
	}
}

func TestThreadOffset(t *testing.T) {
	for _, c := range []struct {
		name, code, want string
		off              int
	}{
		{"mov rax, [rip]", "48 8b 05 00 00 00 00", "48 c7 c0 00 00 00 00", 3},
		{"mov rdi, [rip]", "48 8b 3d 00 00 00 00", "48 c7 c7 00 00 00 00", 3},
		{"mov r8, [rip]", "4c 8b 05 00 00 00 00", "49 c7 c0 00 00 00 00", 3},
		{"mov r15, [rip]", "90 4c 8b 3d 00 00 00 00", "90 49 c7 c7 00 00 00 00", 4},
		{"add rax, [rip]", "48 03 05 00 00 00 00", "", 3},
		{"mov eax, [rip]", "90 8b 05 00 00 00 00", "", 3},
		{"mov rax, [rbx+disp]", "48 8b 83 00 00 00 00", "", 3},
		{"displacement cut off", "48 8b 05 00 00 00", "", 3},
		{"no room before", "8b 05 00 00 00 00", "", 2},
		{"negative", "48 8b 05 00 00 00 00", "", -1},
	} {
		code := assemble(t, c.code)
		want := assemble(t, c.want)
		if c.want == "" {
			want = bytes.Clone(code)
		}
		if got := AMD64.ThreadOffset(code, c.off); got != (c.want != "") || !bytes.Equal(code, want) {
			t.Errorf("%s: %v, % x", c.name, got, code)
		}
	}
}
