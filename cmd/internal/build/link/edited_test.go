package link_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/image"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// edited is a program, an edit of it, and the patch that leads from one to the other.
type edited struct {
	t      *testing.T
	dir    string // the edited tree
	record *release.Record
	host   *image.File
	patch  *patch.Patch
}

// edit builds and records a program, edits it, and makes the patch.
func edit(t *testing.T, before, after string) *edited {
	t.Helper()
	e := recorded(t, before)
	e.patch = e.patchFor(t, after)
	return e
}

// patchFor makes the patch that leads to an edited tree.
func (e *edited) patchFor(t *testing.T, after string) *patch.Patch {
	t.Helper()
	testprogram.Overwrite(t, e.dir, after)
	plan, err := pipeline.MakePlan(context.Background(), pipeline.PlanOptions{Record: e.host.Path + ".gsr", Dir: e.dir})
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

// recorded builds a program and its record.
func recorded(t *testing.T, program string) *edited {
	t.Helper()
	e := &edited{t: t, dir: testprogram.Write(t, program)}
	binary := testprogram.Build{Dir: e.dir}.Program(t)
	_, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: binary, Dir: e.dir})
	if err != nil {
		t.Fatal(err)
	}
	if e.record, err = release.Read(binary + ".gsr"); err != nil {
		t.Fatal(err)
	}
	e.host = e.open(binary)
	return e
}

func (e *edited) open(binary string) *image.File {
	e.t.Helper()
	rel, err := gorelease.Of(e.record.Release.GoVersion)
	if err != nil {
		e.t.Fatal(err)
	}
	f, err := image.Open(binary, rel)
	if err != nil {
		e.t.Fatal(err)
	}
	return f
}

// full is the edited program as the go command builds it.
func (e *edited) full() *image.File {
	e.t.Helper()
	return e.open(testprogram.Build{Dir: e.dir}.Program(e.t))
}

// contents lists what is in a patch, one thing a line: "func main.f", "redirect main.f", "var main.x",
// "type main.T", "itab main.T,main.I", "fill main.T M", "init var x of program".
func contents(p *patch.Patch) []string {
	var out []string
	add := func(kind, name string) { out = append(out, kind+" "+name) }
	for _, f := range p.Funcs {
		name := f.Name
		if f.ABI == 0 {
			name += "<0>"
		}
		add("func", name)
	}
	for _, r := range p.Redirects {
		add("redirect", p.Funcs[r.Func].Name)
	}
	for _, s := range p.Symbols {
		add(s.Kind, strings.TrimSuffix(strings.TrimPrefix(s.Name, "type:"), "<0>"))
	}
	for _, i := range p.Itabs {
		add("itab", i.Name)
	}
	for _, f := range p.Fills {
		add("fill", strings.TrimPrefix(f.Name, "type:"))
	}
	for _, i := range p.Inits {
		add("init", i.Name)
	}
	return out
}

// expect looks for things in a patch. One that begins with "!" must not be there; one that ends
// with "*" stands for all that begin so.
func expect(t *testing.T, p *patch.Patch, wants ...string) {
	t.Helper()
	have := contents(p)
	for _, want := range wants {
		pattern, absent := strings.CutPrefix(want, "!")
		matches := func(s string) bool { return s == pattern }
		if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
			matches = func(s string) bool { return strings.HasPrefix(s, prefix) }
		}
		if slices.ContainsFunc(have, matches) == absent {
			t.Errorf("not as it should be: %s\nThe patch holds:\n  %s", want, strings.Join(have, "\n  "))
		}
	}
}

// replace makes an edit. What is replaced has to be there once.
func replace(t *testing.T, text, old, new string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q is there %d times", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, new, 1)
}
