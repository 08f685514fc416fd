package rules

import (
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// TestTrap09MergedBody: a linker that folds identical functions gives several names one body. A jump
// over it would take all of them along, so the edit of one is refused.
func TestTrap09MergedBody(t *testing.T) {
	j := &judge{}
	f := &edit.Function{Old: &release.Symbol{Name: "main.f", Merged: true}}
	if u := j.untouchable(f); u == nil || u.rule.Verdict != Refused || u.what == "" || u.reason == "" {
		t.Errorf("a merged body is judged %+v", u)
	}
	f.Old.Merged = false
	if u := j.untouchable(f); u != nil {
		t.Errorf("a body of its own is judged %+v", u)
	}
}
