package watch

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

const tree = `
-- main.go --
package main

import (
	_ "embed"

	"program/part"
)

//go:embed data/text.txt
var text string

func main() { println(text, part.Name()) }
-- data/text.txt --
text
-- part/part.go --
package part

func Name() string { return "part" }
-- part/other.go --
//go:build other

package part
-- part/part_test.go --
package part
-- unused/unused.go --
package unused
-- .gitignore --
/part/made.go
/data/made.txt
`

// followed is the tree, and what follows it.
func followed(t *testing.T) (*sources, string) {
	t.Helper()
	dir := testprogram.Write(t, tree)
	c := &gotool.Command{Dir: dir, Packages: []string{"."}}
	s, err := newSources(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	packages, err := c.Build().Resolve(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.follow(packages); err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// next is the next batch.
func (s *sources) next(t *testing.T) batch {
	t.Helper()
	select {
	case b := <-s.batches:
		return b
	case <-time.After(10 * time.Second):
		t.Fatal("no changes are reported")
		return batch{}
	}
}

func TestWhatCounts(t *testing.T) {
	if err := exec.Command("git", "version").Run(); err != nil {
		t.Skip("no git to ask what is ignored")
	}
	s, dir := followed(t)
	if out, err := exec.Command("git", "-C", dir, "init", "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range []struct {
		file, content string
		counts        bool
	}{
		{"part/part.go", "package part\n\nfunc Name() string { return \"x\" }\n", true},
		{"part/part.go", "package part\n\nfunc Name() string { return \"x\" }\n", false}, // the same again
		{"part/other.go", "//go:build other\n\npackage part\n\nvar x int\n", false},
		{"part/other.go", "package part\n\nvar x int\n", true}, // has lost its constraint
		{"part/part_test.go", "package part\n\nvar y int\n", false},
		{"part/new.go", "package part\n\nvar z int\n", true},
		{"part/new_windows.go", "package part\n\nvar w int\n", false},
		{"part/made.go", "package part\n\nvar made int\n", false},
		{"part/.part.go.swp", "x", false},
		{"part/notes.txt", "x", false},
		{"data/text.txt", "other text\n", true},
		{"data/new.txt", "new\n", true},
		{"data/made.txt", "made\n", false},
		{"unused/unused.go", "package unused\n\nvar x int\n", false},
		{"go.mod", "module program\n\ngo 1.26\n", true},
	} {
		path := filepath.Join(dir, filepath.FromSlash(c.file))
		if err := os.WriteFile(path, []byte(c.content), 0o666); err != nil {
			t.Fatal(err)
		}
		if got := s.changed(batch{paths: map[string]bool{path: true}}); got != c.counts {
			t.Errorf("%s counts: %t", c.file, got)
		}
	}
}

// Editors write in steps, or write another file and rename it.
func TestOneSaveIsOneBatch(t *testing.T) {
	s, dir := followed(t)
	file := filepath.Join(dir, "part", "part.go")
	for _, text := range []string{"", "package part\n", "package part\n\nfunc Name() string { return \"1\" }\n"} {
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	b := s.next(t)
	if !b.paths[file] || !s.changed(b) {
		t.Errorf("batch %v", b)
	}
	aside := filepath.Join(dir, "part", "part.go.tmp")
	if err := os.WriteFile(aside, []byte("package part\n\nfunc Name() string { return \"2\" }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(aside, file); err != nil {
		t.Fatal(err)
	}
	for changed := false; !changed; {
		b = s.next(t)
		changed = s.changed(b)
	}
	if !b.paths[file] {
		t.Errorf("batch %v", b)
	}
}

// Another branch removes directories and makes them again.
func TestDirectoryMadeAgain(t *testing.T) {
	s, dir := followed(t)
	part := filepath.Join(dir, "part")
	if err := os.RemoveAll(part); err != nil {
		t.Fatal(err)
	}
	b := s.next(t)
	if !s.changed(b) {
		t.Errorf("the removal does not count: %v", b)
	}
	testprogram.Overwrite(t, dir, "-- part/part.go --\npackage part\n\nfunc Name() string { return \"again\" }\n")
	for again := false; !again; {
		b = s.next(t)
		again = s.changed(b)
	}
	if err := os.WriteFile(filepath.Join(part, "part.go"), []byte("package part\n\nfunc Name() string { return \"later\" }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for later := false; !later; {
		b = s.next(t)
		later = s.changed(b) && b.paths[filepath.Join(part, "part.go")]
	}
}

// A package is imported before it is made, and again before it compiles.
func TestPackageThatIsMadeAfterItsImport(t *testing.T) {
	s, dir := followed(t)
	testprogram.Overwrite(t, dir, "-- part/part.go --\npackage part\n\nimport \"program/deep/made\"\n\nfunc Name() string { return made.Name }\n")
	for b := s.next(t); !s.changed(b); b = s.next(t) {
	}
	if err := s.followImports(); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"package made\n\nvar Name = missing\n", "package made\n\nvar Name = \"made\"\n"} {
		testprogram.Overwrite(t, dir, "-- deep/made/made.go --\n"+text)
		for b := s.next(t); !s.changed(b); b = s.next(t) {
		}
		if err := s.followImports(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "deep", "other.go"), []byte("package deep\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if s.changed(batch{paths: map[string]bool{filepath.Join(dir, "deep", "other.go"): true}}) {
		t.Error("a package that nothing imports counts")
	}
}
