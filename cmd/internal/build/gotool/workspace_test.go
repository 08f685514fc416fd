package gotool

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMoveWorkspace copies a go.work whose paths are relative.
func TestMoveWorkspace(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "go.work")
	for name, text := range map[string]string{
		"go.work":     "go 1.25.0\n\nuse (\n\t.\n\t./lib\n\t/elsewhere\n)\n\nreplace (\n\texample.com/a => ./a\n\texample.com/b v1.0.0 => ../b\n\texample.com/c => example.com/d v1.2.0\n)\n",
		"go.work.sum": "example.com/d v1.2.0 h1:x=\n",
		"go.mod":      "module example.com/m\n\ngo 1.25\n",
		"lib/go.mod":  "module example.com/lib\n\ngo 1.25\n",
		"a/go.mod":    "module example.com/a\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	b := &Build{Dir: dir}
	if err := b.moveWorkspace(t.Context(), filepath.Join(dir, "go.work"), to); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{dir, filepath.Join(dir, "lib"), "/elsewhere", "example.com/a => " + filepath.Join(dir, "a"), "example.com/b v1.0.0 => " + filepath.Join(filepath.Dir(dir), "b"), "example.com/c => example.com/d v1.2.0"} {
		if !strings.Contains(string(got), want+"\n") {
			t.Errorf("there is no %q", want)
		}
	}
	if t.Failed() || strings.Contains(string(got), "./") {
		t.Errorf("the copy is\n%s", got)
	}
	if sum, err := os.ReadFile(to + ".sum"); err != nil || len(sum) == 0 {
		t.Errorf("the sums are %q, %v", sum, err)
	}
}
