package release

import (
	"slices"
	"testing"
)

// Who leads to a function is the call graph the other way round, with functions that lead to themselves, to nothing, and
// to which nothing leads.
func TestReverse(t *testing.T) {
	r := &Record{Symbols: []Symbol{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}}}
	r.Calls = CallGraph{Start: []uint32{0, 3, 4, 4, 5}, List: []uint32{0, 1, 2, 2, 0}}
	reversed := r.Reverse()
	for i := range r.Symbols {
		callee := &r.Symbols[i]
		var want []string
		for j := range r.Symbols {
			if slices.Contains(r.Callees(&r.Symbols[j]), callee) {
				want = append(want, r.Symbols[j].Name)
			}
		}
		var got []string
		for _, s := range reversed.Callers(callee) {
			got = append(got, s.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("callers of %s are %v, want %v", callee.Name, got, want)
		}
	}
	if got := reversed.Callers(&Symbol{Name: "unknown"}); got != nil {
		t.Errorf("callers of an unknown function are %v", got)
	}
	if got := (&Record{Symbols: r.Symbols}).Reverse().Callers(&r.Symbols[0]); got != nil {
		t.Errorf("without a call graph callers are %v", got)
	}
}

// A call graph that leads to no symbols is not read.
func TestCallGraphIsChecked(t *testing.T) {
	good := CallGraph{Start: []uint32{0, 1, 3}, List: []uint32{1, 0, 1}}
	if err := good.check(2); err != nil {
		t.Error(err)
	}
	if err := new(CallGraph).check(2); err != nil {
		t.Errorf("none: %v", err)
	}
	for name, g := range map[string]CallGraph{
		"symbols without callees":  {Start: []uint32{0, 3}, List: []uint32{1, 0, 1}},
		"callees without symbols":  {List: []uint32{1}},
		"less than there is":       {Start: []uint32{0, 1, 2}, List: []uint32{1, 0, 1}},
		"more than there is":       {Start: []uint32{0, 1, 4}, List: []uint32{1, 0, 1}},
		"not from the start":       {Start: []uint32{1, 1, 3}, List: []uint32{1, 0, 1}},
		"backwards":                {Start: []uint32{0, 4, 3}, List: []uint32{1, 0, 1}},
		"a symbol that is not one": {Start: []uint32{0, 1, 3}, List: []uint32{1, 0, 2}},
		"not ascending":            {Start: []uint32{0, 1, 3}, List: []uint32{1, 1, 0}},
	} {
		if g.check(2) == nil {
			t.Errorf("%s: nothing is said", name)
		}
	}
}
