package rules

import (
	"testing"

	"github.com/gosplice/gosplice/internal/edit"
	"github.com/gosplice/gosplice/internal/release"
)

// TestTrap09MergedBody: a linker that folds identical functions gives several names one body. A jump
// over it would take all of them along, so the edit of one is refused.
func TestTrap09MergedBody(t *testing.T) {
	j := &judge{}
	f := &edit.Function{Old: &release.Symbol{Name: "main.f", Merged: true}}
	if r, what, detail, bad := j.untouchable(f); !bad || r.Verdict != Refused || what == "" || detail == "" {
		t.Errorf("a merged body is judged %v %q %q %v", r, what, detail, bad)
	}
	f.Old.Merged = false
	if r, _, _, bad := j.untouchable(f); bad {
		t.Errorf("a body of its own is judged %v", r)
	}
}
