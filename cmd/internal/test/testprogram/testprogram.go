// Package testprogram writes and builds small programs for tests.
package testprogram

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// Write lays out a tree of files, in the txtar format, in a new directory. A tree without go.mod
// is a module "program".
func Write(t testing.TB, archive string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	Overwrite(t, dir, "-- go.mod --\nmodule program\n\ngo 1.25\n")
	Overwrite(t, dir, archive)
	return dir
}

// Overwrite writes the files of an archive over those in dir.
func Overwrite(t testing.TB, dir, archive string) {
	t.Helper()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// Build says how a program is built.
type Build struct {
	Dir string
	// Args are flags of go build.
	Args []string
	// Package is what is built; empty: the package in Dir.
	Package string
	// Env are variables on top of the test's own.
	Env []string
}

// Program builds the program into a new directory and returns the file.
func (b Build) Program(t testing.TB) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "program")
	args := append([]string{"build", "-o", out}, b.Args...)
	if b.Package != "" {
		args = append(args, b.Package)
	}
	b.Go(t, args...)
	return out
}

// Go runs the go command as the build does, and returns what it printed.
func (b Build) Go(t testing.TB, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = b.Dir
	cmd.Env = append(os.Environ(), b.Env...)
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, messages.String())
	}
	return string(out)
}
