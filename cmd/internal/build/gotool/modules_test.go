package gotool

import (
	"context"
	"path/filepath"
	"testing"
)

// replacing writes a program whose dependency comes from one of two directories.
func replacing(t *testing.T) string {
	t.Helper()
	return writeFiles(t, map[string]string{
		"go.mod":     "module example.com/program\n\ngo 1.25\n\nrequire example.com/dep v1.0.0\n\nreplace example.com/dep => ./one\n",
		"main.go":    "package main\n\nimport \"example.com/dep\"\n\nfunc main() { dep.Do() }\n",
		"one/go.mod": "module example.com/dep\n",
		"one/dep.go": "package dep\n\nfunc Do() {}\n",
		"two/go.mod": "module example.com/dep\n",
		"two/dep.go": "package dep\n\nfunc Do() {}\n",
	})
}

// dirOf is the directory of the dependency.
func dirOf(t *testing.T, b *Build) string {
	t.Helper()
	packages, err := b.Resolve(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		if p.Export != "" {
			t.Errorf("%s was compiled", p.ImportPath)
		}
		if p.ImportPath == "example.com/dep" {
			return filepath.Base(p.Dir)
		}
	}
	t.Fatal("the dependency is not listed")
	return ""
}

func TestModules(t *testing.T) {
	dir := replacing(t)
	b := &Build{Dir: dir, Packages: []string{"."}}
	before, err := b.Modules(t.Context())
	if err != nil || len(before.Mod) == 0 {
		t.Fatalf("%s, %v", before.Mod, err)
	}
	if out, err := b.output(t.Context(), "mod", "edit", "-replace=example.com/dep=./two"); err != nil {
		t.Fatal(out, err)
	}
	now, err := b.Modules(t.Context())
	if err != nil || now.Equal(before) {
		t.Errorf("go.mod was changed, and is the same: %v", err)
	}
	if d := dirOf(t, b); d != "two" {
		t.Errorf("the dependency lies in %s", d)
	}

	writeFile(t, filepath.Join(dir, "go.work"), "go 1.25\n\nuse (\n\t.\n\t./two\n)\n")
	old, cleanup, err := b.With(before)
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	if d := dirOf(t, old); d != "one" {
		t.Errorf("with the old go.mod the dependency lies in %s", d)
	}
	if len(b.Flags) > 0 {
		t.Errorf("the build has got the flags %q", b.Flags)
	}
}

func TestModulesThatGoModDoesNotTell(t *testing.T) {
	dir := replacing(t)
	b := &Build{Dir: dir, Packages: []string{"."}, Flags: []string{"-modfile=other.mod"}}
	if m, err := b.Modules(t.Context()); err != nil || len(m.Mod) > 0 {
		t.Errorf("with -modfile: %s, %v", m.Mod, err)
	}
	writeFile(t, filepath.Join(dir, "go.work"), "go 1.25\n\nuse (\n\t.\n\t./two\n)\n")
	b.Flags = nil
	if m, err := b.Modules(t.Context()); err != nil || len(m.Mod) > 0 {
		t.Errorf("in a workspace: %s, %v", m.Mod, err)
	}
}
