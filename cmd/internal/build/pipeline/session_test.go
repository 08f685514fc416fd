package pipeline

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

const sessionProgram = `
-- main.go --
package main

import (
	"fmt"
	"net/http"

	"program/score"
)

func main() {
	fmt.Println(score.Of("a"), http.StatusText(200))
}
-- score/score.go --
package score

import "sync/atomic"

var last atomic.Pointer[string]

const factor = 1

//go:noinline
func Of(name string) int {
	last.CompareAndSwap(nil, &name)
	return len(name) * factor
}
-- score/other.go --
//go:build never

package score

var other = map[string]int{}
`

// sessionEdits are saves one after another, with what has changed since the release.
var sessionEdits = []struct {
	name, files  string
	declarations []string
}{
	{"a body", "-- score/score.go --\npackage score\n\nimport \"sync/atomic\"\n\nvar last atomic.Pointer[string]\n\nconst factor = 1\n\n//go:noinline\nfunc Of(name string) int {\n\tlast.CompareAndSwap(nil, &name)\n\treturn len(name)*factor + 100\n}\n",
		[]string{"score.Of"}},
	{"a constant, and a variable with an initialiser", "-- score/score.go --\npackage score\n\nimport \"sync/atomic\"\n\nvar last atomic.Pointer[string]\n\nvar seen = map[string]int{}\n\nconst factor = 7\n\n//go:noinline\nfunc Of(name string) int {\n\tlast.CompareAndSwap(nil, &name)\n\tseen[name]++\n\treturn len(name)*factor + seen[name]\n}\n",
		[]string{"score.Of", "score.factor", "score.seen"}},
	{"another package", "-- main.go --\npackage main\n\nimport (\n\t\"fmt\"\n\t\"net/http\"\n\n\t\"program/score\"\n)\n\nfunc main() {\n\tfmt.Println(score.Of(\"b\"), http.StatusText(200))\n}\n",
		[]string{"main.main", "score.Of", "score.factor", "score.seen"}},
	{"back to the release", sessionProgram, nil},
}

// A session takes directives for edits that are still to come; a package that is not there never comes.
func TestSessionAwaitsDirectives(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, sessionProgram)
	o := PlanOptions{Record: record, Dir: dir, Awaited: true, Directives: []edit.Directive{
		{Verb: "renamed", Package: "program/score", Old: "last", Name: "latest"}, {Verb: "fresh", Package: "main", Name: "limit"},
	}}
	s, err := OpenSession(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	plan, err := s.Plan(t.Context())
	if err != nil || !plan.Empty {
		t.Fatalf("the release: %v, %+v", err, plan)
	}
	plan.Close()
	testprogram.Overwrite(t, dir, strings.ReplaceAll(sessionEdits[0].files, "last", "latest"))
	if plan, err = s.Plan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if plan.Refused || !slices.ContainsFunc(plan.Changes, func(c patch.Change) bool { return c.What == "renamed from last" }) {
		t.Errorf("with the new name: %+v", plan.Changes)
	}
	plan.Close()
	for _, d := range []edit.Directive{{Verb: "renamed", Package: "program/scores", Old: "last", Name: "latest"}, {Verb: "fresh", Package: "strings", Name: "x"}} {
		o.Directives = []edit.Directive{d}
		wrong, err := OpenSession(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wrong.Plan(t.Context()); !errors.As(err, new(*edit.UnmatchedError)) {
			t.Errorf("%v: error %v", d, err)
		}
		wrong.Close()
	}
}

// Plans of a session have to be those that are made from nothing.
func TestSessionPlansAsMakePlan(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, sessionProgram)
	s, err := OpenSession(t.Context(), PlanOptions{Record: record, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, e := range slices.Concat(sessionEdits, sessionEdits) {
		testprogram.Overwrite(t, dir, e.files)
		kept, err := s.Plan(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		anew := planOf(t, dir, record)
		if !reflect.DeepEqual(kept.Changes, anew.Changes) || kept.Empty != anew.Empty || kept.Refused != anew.Refused {
			t.Errorf("%s: the session plans %+v, from nothing it is %+v", e.name, kept.Changes, anew.Changes)
		}
		if got := slices.Sorted(maps.Keys(kept.Declarations)); !slices.Equal(got, e.declarations) {
			t.Errorf("%s: declarations are %v, want %v", e.name, got, e.declarations)
		}
		if kept.Empty != (e.declarations == nil) {
			t.Errorf("%s: empty is %t", e.name, kept.Empty)
		}
		if !kept.Empty {
			if a, b := made(t, kept), made(t, anew); !reflect.DeepEqual(a, b) {
				t.Errorf("%s: the session's patch differs from the one made from nothing", e.name)
			}
		}
		kept.Close()
	}
}

// made is the patch of a plan, without the time.
func made(t *testing.T, plan *Plan) *patch.Patch {
	t.Helper()
	p, err := plan.Patch(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	p.Made = ""
	return p
}

// A file that is written between compiling and reading must not get into a plan by half.
func TestSessionNoticesWritesWhileItPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, sessionProgram)
	file := filepath.Join(dir, "score", "score.go")
	write := false
	s, err := OpenSession(t.Context(), PlanOptions{Record: record, Dir: dir, Progress: func(step string, _, _ int) {
		if write && step == "loading objects" {
			at := time.Now().Add(time.Minute)
			if err := os.Chtimes(file, at, at); err != nil {
				t.Error(err)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write = true
	if p, err := s.Plan(t.Context()); !errors.Is(err, ErrChanging) {
		t.Errorf("plan %v, %v", p, err)
	}
	write = false
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
}

// After an edit that does not compile a session goes on.
func TestSessionAfterACompileError(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, sessionProgram)
	s, err := OpenSession(t.Context(), PlanOptions{Record: record, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	testprogram.Overwrite(t, dir, "-- score/score.go --\npackage score\n\nfunc Of(name string) int { return missing }\n")
	var wrong *gotool.CompileError
	if _, err := s.Plan(t.Context()); !errors.As(err, &wrong) {
		t.Errorf("error is %v", err)
	}
	testprogram.Overwrite(t, dir, sessionEdits[0].files)
	p, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.Empty || p.Refused {
		t.Errorf("changes are %v", p.Changes)
	}
}

// recorded writes, builds and records a program.
func recorded(t *testing.T, files string) (dir, record string) {
	t.Helper()
	dir = testprogram.Write(t, files)
	binary := testprogram.Build{Dir: dir}.Program(t)
	if _, err := MakeRecord(t.Context(), RecordOptions{Binary: binary, Dir: dir}); err != nil {
		t.Fatal(err)
	}
	return dir, binary + ".gsr"
}

// What a save takes is mostly the go command, so a plan of a session runs it once.
func TestSessionRunsTheGoCommandOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, sessionProgram)
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	script := "#!/bin/sh\necho \"$1\" >> '" + calls + "'\nexec '" + real + "' \"$@\"\n"
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	s, err := OpenSession(t.Context(), PlanOptions{Record: record, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, e := range sessionEdits[:2] {
		os.Remove(calls)
		testprogram.Overwrite(t, dir, e.files)
		p, err := s.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Close()
		if got, err := os.ReadFile(calls); err != nil || string(got) != "list\n" {
			t.Errorf("%s: the go command was run for %q, %v", e.name, got, err)
		}
	}
}
