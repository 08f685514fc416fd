//go:build linux && amd64

package broker

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/broker/edits"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// release is a broker that was built, with its record.
type release struct {
	program string
	dir     string // of the sources
	record  string
}

// build builds the broker in dir as anybody would, and records it.
func build(t *testing.T, dir string) *release {
	t.Helper()
	r := &release{program: filepath.Join(t.TempDir(), "broker"), dir: dir}
	goCommand(t, dir, "build", "-o", r.program, ".")
	began := time.Now()
	s, err := pipeline.MakeRecord(t.Context(), pipeline.RecordOptions{Binary: r.program, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("record: %d functions in %d packages, %d bytes of code match, %v", s.Functions, s.Packages, s.TextBytes, since(began))
	r.record = s.File
	return r
}

// patch plans, makes and writes a patch.
func (r *release) patch(t *testing.T, version, overlay string) []byte {
	t.Helper()
	plan, err := pipeline.MakePlan(t.Context(), pipeline.PlanOptions{Record: r.record, Dir: r.dir, Overlay: overlay})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	for _, c := range plan.Changes {
		t.Logf("  %s: %s: %s: %s %s", version, c.Symbol, c.What, c.Verdict, c.ID)
	}
	made, err := plan.Patch(t.Context(), version)
	if err != nil {
		t.Fatal(err)
	}
	file, err := patch.Encode(made, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// newModule makes a module of the broker's main package alone, which takes everything else from
// where go.mod says, and returns its directory.
func newModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples/broker"))); err != nil {
		t.Fatal(err)
	}
	goCommand(t, dir, "mod", "edit", "-module=example.com/broker", "-replace=github.com/gosplice/gosplice="+root)
	return dir
}

// original is the directory of the broker's module in the module cache, where nobody edits.
func original(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(goCommand(t, ".", "list", "-m", "-f", "{{.Dir}}", edits.Module))
}

// copyModule copies the broker's module to dir, which it empties first, with edits.
func copyModule(t *testing.T, dir string, set []edits.Edit) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	from := original(t)
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	// What is copied is as read-only as the module cache.
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o755)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := edits.Copy(from, dir, set...); err != nil {
		t.Fatal(err)
	}
}

func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	var messages strings.Builder
	cmd.Stderr = &messages
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, messages.String())
	}
	return string(out)
}

// since is a time for people to read.
func since(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }
