package link_test

import (
	"testing"
)

// traced has functions with everything that a function table describes.
const traced = `-- main.go --
package main

import "program/far"

type point struct {
	x, y int
	next *point
}

func (p point) sum() int { return p.x + p.y }

type summer interface{ sum() int }

//go:noinline
func fail(n int) int {
	if n > 100 {
		panic("large")
	}
	return n
}

func inner(n int) int { return fail(n) * 3 }

func middle(n int) int {
	if n == 7 {
		return 0
	}
	return inner(n) + inner(n+1)
}

//go:noinline
func outer(n int) (total int) {
	defer func() {
		if r := recover(); r != nil {
			total = -1
		}
	}()
	points := [...]point{{x: n}, {y: n}}
	for i := range points {
		points[i].next = &points[0]
		total += middle(points[i].sum()) + far.Away(n)
	}
	return total
}

//go:noinline
func choose(n int, s string, more ...summer) string {
	var parts [10]string
	for i, m := range more {
		parts[i%10] = s[:m.sum()%len(s)]
	}
	switch n {
	case 0:
		return "a" + parts[0]
	case 1:
		return "b" + parts[1]
	case 2:
		return "c" + parts[2]
	case 3:
		return "d"
	case 4:
		return "e"
	case 5:
		return "f"
	case 6:
		return "g"
	case 7:
		return "h"
	case 8:
		return "i"
	}
	return ""
}

//go:noinline
func start(n int) {
	done := make(chan *point)
	go func() { done <- &point{x: n} }()
	defer close(done)
	println((<-done).x)
}

//go:noinline
func apply[T any](x T, f func(T) int) int { return f(x) + 1 }

func main() {
	println(outer(3), choose(4, "abc", point{x: 1}))
	println(apply(1, inner), apply("s", func(s string) int { return len(s) }))
	start(1)
}
-- far/far.go --
package far

func Away(n int) int { return twice(n) + 1 }

func twice(n int) int { return n << 1 }
`

// tracedEdit changes every function, so that all are in the image.
func tracedEdit(t *testing.T) string {
	after := traced
	for _, e := range [][2]string{
		{"return n\n}\n\nfunc inner", "return n + 1\n}\n\nfunc inner"},
		{"* 3", "* 5"},
		{"total = -1", "total = -n"},
		{`return "i"`, `return "j" + s`},
		{"close(done)", "close(done)\n\tdefer println(n)"},
		{"f(x) + 1", "f(x) + 2"},
		{"n << 1", "n << 2"},
		{"p.x + p.y", "p.x - p.y"},
		{"done <- &point{x: n}", "done <- &point{x: -n}"},
	} {
		after = replace(t, after, e[0], e[1])
	}
	return after
}

// TestFunctionTable compares what the image's function table says of every function with what the
// full build of the edited program says: names, files, lines, inlined calls, stacks.
func TestFunctionTable(t *testing.T) {
	e := edit(t, traced, tracedEdit(t))
	image, _ := e.load()
	got := newFunctable(image, newFunctable(programMemory(t, e.host), nil)).functions()
	want := newFunctable(programMemory(t, e.full()), nil).functions()
	if len(got) != len(e.patch.Funcs) {
		t.Errorf("the table lists %d functions, the patch %d", len(got), len(e.patch.Funcs))
	}
	for _, f := range e.patch.Funcs {
		g, w := got[f.Name], want[f.Name]
		if g == nil || w == nil {
			t.Errorf("%s is in the image's table: %v, in the full program's: %v", f.Name, g != nil, w != nil)
			continue
		}
		compareFunction(t, g, w, f.Size)
	}
	for _, name := range []string{"main.fail", "main.outer", "main.outer.func1", "main.choose", "main.start", "main.start.func1", "main.start.deferwrap2", "main.apply[go.shape.int]", "main.apply[go.shape.string]", "main.point.sum"} {
		if got[name] == nil {
			t.Errorf("%s was to be in the image", name)
		}
	}
}

func compareFunction(t *testing.T, got, want *function, size uint64) {
	t.Helper()
	if g, w := got.head(), want.head(); g != w {
		t.Errorf("%s: %s\nfull program: %s", got.name, g, w)
	}
	for i := range max(got.nfuncdata(), want.nfuncdata()) {
		if g, w := got.content(i), want.content(i); g != w {
			t.Errorf("%s: table %d: %s\nfull program: %s", got.name, i, g, w)
		}
	}
	for pc := range uint32(size) {
		if g, w := got.describe(pc), want.describe(pc); g != w {
			t.Errorf("%s+%#x: %s\nfull program: %s", got.name, pc, g, w)
			return
		}
		if f := got.table.find(got.entry + uint64(pc)); f != got.entry {
			t.Errorf("%s+%#x is found at %#x, not at %#x", got.name, pc, f, got.entry)
			return
		}
	}
}
