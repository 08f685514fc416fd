package watch

import (
	"slices"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestRunAgain: what is entered once, or has run, is not said to be live.
func TestRunAgain(t *testing.T) {
	changes := []patch.Change{
		{Symbol: "main.loop", Verdict: rules.StartLoop.Verdict},
		{Symbol: "main.main", Verdict: rules.StartOnly.Verdict, Inlined: []string{"main.routes", "main.step"}},
		{Symbol: "main.limit", Verdict: rules.Keeps},
		{Symbol: "main.unused", Verdict: rules.NotInProgram.Verdict},
		{Symbol: "main.step", Verdict: rules.Applies},
		{Symbol: "main.start", Verdict: rules.CalledOnce.Verdict},
		{Symbol: "main.start", Verdict: rules.Warns},
	}
	names := []string{"main.gone", "main.limit", "main.loop", "main.main", "main.routes", "main.start", "main.step", "main.unused"}
	again, waits := runAgain(names, changes)
	if want := []string{"main.gone", "main.start", "main.step"}; !slices.Equal(again, want) {
		t.Errorf("%q run again, not %q", again, want)
	}
	if want := []string{"main.limit", "main.loop", "main.main", "main.routes"}; !slices.Equal(waits, want) {
		t.Errorf("%q wait, not %q", waits, want)
	}
}

// TestOwnFirst: who takes another version of a dependency sees what is theirs first.
func TestOwnFirst(t *testing.T) {
	packages := []gotool.Package{{Name: "driver", Module: &gotool.Module{}}, {Name: "main", Module: &gotool.Module{Main: true}}, {Name: "store", Module: &gotool.Module{Main: true}}, {Name: "fmt"}}
	got := ownFirst([]string{"driver.Bool", "driver.Conn", "main.(*server).run", "store.open"}, packages)
	if want := []string{"main.(*server).run", "store.open", "driver.Bool", "driver.Conn"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// TestRefusedAgain: a refusal is shown once, and by a line as long as it stays the same.
func TestRefusedAgain(t *testing.T) {
	l := &loop{}
	one := patch.Change{ID: "GS3001", Symbol: "main.state", What: "field n int added", Reason: "main.go:3"}
	two := patch.Change{ID: "GS3003", Symbol: "main.row", What: "field k: int -> string"}
	for _, c := range []struct {
		bad  []patch.Change
		want string
	}{
		{[]patch.Change{one}, ""},
		{[]patch.Change{one}, "as before: main.state field n int added GS3001"},
		{[]patch.Change{one, two}, ""},
		{[]patch.Change{one, two}, "as before: main.state field n int added GS3001 and 1 more"},
		{[]patch.Change{two}, ""},
	} {
		if got := l.refusedAs(c.bad); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
	}
}
