package release

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// A deferred call of an intrinsic is inlined into its wrapper. What is left of the function is a
// reference from the wrapper's tables, not from code.
const wrappedProgram = `package main

import "sync/atomic"

var open int64

//go:noinline
func serve() {
	atomic.AddInt64(&open, 1)
	defer atomic.AddInt64(&open, -1)
}

func main() { serve() }
`

func TestFunctionsThatOnlyWrappersNameAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"main.go": wrappedProgram, "go.mod": "module wrapped\n\ngo 1.25\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "program")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	b, err := gotool.FromBinary(program)
	if err != nil {
		t.Fatal(err)
	}
	b.Dir = dir
	packages, err := b.List(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Make(context.Background(), program, b, packages, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := r.Lookup("sync/atomic.AddInt64", goobj.ABIInternal); !ok || s.Addr == 0 {
		t.Error("the record lacks the function that is deferred")
	}
}
