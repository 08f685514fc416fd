package release_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// lookupProgram uses the packages of the standard library that have cgo parts.
const lookupProgram = `-- main.go --
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
)

func main() {
	if len(os.Args) > 1 {
		http.ListenAndServe(os.Args[1], http.HandlerFunc(answer))
	}
}

func answer(w http.ResponseWriter, r *http.Request) {
	u, err := user.Lookup(r.URL.Path)
	addrs, err2 := net.LookupHost(r.Host)
	fmt.Fprintln(w, u, err, addrs, err2)
}
`

// lookupEdit changes one function of lookupProgram.
var lookupEdit = strings.Replace(lookupProgram, "fmt.Fprintln(w, u, err, addrs, err2)", "fmt.Fprintln(w, len(addrs), u, err, err2)", 1)

type buildKind struct {
	cgo, trimpath, stripped bool
}

func (k buildKind) String() string {
	words := []string{"static"}
	if k.cgo {
		words[0] = "cgo"
	}
	if k.trimpath {
		words = append(words, "trimpath")
	}
	if k.stripped {
		words = append(words, "stripped")
	}
	return strings.Join(words, "-")
}

func (k buildKind) build(dir string) testprogram.Build {
	b := testprogram.Build{Dir: dir, Env: []string{"CGO_ENABLED=0"}}
	if k.cgo {
		b.Env[0] = "CGO_ENABLED=1"
	}
	if k.trimpath {
		b.Args = append(b.Args, "-trimpath")
	}
	if k.stripped {
		b.Args = append(b.Args, "-ldflags=-s -w")
	}
	return b
}

func buildKinds() (kinds []buildKind) {
	for i := range 8 {
		kinds = append(kinds, buildKind{i&1 != 0, i&2 != 0, i&4 != 0})
	}
	return kinds
}

// TestKindsOfBuilds records and patches a program in every way in which it is commonly built.
func TestKindsOfBuilds(t *testing.T) {
	for i, k := range buildKinds() {
		t.Run(k.String(), func(t *testing.T) {
			if testing.Short() && i != 0 && i != 7 {
				t.Skip("one of the kinds between")
			}
			dir := testprogram.Write(t, lookupProgram)
			record := recordFile(t, k.build(dir).Program(t), dir)
			testprogram.Overwrite(t, dir, lookupEdit)
			onlyAnswer(t, makePatch(t, record, dir))
		})
	}
}

// TestPatchFromAnotherDirectory makes the patch in a copy of the tree.
func TestPatchFromAnotherDirectory(t *testing.T) {
	for _, k := range []buildKind{{cgo: true}, {trimpath: true, stripped: true}} {
		t.Run(k.String(), func(t *testing.T) {
			dir := testprogram.Write(t, lookupProgram)
			record := recordFile(t, k.build(dir).Program(t), dir)
			onlyAnswer(t, makePatch(t, record, testprogram.Write(t, lookupEdit)))
		})
	}
}

// TestRecordLaterAndElsewhere makes record and patch in other directories than the program, and
// compiles everything again.
func TestRecordLaterAndElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library")
	}
	binary := buildKind{cgo: true}.build(testprogram.Write(t, lookupProgram)).Program(t)
	t.Setenv("GOCACHE", t.TempDir())
	record := recordFile(t, binary, testprogram.Write(t, lookupProgram))
	onlyAnswer(t, makePatch(t, record, testprogram.Write(t, lookupEdit)))
}

// recordFile makes the record of a program.
func recordFile(t *testing.T, binary, dir string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "record.gsr")
	s, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: binary, Dir: dir, Out: out})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d functions in %d packages verified, %d bytes of machine code; the record has %d bytes", s.Functions, s.Packages, s.TextBytes, s.Size)
	return out
}

// makePatch makes the patch that leads from a release to the tree in dir.
func makePatch(t *testing.T, record, dir string) *patch.Patch {
	t.Helper()
	plan, err := pipeline.MakePlan(context.Background(), pipeline.PlanOptions{Record: record, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Close()
	p, err := plan.Patch(context.Background(), "1.0.1")
	if err != nil {
		t.Fatalf("%v\n%v", err, plan.Changes)
	}
	return p
}

// onlyAnswer checks that a patch replaces the function that was edited and nothing else.
func onlyAnswer(t *testing.T, p *patch.Patch) {
	t.Helper()
	var names []string
	for _, r := range p.Redirects {
		names = append(names, p.Funcs[r.Func].Name)
	}
	if got := strings.Join(names, " "); got != "main.answer" {
		t.Errorf("the patch replaces %q, not main.answer alone", got)
	}
	t.Logf("the patch has %d functions in an image of %d bytes", len(p.Funcs), len(p.Image.Bytes))
}
