package gotool

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// list lists the packages of one main package in dir.
func list(t *testing.T, dir, overlay string, packages ...string) ([]Package, error) {
	t.Helper()
	b := &Build{Dir: dir, Packages: packages}
	return b.List(context.Background(), overlay)
}

func TestPackagesComeInOrderOfDependencies(t *testing.T) {
	dir := writeFiles(t, plainModule)
	packages, err := list(t, dir, "", ".")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, p := range packages {
		for _, path := range p.Imports {
			if to, ok := p.ImportMap[path]; ok {
				path = to
			}
			if path != "C" && !seen[path] {
				t.Errorf("%s comes before %s, which it imports", p.ImportPath, path)
			}
		}
		seen[p.ImportPath] = true
		if p.Export == "" && p.ImportPath != "unsafe" {
			t.Errorf("%s has no archive", p.ImportPath)
		}
	}
	main := packages[len(packages)-1]
	if main.ImportPath != "example.com/app" || main.Module == nil || !main.Module.Main {
		t.Errorf("last package is %+v", main)
	}
	if !seen["runtime"] {
		t.Error("package runtime is missing, which every program has")
	}
}

func TestOtherProgramsOfAPatternAreLeftOut(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"go.mod":     "module example.com/two\n\ngo 1.25\n",
		"a/main.go":  "package main\n\nimport _ \"example.com/two/la\"\n\nfunc main() {}\n",
		"b/main.go":  "package main\n\nimport _ \"example.com/two/lb\"\n\nfunc main() {}\n",
		"la/file.go": "package la\n",
		"lb/file.go": "package lb\n",
	})
	b := &Build{Dir: dir, Packages: []string{"./..."}, Main: "example.com/two/a"}
	packages, err := b.List(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, p := range packages {
		if !p.Standard {
			own = append(own, p.ImportPath)
		}
	}
	if want := []string{"example.com/two/la", "example.com/two/a"}; !slices.Equal(own, want) {
		t.Errorf("packages are %q, want %q", own, want)
	}
}

func TestCompileErrors(t *testing.T) {
	dir := writeFiles(t, plainModule)
	writeFile(t, filepath.Join(dir, "greet/greet.go"), "package greet\n\nfunc Hello() string { return 1 }\n\nfunc F() { missing() }\n")
	_, err := list(t, dir, "", ".")
	var compile *CompileError
	if !errors.As(err, &compile) {
		t.Fatalf("error is %v, want a CompileError", err)
	}
	if compile.Package != "example.com/app/greet" || len(compile.Lines) != 2 {
		t.Errorf("package %s, lines %q", compile.Package, compile.Lines)
	}
	want := "greet/greet.go:3:30: cannot use 1 (untyped int constant) as string value in return statement (and 1 more)"
	if err.Error() != want {
		t.Errorf("error is\n%s, want\n%s", err, want)
	}
}

func TestMissingImport(t *testing.T) {
	dir := writeFiles(t, plainModule)
	writeFile(t, filepath.Join(dir, "main.go"), "package main\n\nimport _ \"example.com/nowhere/lib\"\n\nfunc main() {}\n")
	_, err := list(t, dir, "", ".")
	if err == nil || !strings.HasPrefix(err.Error(), "main.go:3:8: no required module provides package") {
		t.Errorf("error is %v", err)
	}
}

func TestErrorsOfTheGoCommandAreOneLine(t *testing.T) {
	_, err := list(t, t.TempDir(), "", ".")
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "go list: ") {
		t.Errorf("error is %v", err)
	}
}

func TestLibraryIsNoProgram(t *testing.T) {
	dir := writeFiles(t, plainModule)
	_, err := list(t, dir, "", "./greet")
	if err == nil || !strings.Contains(err.Error(), "./greet is not a main package") {
		t.Errorf("error is %v", err)
	}
}

func TestBuildFromFilesNeedsThem(t *testing.T) {
	if _, err := list(t, t.TempDir(), ""); err == nil || !strings.Contains(err.Error(), "built from files") {
		t.Errorf("error is %v", err)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b := &Build{Dir: writeFiles(t, plainModule), Packages: []string{"."}}
	if _, err := b.List(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestOverlay(t *testing.T) {
	dir := writeFiles(t, plainModule)
	before, err := list(t, dir, "", ".")
	if err != nil {
		t.Fatal(err)
	}
	edited := filepath.Join(t.TempDir(), "greet.go")
	writeFile(t, edited, "package greet\n\nfunc Hello() string { return \"bye\" }\n")
	overlay, cleanup, err := MergeOverlay("", map[string]string{filepath.Join(dir, "greet/greet.go"): edited})
	if err != nil {
		t.Fatal(err)
	}
	after, err := list(t, dir, overlay, ".")
	if err != nil {
		t.Fatal(err)
	}
	for i := range after {
		changed := before[i].Export != after[i].Export
		if own := !after[i].Standard; changed != own {
			t.Errorf("%s: changed is %v", after[i].ImportPath, changed)
		}
	}
	cleanup()
	if _, err := os.Stat(overlay); !os.IsNotExist(err) {
		t.Errorf("overlay file is left behind: %v", err)
	}
}

func TestMergeOverlay(t *testing.T) {
	user := filepath.Join(t.TempDir(), "overlay.json")
	writeFile(t, user, `{"Replace": {"/src/a.go": "/new/a.go", "/src/gone.go": ""}}`)

	same, _, err := MergeOverlay(user, nil)
	if err != nil || same != user {
		t.Errorf("with nothing to add: %q, %v", same, err)
	}

	file, cleanup, err := MergeOverlay(user, map[string]string{"/src/b.go": "/new/b.go", "/src/gone.go": "/new/gone.go"})
	if err != nil {
		t.Fatal(err)
	}
	defer cleanup()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var merged overlayFile
	if err := json.Unmarshal(data, &merged); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"/src/a.go": "/new/a.go", "/src/b.go": "/new/b.go", "/src/gone.go": "/new/gone.go"}
	if !maps.Equal(merged.Replace, want) {
		t.Errorf("merged is %v, want %v", merged.Replace, want)
	}
	if _, _, err := MergeOverlay("missing.json", map[string]string{"a": "b"}); err == nil {
		t.Error("no error for a missing overlay")
	}
}

func TestToolchain(t *testing.T) {
	ctx := context.Background()
	goroot, version, err := (&Build{}).Toolchain(ctx)
	if err != nil || goroot == "" || version == "" {
		t.Fatalf("toolchain is %q %q, %v", goroot, version, err)
	}
	t.Setenv("GOTOOLCHAIN", "local")
	_, _, err = (&Build{GoVersion: "go1.26.999"}).Toolchain(ctx)
	want := "the program was built with go command go1.26.999, here it is " + version + ": run again with GOTOOLCHAIN=go1.26.999"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}

func TestNoGoCommand(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := list(t, t.TempDir(), "", "."); err == nil || !strings.Contains(err.Error(), "no go command in PATH") {
		t.Errorf("error is %v", err)
	}
}
