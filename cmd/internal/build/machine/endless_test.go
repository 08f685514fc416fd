package machine

import (
	"slices"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

func TestEndless(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       []patch.Span
	}{
		{"returns", `
			55 ; push rbp
			5d ; pop rbp
			c3 ; ret
		`, nil},
		{"a loop with a way out", `
			e8 00 00 00 00 ; call
			84 c0          ; test al, al
			74 f7          ; je to the call
			c3             ; ret
		`, nil},
		{"a loop without", `
			84 c0          ; test al, al
			75 07          ; jne to the return
			e8 00 00 00 00 ; call
			eb f9          ; jmp to the call
			c3             ; ret
		`, []patch.Span{{Lo: 4, Hi: 11}}},
		{"two of them", `
			84 c0 ; test al, al
			75 02 ; jne over the loop
			eb fe ; jmp to itself
			84 c9 ; test cl, cl
			75 02 ; jne over the loop
			eb fe ; jmp to itself
			c3    ; ret
		`, []patch.Span{{Lo: 4, Hi: 6}, {Lo: 10, Hi: 12}}},
		{"never returns", `
			90    ; nop
			eb fd ; jmp to the nop
		`, []patch.Span{{Lo: 0, Hi: 3}}},
		{"ends in a panic", `
			84 c0          ; test al, al
			75 01          ; jne to the call
			c3             ; ret
			e8 00 00 00 00 ; call panic
			0f 0b          ; ud2
		`, []patch.Span{{Lo: 5, Hi: 12}}},
		{"leaves by a jump to another function", "e9 00 10 00 00 ; jmp", nil},
		{"leaves by a jump through a register", "ff e0 ; jmp rax", nil},
		{"not to be read", `
			eb fe ; jmp to itself
			06    ; no instruction
		`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := AMD64.Endless(assemble(t, c.code)); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestLoopsAtEntry(t *testing.T) {
	for _, c := range []struct {
		name, code string
		want       bool
	}{
		{"a loop to the first byte", "48 ff c8 ; dec rax\n75 fb ; jne to it\nc3 ; ret", true},
		{"a loop behind the jump", "48 89 44 24 08 ; mov [rsp+8], rax\n48 ff c8 ; dec rax\n75 fb ; jne to the dec\nc3 ; ret", false},
		{"starts anew with more stack", "49 3b 66 10 ; cmp rsp, [r14+16]\n76 01 ; jbe to the jump\nc3 ; ret\neb f7 ; jmp to the entry", false},
	} {
		if got := AMD64.LoopsAtEntry(assemble(t, c.code)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
