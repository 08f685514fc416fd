package edit

import "testing"

// TestSameInMemory tells types that have another name from those whose values would be misread.
func TestSameInMemory(t *testing.T) {
	for _, c := range []struct {
		was, is string
		want    bool
	}{
		{"a int64", "a int", true},
		{"a uint64", "a uintptr", true},
		{"a E", "a F", true},
		{"a *E", "a *F", true},
		{"a []E", "a []F", true},
		{"a [2]E", "a [2]F", true},
		{"a interface{ M() }", "a interface{ M() }", true},
		{"E; a int", "F; a int", true},
		{"E; a int", "b E; a int", false}, // reflection tells them apart, and so do promoted names
		{"a int64", "a uint64", false},    // a negative one
		{"a int64", "a float64", false},
		{"a int32", "a int", false},
		{"a [2]E", "a [3]F", false},
		{"a *E", "a uintptr", false}, // the collector sees one of them
		{"a *E", "a E", false},
		{"a interface{ M() }", "a interface{ N() }", false},
		{"a int; b E", "b F; a int", false},
		{"a map[string]E", "a map[string]F", false}, // a map has a description of its own
	} {
		if got := SameInMemory(structOf(t, c.was), structOf(t, c.is)); got != c.want {
			t.Errorf("%s -> %s: %t", c.was, c.is, got)
		}
	}
}
