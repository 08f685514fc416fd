package gotool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// TestLoopsAllocateNothing compares what the compiler puts on the heap in a program with its loops as they are and otherwise.
func TestLoopsAllocateNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a program")
	}
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	b := &Build{Dir: root, Packages: []string{"./examples/arena"}}
	heap := func(with bool) (places []string, bodies int) {
		b.Loops = with
		_, escapes, _, err := b.ListEscapes(t.Context(), "", []string{"./examples/arena/..."})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range escapes {
			switch {
			case e.Kind == OnHeap && e.Text != `"unreachable"`: // a constant, which is in the data of the program
				places = append(places, fmt.Sprintf("%s:%d %s", e.File, e.Line, e.Text))
			case e.Kind == Captured && strings.HasPrefix(e.Text, "#state"):
				bodies++
			}
		}
		slices.Sort(places)
		return slices.Compact(places), bodies
	}
	before, bodies := heap(false)
	after, rewritten := heap(true)
	if rewritten <= bodies {
		t.Errorf("%d loops are functions, and %d are without", rewritten, bodies)
	}
	if !slices.Equal(before, after) {
		for _, p := range after {
			if !slices.Contains(before, p) {
				t.Error("on the heap with other loops alone: ", p)
			}
		}
		for _, p := range before {
			if !slices.Contains(after, p) {
				t.Error("on the heap without alone: ", p)
			}
		}
	}
}

const looping = `
-- go.mod --
module looping

go 1.25
-- main.go --
package main

import (
	"time"

	"github.com/gosplice/gosplice"
	"looping/part"
)

func main() {
	gosplice.Start()
	for {
		time.Sleep(part.Pause)
		println("a turn", len(other))
	}
}
-- other.go --
package main

const other = "name"
-- part/part.go --
package part

import "time"

const Pause = time.Hour
`

// loopingBuild is a build of a program with a loop, in a directory.
func loopingBuild(t *testing.T) *Build {
	t.Helper()
	library, err := testprogram.Library("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := testprogram.Write(t, strings.Replace(looping, "go 1.25\n", "go 1.25\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => "+library+"\n", 1))
	return &Build{Dir: dir, Packages: []string{"."}, Flags: []string{"-mod=mod"}, Loops: true}
}

// TestErrorsWithLoops has errors of the sources named as they are in the sources, and one that only other loops bring.
func TestErrorsWithLoops(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs")
	}
	b := loopingBuild(t)
	main := filepath.Join(b.Dir, "main.go")
	text, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	if err := b.Compile(t.Context(), out, nil, nil); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(b.Dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("main.go", strings.Replace(string(text), "for {", "for { missing()", 1))
	var wrong *CompileError
	for _, err := range []error{b.Compile(t.Context(), out, nil, nil), listed(t, b)} {
		if !errors.As(err, &wrong) || wrong.Lines[0] != "./main.go:12:8: undefined: missing" {
			t.Errorf("error %v", err)
		}
	}
	write("main.go", string(text))
	write("other.go", "package main\n\nconst other, gospliceLoops_ = \"name\", 1\n")
	var loop *LoopError
	for _, err := range []error{b.Compile(t.Context(), out, nil, nil), listed(t, b)} {
		if !errors.As(err, &loop) || !strings.Contains(err.Error(), "gospliceLoops_") || !strings.Contains(err.Error(), "//gosplice:plain") || strings.Contains(err.Error(), os.TempDir()+"/gosplice-loops") {
			t.Errorf("error %v", err)
		}
	}
	b.Loops = false
	if err := b.Compile(t.Context(), out, nil, nil); err != nil {
		t.Error(err)
	}
}

func listed(t *testing.T, b *Build) error {
	_, _, _, err := b.ListEscapes(t.Context(), "", []string{"./..."})
	return err
}

const initialising = `
-- go.mod --
module looping

go 1.25
-- main.go --
package main

import (
	"github.com/gosplice/gosplice"
	"looping/a"
	"looping/b"
)

func main() {
	gosplice.Stop()
	c := make(chan int)
	close(c)
	a.Serve(c)
	println(a.A, b.B)
}
-- a/a.go --
package a

var A = made()

func made() string { println("a"); return "a" }

func Serve(c chan int) {
	for range c {
	}
}
-- b/b.go --
package b

var B = made()

func made() string { println("b"); return "b" }
`

// TestInitOrder: packages with other loops are initialised when they are without.
func TestInitOrder(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles programs")
	}
	b := loopingBuild(t)
	testprogram.Overwrite(t, b.Dir, strings.Replace(initialising, "-- go.mod --\nmodule looping\n\ngo 1.25\n", "", 1))
	var said [2]string
	for i := range said {
		b.Loops = i == 1
		out := filepath.Join(t.TempDir(), "out")
		if err := b.Compile(t.Context(), out, nil, nil); err != nil {
			t.Fatal(err)
		}
		text, err := exec.Command(out).CombinedOutput()
		if err != nil {
			t.Fatal(err)
		}
		said[i] = string(text)
		if binary, err := os.ReadFile(out); err != nil || bytes.Contains(binary, []byte("gosplice/loop.receive[")) != b.Loops {
			t.Errorf("the loop is otherwise: %v, error %v", !b.Loops, err)
		}
	}
	if said[0] != said[1] {
		t.Errorf("with other loops: %q, without: %q", said[1], said[0])
	}
}

// TestLoopPackages: what package gosplice needs, and other modules, are compiled as they are.
func TestLoopPackages(t *testing.T) {
	mine, theirs, older := &Module{Path: "m", Main: true, GoVersion: "1.25"}, &Module{Path: "other", GoVersion: "1.25"}, &Module{Path: "older", Main: true, GoVersion: "1.22.1"}
	root := Package{ImportPath: "github.com/gosplice/gosplice", Module: mine, Imports: []string{"m/needed"}}
	packages := []Package{
		{ImportPath: "m/needed", Module: mine}, root, {ImportPath: "m/a", Module: mine}, {ImportPath: "other/b", Module: theirs},
		{ImportPath: "m/cgo", Module: mine, CgoFiles: []string{"c.go"}}, {ImportPath: "m/embeds", Module: mine, GoFiles: []string{"own.go"}, EmbedFiles: []string{"own.go", "in/in.go"}},
		{ImportPath: "m/embeds/in", Module: mine, Dir: "in", GoFiles: []string{"in.go"}}, {ImportPath: "older", Module: older}, {ImportPath: "std", Standard: true},
	}
	if got := LoopPackages(packages); len(got) != 1 || !got["m/a"] {
		t.Errorf("%v", got)
	}
	if got := LoopPackages(slices.Delete(packages, 1, 2)); len(got) != 0 {
		t.Errorf("%v in a program without package gosplice", got)
	}
}
