package corpus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
)

// TestReleases moves programs that use modules of other people from each of their versions to the next, as they were
// released, for the modules whose paths match GOSPLICE_RELEASES. It needs a module proxy.
//
// A plan may refuse a step. It may not end in an error but that of the compiler, and a program to which a patch was
// applied goes on, and gives the answers of the release again after a rollback.
func TestReleases(t *testing.T) {
	pattern := os.Getenv("GOSPLICE_RELEASES")
	if pattern == "" {
		t.Skip("GOSPLICE_RELEASES is not set")
	}
	which, err := regexp.Compile(pattern)
	if err != nil {
		t.Fatal(err)
	}
	a, err := txtar.ParseFile("testdata/releases/programs.txtar")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, f := range a.Files {
		words := strings.Fields(f.Name)
		module, versions := words[0], words[1:]
		if !which.MatchString(module) {
			continue
		}
		for i := range len(versions) - 1 {
			step := releaseStep{module, versions[i], versions[i+1], f.Data}
			t.Run(strings.ReplaceAll(module, "/", "_")+"@"+step.from, func(t *testing.T) { count[step.run(t)]++ })
		}
	}
	if len(count) == 0 {
		t.Fatalf("no module matches %s", pattern)
	}
	t.Log(count)
}

// releaseStep is a program that uses a module, of which it gets another version.
type releaseStep struct {
	module, from, to string
	main             []byte
}

// run returns what came of the step.
func (s releaseStep) run(t *testing.T) string {
	version := func(v string) []byte { return fmt.Appendf(nil, "require %s %s\n", s.module, v) }
	sc := &scenario.Scenario{
		Name:    path.Base(s.module),
		Program: map[string][]byte{"main.go": s.main, "go.mod": version(s.from)},
		Edits:   map[string]map[string][]byte{},
	}
	b := s.build(t, sc)
	r := newRun(t, sc, b, dimensions[0])
	before := r.answers()
	// Not go get, which asks the proxy for newer versions of all modules, and gosplice may not be there.
	goCommand(t, b.dir, "mod", "edit", "-require="+s.module+"@"+s.to)
	goCommand(t, b.dir, "mod", "tidy")
	p, err := pipeline.MakePlan(context.Background(), pipeline.PlanOptions{Record: b.record, Dir: b.dir, Dependencies: true})
	if c := (*gotool.CompileError)(nil); errors.As(err, &c) {
		t.Logf("%s -> %s does not compile: %v", s.from, s.to, err)
		return "does not compile"
	}
	if err != nil {
		t.Fatalf("%s -> %s: %v", s.from, s.to, err)
	}
	r.plan = p
	defer r.closePlan()
	all := changes(p.Changes)
	t.Logf("%s -> %s:\n%s", s.from, s.to, all)
	switch {
	case strings.Contains(all, "internal:"):
		t.Fatal("the plan says that it can't be made")
	case p.Refused:
		return "refused"
	case p.Empty:
		return "empty"
	}
	if err := r.apply(""); err != nil {
		t.Fatal(err)
	}
	r.answers()
	if err := r.rollback(""); err != nil {
		t.Fatal(err)
	}
	if after := r.answers(); !slices.Equal(before, after) {
		t.Errorf("after the rollback the program says %q, and said %q", after, before)
	}
	return "applied"
}

// build builds the program as people do, with a go.sum.
func (s releaseStep) build(t *testing.T, sc *scenario.Scenario) built {
	t.Helper()
	first := t.TempDir()
	if err := lay(sc, first, "-"); err != nil {
		t.Fatal(err)
	}
	goCommand(t, first, "mod", "tidy")
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(first + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.mod" { // what all programs have is added to it
			_, rest, _ := strings.Cut(string(b), "=> "+module+"\n")
			b = []byte(rest)
		}
		sc.Program[name] = b
	}
	return build(t, sc)
}

// answers are what the program says to a number of requests.
func (r *run) answers() (out []string) {
	r.t.Helper()
	for range 8 {
		got, err := r.p.call("again")
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, got)
	}
	if _, err := r.p.call("!gc"); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
