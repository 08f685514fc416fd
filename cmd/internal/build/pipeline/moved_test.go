package pipeline

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A dependency lies in the module cache when the program is released. To change it, a replace
// directive puts an edited copy in its place.

const movedMain = `package main

import (
	"fmt"
	"os"

	"github.com/rs/xid"
)

//go:noinline
func name(dst []byte) []byte { return xid.New().Encode(dst) }

func main() {
	for range len(os.Args) {
		fmt.Println(name(make([]byte, 20)))
	}
}
`

// change is a replacement of text in the dependency.
type change struct{ old, new string }

func TestReplacedDependency(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, copied, record := replaced(t)

	t.Run("not edited", func(t *testing.T) {
		p := planOf(t, dir, record)
		if !p.Empty || p.Refused {
			t.Errorf("changes where there are none: %v", p.Changes)
		}
	})
	t.Run("a function that keeps what it kept", func(t *testing.T) {
		editCopy(t, copied, change{"	encode(dst, id[:])\n	return dst\n", "	encode(dst, id[:])\n	dst[0] |= 0x20\n	return dst\n"})
		p := planOf(t, dir, record)
		if p.Empty || p.Refused || p.Changes[0].Symbol != "xid.ID.Encode" {
			t.Fatalf("changes are %v", p.Changes)
		}
		made, err := p.Patch(t.Context(), "1")
		if err != nil {
			t.Fatal(err)
		}
		if len(made.Keeps) > 0 || len(made.Waits) > 0 {
			t.Errorf("the patch keeps %v, and waits for %v", made.Keeps, made.Waits)
		}
	})
	t.Run("a variable with an initialiser", func(t *testing.T) {
		editCopy(t, copied,
			change{"func encode(dst, id []byte) {\n", "var seen = make(map[byte]int)\n\nfunc encode(dst, id []byte) {\n	seen[id[0]]++\n"})
		p := planOf(t, dir, record)
		made, err := p.Patch(t.Context(), "2")
		if err != nil {
			t.Fatalf("%v: %v", err, p.Changes)
		}
		if len(made.Inits) != 1 || !strings.Contains(made.Inits[0].Name, "seen") {
			t.Errorf("initialisers are %v", made.Inits)
		}
	})
}

// replaced builds and records a program, and replaces its dependency by a copy.
func replaced(t *testing.T) (dir, copied, record string) {
	t.Helper()
	dir, copied = t.TempDir(), t.TempDir()
	writeFile(t, filepath.Join(dir, "main.go"), movedMain)
	writeFile(t, filepath.Join(dir, "go.mod"), "module moved\n\ngo 1.25\n\nrequire github.com/rs/xid v1.4.0\n")
	sum, err := os.ReadFile("../../../../examples/broker/go.sum")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "go.sum"), string(sum))
	program := filepath.Join(dir, "moved")
	goCommand(t, dir, "build", "-o", program, ".")
	s, err := MakeRecord(t.Context(), RecordOptions{Binary: program, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(copied, os.DirFS(moduleOf(t))); err != nil {
		t.Fatal(err)
	}
	goCommand(t, dir, "mod", "edit", "-replace=github.com/rs/xid="+copied)
	return dir, copied, s.File
}

// moduleOf is the directory of the dependency in the module cache.
func moduleOf(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(goCommand(t, ".", "list", "-m", "-f", "{{.Dir}}", "github.com/rs/xid"))
}

// editCopy changes id.go of the copy, beginning from the original.
func editCopy(t *testing.T, copied string, c change) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleOf(t), "id.go"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), c.old) != 1 {
		t.Fatalf("id.go does not have %q once", c.old)
	}
	file := filepath.Join(copied, "id.go")
	os.Chmod(file, 0o644) // a copy is as read-only as the module cache
	writeFile(t, file, strings.Replace(string(text), c.old, c.new, 1))
}

func planOf(t *testing.T, dir, record string) *Plan {
	t.Helper()
	p, err := MakePlan(context.Background(), PlanOptions{Record: record, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func writeFile(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, messages.String())
	}
	return string(out)
}
