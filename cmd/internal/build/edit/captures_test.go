package edit

import (
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// What the compiler says of a captured variable is found by the function that declares it and by its place. Two variables
// of one name that are captured in different ways are told apart by the place, or not at all.
func TestHowCaptured(t *testing.T) {
	line := func(in, name, how string, line, column int) gotool.Escape {
		return gotool.Escape{Package: "p", File: "/src/a.go", Line: line, Column: column, Kind: gotool.Captured, Func: in, Text: name, To: how}
	}
	lines := newCapturedLines([]gotool.Escape{
		line("f", "v", gotool.ByValue, 3, 8), line("f", "v", gotool.ByReference, 5, 2), line("f", "w", gotool.ByReference, 6, 0),
		line("T.m", "v", gotool.ByReference, 9, 1), line("f.func1", "x", gotool.ByValue, 7, 3), line("main", "n", gotool.ByValue, 20, 4),
	})
	for _, c := range []struct {
		closure, name string
		at            spot
		placed        bool
		how           string
	}{
		{"f.func1", "v", spot{"a.go", 3, 8}, true, gotool.ByValue},
		{"f.func1", "v", spot{"a.go", 5, 2}, true, gotool.ByReference},
		{"f.func1", "v", spot{"a.go", 3, 8}, false, ""},
		{"f.func1", "v", spot{"a.go", 4, 8}, true, ""},
		{"f.func1", "w", spot{"a.go", 6, 300}, true, gotool.ByReference},
		{"f.func1.2", "x", spot{"a.go", 7, 3}, true, gotool.ByValue},
		{"f.func1", "x", spot{"a.go", 7, 3}, true, ""},
		{"ff.func1", "v", spot{"a.go", 3, 8}, true, ""},
		{"T.m.func1", "v", spot{"a.go", 9, 1}, true, gotool.ByReference},
		{"main.g.func1", "n", spot{"b.go", 2, 8}, false, gotool.ByValue},
	} {
		if how := lines.how("p", c.closure, c.name, c.at, c.placed); how != c.how {
			t.Errorf("%s of %s at %v: %q, want %q", c.name, c.closure, c.at, how, c.how)
		}
	}
}
