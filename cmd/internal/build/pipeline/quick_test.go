package pipeline

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// quickProgram has a package that another one inlines from, one that embeds a file, and a file that build constraints
// leave out.
const quickProgram = `
-- main.go --
package main

import (
	"fmt"

	"program/mid"
	"program/text"
)

func main() { fmt.Println(mid.Sum(3), text.Of()) }
-- leaf/leaf.go --
package leaf

import "strings"

// Small is inlined.
func Small(n int) int { return n + 1 }

//go:noinline
func Large(n int) string { return strings.Repeat("x", n) }
-- mid/mid.go --
package mid

import "program/leaf"

//go:noinline
func Sum(n int) int { return leaf.Small(n) + len(leaf.Large(n)) }
-- text/text.go --
package text

import _ "embed"

//go:embed text.txt
var text string

//go:noinline
func Of() string { return text }
-- text/text.txt --
text
` + leftOut

// leftOut is a file that is not compiled.
const leftOut = `
-- leaf/other.go --
//go:build never

package leaf

import "errors"

var Left = errors.New("left out")
`

// quickEdits are edits of quickProgram, one after another.
var quickEdits = []struct {
	name, files string
	// direct says that the go command is not needed.
	direct bool
}{
	{"a body", "-- mid/mid.go --\npackage mid\n\nimport \"program/leaf\"\n\n//go:noinline\nfunc Sum(n int) int { return leaf.Small(n) - len(leaf.Large(n)) }\n", true},
	{"one that is inlined elsewhere", "-- leaf/leaf.go --\npackage leaf\n\nimport \"strings\"\n\n// Small is inlined.\nfunc Small(n int) int { return n + 2 }\n\n//go:noinline\nfunc Large(n int) string { return strings.Repeat(\"x\", n) }\n", true},
	{"one that is not, in the same package", "-- leaf/leaf.go --\npackage leaf\n\nimport \"strings\"\n\n// Small is inlined.\nfunc Small(n int) int { return n + 2 }\n\n//go:noinline\nfunc Large(n int) string { return strings.Repeat(\"y\", n) }\n", true},
	{"a declaration that another package uses next", "-- leaf/leaf.go --\npackage leaf\n\nimport \"strings\"\n\n// Small is inlined.\nfunc Small(n int) int { return n + 2 }\n\nconst More = 7\n\n//go:noinline\nfunc Large(n int) string { return strings.Repeat(\"y\", n) }\n", true},
	{"its use", "-- mid/mid.go --\npackage mid\n\nimport \"program/leaf\"\n\n//go:noinline\nfunc Sum(n int) int { return leaf.Small(n) - len(leaf.Large(n)) + leaf.More }\n", true},
	{"an import", "-- mid/mid.go --\npackage mid\n\nimport (\n\t\"os\"\n\n\t\"program/leaf\"\n)\n\n//go:noinline\nfunc Sum(n int) int { return leaf.Small(n) - len(leaf.Large(n)) + os.Getpid() }\n", false},
	{"a file of a package that embeds", "-- text/text.go --\npackage text\n\nimport _ \"embed\"\n\n//go:embed text.txt\nvar text string\n\n//go:noinline\nfunc Of() string { return text + \"!\" }\n", false},
	{"what is embedded", "-- text/text.txt --\nother text\n", false},
	{"a new file", "-- leaf/more.go --\npackage leaf\n\nvar Count = 1\n", false},
	{"a file that was left out", strings.Replace(leftOut, "//go:build never\n", "", 1), false},
	{"the file is left out again", leftOut, false},
	{"a body, with a new variable that has a constant", "-- mid/mid.go --\npackage mid\n\nimport (\n\t\"os\"\n\n\t\"program/leaf\"\n)\n\n//go:noinline\nfunc Sum(n int) int { return leaf.Small(n) - len(leaf.Large(n)) - os.Getpid() }\n", true},
	{"a new variable with an initialiser", "-- leaf/more.go --\npackage leaf\n\nvar Count = 1\n\nvar table = map[string]int{\"a\": 1}\n\nfunc Get(s string) int { return table[s] }\n", false},
	{"a field", "-- mid/mid.go --\npackage mid\n\nimport (\n\t\"os\"\n\n\t\"program/leaf\"\n)\n\ntype pair struct{ a, b int }\n\n//go:noinline\nfunc Sum(n int) int { p := pair{n, 1}; return leaf.Small(p.a) - len(leaf.Large(p.b)) - os.Getpid() }\n", false},
	{"all as it was", quickProgram + "-- leaf/more.go --\npackage leaf\n", false},
}

// What a session compiles without the go command has to be what the go command compiles, for edits in any order.
func TestQuickPlansAsMakePlan(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, quickProgram)
	calls := countGo(t)
	s, err := OpenSession(t.Context(), PlanOptions{Record: record, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.learned(t)
	direct := 0
	for round := range 2 {
		for _, e := range quickEdits {
			testprogram.Overwrite(t, dir, e.files)
			s.settle()
			os.Remove(calls)
			kept, err := s.Plan(t.Context())
			if err != nil {
				t.Fatalf("%s: %v", e.name, err)
			}
			_, err = os.Stat(calls)
			if quick := err != nil; quick != e.direct && round == 0 {
				t.Errorf("%s: without the go command is %t", e.name, quick)
			} else if quick {
				direct++
			}
			anew := planOf(t, dir, record)
			if !reflect.DeepEqual(kept.Changes, anew.Changes) || kept.Empty != anew.Empty || kept.Refused != anew.Refused || !reflect.DeepEqual(kept.Declarations, anew.Declarations) {
				t.Errorf("%s: the session plans\n%+v\nfrom nothing it is\n%+v", e.name, kept.Changes, anew.Changes)
			}
			if !kept.Empty && !kept.Refused {
				if a, b := made(t, kept), made(t, anew); !reflect.DeepEqual(a, b) {
					t.Errorf("%s: the session's patch differs from the one made from nothing", e.name)
				}
			}
			kept.Close()
			s.learned(t)
		}
	}
	if direct < 6 {
		t.Errorf("the go command was not needed %d times", direct)
	}
}

// An edit that does not compile is for the go command to tell, and the next goes on without it.
func TestQuickAfterACompileError(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, quickProgram)
	s, err := OpenSession(t.Context(), PlanOptions{Record: record, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.learned(t)
	testprogram.Overwrite(t, dir, strings.Replace(quickEdits[0].files, "leaf.Small", "leaf.Missing", 1))
	s.settle()
	if _, err := s.Plan(t.Context()); err == nil || !strings.Contains(err.Error(), "leaf.Missing") {
		t.Fatalf("error is %v", err)
	}
	calls := countGo(t)
	testprogram.Overwrite(t, dir, quickEdits[0].files)
	s.settle()
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := os.Stat(calls); p.Empty || err == nil {
		t.Errorf("empty is %t, and the go command ran: %v", p.Empty, err)
	}
}

// Files that are written while a plan is made are not what the next one starts from.
func TestQuickForgetsWhatIsWrittenMeanwhile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, quickProgram)
	file := filepath.Join(dir, "mid", "mid.go")
	write := ""
	s, err := OpenSession(t.Context(), PlanOptions{Record: record, Dir: dir, Progress: func(step string, _, _ int) {
		if write != "" && step == "compiling" {
			if err := os.WriteFile(file, []byte(write), 0o666); err != nil {
				t.Error(err)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.learned(t)
	original, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write = strings.Replace(string(original), "+ len", "- len", 1)
	if p, err := s.Plan(t.Context()); err == nil {
		p.Close()
		t.Error("a plan was made of a tree that changed meanwhile")
	}
	write = ""
	if err := os.WriteFile(file, original, 0o666); err != nil {
		t.Fatal(err)
	}
	s.settle()
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if !p.Empty {
		t.Errorf("the tree is that of the release, and the changes are %v", p.Changes)
	}
}

// learned makes a plan, so that there is something to learn, and learns all.
func (s *Session) learned(t *testing.T) {
	t.Helper()
	s.settle()
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	for s.Learn(t.Context()) {
	}
}

// settle waits until what was written is older than what is done next, as the file system's times have it.
func (s *Session) settle() { time.Sleep(2 * clockTick) }

// countGo puts a go command into PATH that notes its calls in a file.
func countGo(t *testing.T) (calls string) {
	t.Helper()
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	calls = filepath.Join(t.TempDir(), "calls")
	script := "#!/bin/sh\necho \"$1\" >> '" + calls + "'\nexec '" + real + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return calls
}

// Of many packages those are proven that the last save had compiled, also when it was the first since the release.
func TestQuickProvesWhatWasCompiled(t *testing.T) {
	var packages []gotool.Package
	before := map[string]string{}
	own := &gotool.Module{Path: "example.com/app", Main: true}
	for i := range 2 * mostProven {
		path := fmt.Sprintf("example.com/app/p%d", i)
		before[path] = "as released"
		p := gotool.Package{ImportPath: path, BuildID: "as released", Module: own}
		if i == 3 || i == 20 {
			p.BuildID = "edited"
		}
		packages = append(packages, p)
	}
	q := &quick{proven: map[string]bool{}}
	if got, want := q.toProve(before, packages), []string{"example.com/app/p3", "example.com/app/p20"}; !slices.Equal(got, want) {
		t.Errorf("after the first save %v are proven, want %v", got, want)
	}
	q.proven["example.com/app/p3"] = true
	if got := q.toProve(before, packages); !slices.Equal(got, []string{"example.com/app/p20"}) {
		t.Errorf("with one proven, %v are", got)
	}
	if got := q.toProve(before, packages[:mostProven]); len(got) != mostProven-1 {
		t.Errorf("of few packages %v are proven, want all", got)
	}
}
