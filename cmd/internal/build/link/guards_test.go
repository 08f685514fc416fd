package link_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/link"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// guarded is a program that answers a line by what edited returns.
const guarded = `
-- main.go --
package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/gosplice/gosplice"
)

func main() {
	debug.SetGCPercent(-1)
	if err := gosplice.Start(); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(edited())
	}
}
-- crowd.go --
package main

import "sync"

// marks are what a goroutine has in its first frame.
type marks [64]uint64

// crowd lets goroutines call f at many depths of their stacks, and counts the others, whose stacks lie between those, that
// find something else in their frames than they wrote there.
func crowd(f func(int) byte) (damaged int) {
	const each = 400
	var ready, done sync.WaitGroup
	begin, end := make(chan bool), make(chan bool)
	found := make(chan int, each)
	for range each {
		ready.Add(2)
		go func() {
			var m marks
			for i := range m {
				m[i] = uint64(i)
			}
			descend(70, nil)
			ready.Done()
			<-end
			found <- different(&m)
		}()
		done.Add(1)
		go func() {
			descend(70, nil)
			ready.Done()
			<-begin
			descend(200, f)
			done.Done()
		}()
		ready.Wait()
	}
	close(begin)
	done.Wait()
	close(end)
	for range each {
		damaged += <-found
	}
	return damaged
}

//go:noinline
func different(m *marks) int {
	for i, v := range m {
		if v != uint64(i) {
			return 1
		}
	}
	return 0
}

//go:noinline
func descend(n int, f func(int) byte) byte {
	if f != nil {
		f(n)
	}
	if n == 0 {
		return 0
	}
	return descend(n-1, f) + byte(n)
}
-- edited.go --
package main

//go:noinline
func edited() string { return "as released" }

var _ = crowd
`

// deepEdit calls a function that takes as many bytes of stack without a check.
func deepEdit(bytes int) string {
	return fmt.Sprintf(`
-- edited.go --
package main

import "fmt"

//go:noinline
func edited() string { return fmt.Sprint("damaged ", crowd(deep)) }

//go:nosplit
//go:noinline
func deep(n int) byte {
	var room [%d]byte
	for i := range room {
		room[i] = byte(n) | 0x80
	}
	return room[n%%8]
}
`, bytes)
}

// alignedEdit brings code and data that have to be aligned.
const alignedEdit = `
-- edited.go --
package main

import (
	"fmt"

	"program/asm"
)

//go:noinline
func edited() string { return fmt.Sprint("aligned ", asm.Aligned()%2048 == 0, " sum ", asm.Sum(&[4]uint32{10, 20, 30, 40})) }
-- asm/asm.go --
package asm

// Aligned is the address of an instruction.
func Aligned() uintptr

// Sum adds four numbers, and ten to the first.
func Sum(n *[4]uint32) uint32
-- asm/asm_amd64.s --
#include "textflag.h"

DATA odd<>+0(SB)/1, $1
GLOBL odd<>(SB), RODATA|NOPTR, $1

DATA tens<>+0(SB)/8, $10
DATA tens<>+8(SB)/8, $0
GLOBL tens<>(SB), RODATA|NOPTR, $16

TEXT helper<>(SB), NOSPLIT|NOFRAME, $0
	MOVQ 0(SP), AX // the address behind the call
	RET

TEXT ·Aligned(SB), NOSPLIT, $8-8
	XORL AX, AX
	PCALIGN $2048
	CALL helper<>(SB)
	SUBQ $5, AX
	MOVQ AX, ret+0(FP)
	RET

TEXT ·Sum(SB), NOSPLIT, $0-16
	MOVQ n+0(FP), BX
	MOVBLZX odd<>(SB), CX
	MOVOU (BX), X0
	PADDL tens<>(SB), X0 // which has to be aligned
	MOVO X0, X1
	PSRLO $8, X1
	PADDL X1, X0
	MOVO X0, X1
	PSRLO $4, X1
	PADDL X1, X0
	MOVL X0, AX
	MOVL AX, ret+8(FP)
	RET
`

// TestStackMeasureMatters leaves out the measure of stacks that link takes. New code that takes more than is there without
// a check then writes into the stacks of other goroutines. What is within the measure does not.
func TestStackMeasureMatters(t *testing.T) {
	e := guardedProgram(t)
	if got := e.run(t, e.patchFor(t, deepEdit(600))); got != "damaged 0" {
		t.Fatalf("600 bytes of stack: the patched program says %q", got)
	}
	testprogram.Overwrite(t, e.dir, deepEdit(3000))
	plan := e.plan(t)
	defer plan.Close()
	if _, err := plan.Patch(t.Context(), "1.0.1"); !errors.Is(err, pipeline.ErrRefused) {
		t.Fatalf("3000 bytes of stack: %v", err)
	}
	var p *patch.Patch
	link.WithoutGuards(func() { p = e.patchFor(t, deepEdit(3000)) })
	got := e.run(t, p)
	t.Logf("without the measure the program says %q", got)
	if got == "damaged 0" {
		t.Error("nothing is damaged without the measure: the test shows nothing")
	}
}

// TestAlignmentMatters places code and data of a patch as if they did not ask to be aligned.
func TestAlignmentMatters(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the assembly is that of amd64")
	}
	e := guardedProgram(t)
	if got := e.run(t, e.patchFor(t, alignedEdit)); got != "aligned true sum 110" {
		t.Fatalf("the patched program says %q", got)
	}
	var p *patch.Patch
	link.WithoutGuards(func() {
		p = e.patchFor(t, strings.Replace(alignedEdit, `" sum ", asm.Sum(&[4]uint32{10, 20, 30, 40})`, `" sum"`, 1))
	})
	if got := e.run(t, p); got != "aligned false sum" {
		t.Errorf("with code that is not aligned the program says %q: the test shows nothing", got)
	}
	link.WithoutGuards(func() { p = e.patchFor(t, alignedEdit) })
	if got := e.run(t, p); !strings.Contains(got, "SIGSEGV") {
		t.Errorf("with data that is not aligned the program says %q: the test shows nothing", got)
	}
}

// guardedProgram builds the program that both tests patch.
func guardedProgram(t *testing.T) *edited {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and patches programs")
	}
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	return recorded(t, guarded+"-- go.mod --\nmodule program\n\ngo 1.25\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => "+root+"\n")
}

// plan plans the edit in the tree.
func (e *edited) plan(t *testing.T) *pipeline.Plan {
	t.Helper()
	plan, err := pipeline.MakePlan(t.Context(), pipeline.PlanOptions{Record: e.host.Path + ".gsr", Dir: e.dir})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// run applies a patch to a fresh process, and returns the answer of that, or the first line of what it says when it ends.
func (e *edited) run(t *testing.T, p *patch.Patch) string {
	t.Helper()
	file, err := patch.Encode(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	sockets := t.TempDir()
	if err := os.Chmod(sockets, 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.host.Path)
	cmd.Env = append(os.Environ(), "GOSPLICE_SOCKETS="+sockets)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	both, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer both.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	out.Close()
	lines := bufio.NewReader(both)
	line := func() string {
		for {
			text, err := lines.ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if !strings.Contains(text, " INFO gosplice: ") {
				return strings.TrimSpace(text)
			}
		}
	}
	if got := line(); got != "ready" {
		t.Fatalf("the program says %q", got)
	}
	c, err := control.Dial(ctx, filepath.Join(sockets, fmt.Sprint(cmd.Process.Pid, ".sock")))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Apply(ctx, file, control.SwitchOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(in, "now"); err != nil {
		t.Fatal(err)
	}
	got := line()
	if got == "unexpected fault address 0x0" { // the next line has the signal
		got = line() + line()
	}
	return got
}
