package watch

import (
	"slices"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestRunAgain: what is entered once, or has run, is not said to be live.
func TestRunAgain(t *testing.T) {
	changes := []patch.Change{
		{Symbol: "main.loop", Verdict: rules.StartLoop.Verdict},
		{Symbol: "main.main", Verdict: rules.StartOnly.Verdict},
		{Symbol: "main.limit", Verdict: rules.Keeps},
		{Symbol: "main.unused", Verdict: rules.NotInProgram.Verdict},
		{Symbol: "main.step", Verdict: rules.Applies},
		{Symbol: "main.start", Verdict: rules.CalledOnce.Verdict},
		{Symbol: "main.start", Verdict: rules.Warns},
	}
	names := []string{"main.gone", "main.limit", "main.loop", "main.main", "main.start", "main.step", "main.unused"}
	if got, want := runAgain(names, changes), []string{"main.gone", "main.start", "main.step"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
