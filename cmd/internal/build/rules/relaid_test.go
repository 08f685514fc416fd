package rules

import (
	"go/types"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestRelaidArguments: a function whose arguments have another size since a type is laid out anew has no line of its own,
// unless nothing refuses the type.
func TestRelaidArguments(t *testing.T) {
	relaid := edit.Type{Name: "wrapped", Old: types.NewStruct(nil, nil), New: types.NewStruct(nil, nil)}
	for _, c := range []struct {
		name     string
		was, is  string
		types    []edit.Type
		refused  bool
		folded   bool
		lines    int
		refusals bool
	}{
		{"the same types", "24 main.wrapped> error", "32 main.wrapped> error", []edit.Type{relaid}, true, true, 0, true},
		{"a result first", "24> main.wrapped", "32> main.wrapped", []edit.Type{relaid}, true, true, 0, true},
		{"other types", "24 main.wrapped", "32 main.wrapped int", []edit.Type{relaid}, true, false, 0, true},
		{"not known", "", "", []edit.Type{relaid}, true, false, 0, true},
		{"no type", "24 main.wrapped", "32 main.wrapped", nil, true, false, 0, true},
		{"nothing refused", "24 main.wrapped", "32 main.wrapped", []edit.Type{relaid}, false, true, 1, true},
	} {
		j := &judge{e: &edit.Edit{Types: c.types}, v: &Verdict{Refused: c.refused}}
		f := &edit.Function{OldSig: c.was, NewSig: c.is}
		if got := j.takesRelaid(f, patch.Change{Symbol: "main.wrapped.Close"}); got != c.folded {
			t.Errorf("%s: folded %t", c.name, got)
		}
		j.unfold()
		if len(j.v.Changes) != c.lines || j.v.Refused != c.refusals {
			t.Errorf("%s: %d lines, refused %t", c.name, len(j.v.Changes), j.v.Refused)
		}
	}
}
