package gotool

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestParseEscapes(t *testing.T) {
	const messages = "# example.com/a\n" +
		"./a.go:3:8: can inline f with cost 3 as: func(*T) { last = p }\n" +
		"./a.go:3:8: parameter p leaks to {heap} for (*T).f with derefs=1:\n" +
		"./a.go:3:8:   flow: {heap} ← *p:\n" +
		"./a.go:3:8:     from last = p (assign) at ./a.go:4:7\n" +
		"./a.go:3:9: parameter q leaks to ~r0 for f[go.shape.int] with derefs=0:\n" +
		"./a.go:3:8: leaking param content: p\n" +
		"./a.go:3:9: leaking param: q to result ~r0 level=2\n" +
		"./a.go:3:10: mutates param: b derefs=0\n" +
		"./a.go:3:11: calls param: f derefs=1\n" +
		"./a.go:4:2: x escapes to heap in g.func1:\n" +
		"./a.go:4:2:   flow: {heap} ← &x:\n" +
		"./a.go:4:2:     from &x (address-of) at ./a.go:5:3\n" +
		"./a.go:4:2:     from f(&x) (call parameter) at /elsewhere/b.go:5:4\n" +
		"./a.go:4:2: moved to heap: x\n" +
		"./a.go:4:3: t escapes to heap in all.func1#s4obnG1cEaI=#:\n" +
		"./a.go:5:9: &T{...} escapes to heap\n" +
		"./a.go:5:9: \"a: 1:2: b\" escapes to heap in g:\n" +
		"./a.go:6:1: ([]byte)(s) does not escape\n" +
		"./a.go:6:1: zero-copy string->[]byte conversion\n" +
		"./a.go:6:2: p does not escape, mutate, or call\n" +
		"./a.go:7:7: T.maker capturing by ref: t (addr=true assign=false width=48)\n" +
		"./a.go:7:18: all.func1#s4obnG1cEaI=# capturing by value: k (addr=false assign=false width=8)\n" +
		"./a.go:7:18: all.func1#s4obnG1cEaI=# capturing by value: k (addr=false assign=false width=8)\n" +
		"# example.com/b\n" +
		"/od: d/b: 7.go:12:1: y escapes to heap in h:\r\n" +
		"b.go:12: z escapes to heap in h: and more\n" +
		"b.go:300: z escapes to heap in h:\n" +
		"z escapes to heap in h:\n" +
		"./b.go:x: z escapes to heap in h:\n"
	file := "/dir/a.go"
	want := []Escape{
		{Package: "example.com/a", File: file, Line: 3, Column: 8, Kind: LeaksParam, Text: "p", Func: "(*T).f", To: Heap, Derefs: 1, Why: "last = p (assign)", At: "a.go:4:7"},
		{Package: "example.com/a", File: file, Line: 3, Column: 9, Kind: LeaksParam, Text: "q", Func: "f[go.shape.int]", To: "~r0"},
		{Package: "example.com/a", File: file, Line: 3, Column: 9, Kind: ReturnsParam, Text: "q", To: "~r0", Derefs: 2},
		{Package: "example.com/a", File: file, Line: 3, Column: 10, Kind: MutatesParam, Text: "b"},
		{Package: "example.com/a", File: file, Line: 3, Column: 11, Kind: CallsParam, Text: "f", Derefs: 1},
		{Package: "example.com/a", File: file, Line: 4, Column: 2, Kind: OnHeap, Text: "x", Func: "g.func1", Why: "f(&x) (call parameter)", At: "b.go:5:4"},
		{Package: "example.com/a", File: file, Line: 4, Column: 3, Kind: OnHeap, Text: "t", Func: "all.func1"},
		{Package: "example.com/a", File: file, Line: 5, Column: 9, Kind: OnHeap, Text: `"a: 1:2: b"`, Func: "g"},
		{Package: "example.com/a", File: file, Line: 6, Column: 1, Kind: OnStack, Text: "([]byte)(s)"},
		{Package: "example.com/a", File: file, Line: 6, Column: 1, Kind: SharesString, Text: "zero-copy string->[]byte conversion"},
		{Package: "example.com/a", File: file, Line: 7, Column: 7, Kind: Captured, Text: "t", Func: "T.maker", To: ByReference},
		{Package: "example.com/a", File: file, Line: 7, Column: 18, Kind: Captured, Text: "k", Func: "all.func1", To: ByValue},
		{Package: "example.com/b", File: "/od: d/b: 7.go", Line: 12, Column: 1, Kind: OnHeap, Text: "y", Func: "h"},
		{Package: "example.com/b", File: "/dir/b.go", Line: 300, Kind: OnHeap, Text: "z", Func: "h"},
	}
	if got := parseEscapes([]byte(messages), "/dir"); !slices.Equal(got, want) {
		for i, g := range got {
			if i >= len(want) || g != want[i] {
				t.Errorf("%d: got %+v", i, g)
			}
		}
	}
}

// Each decision that the compiler prints in short is among those that are read with the function that they
// are about, in packages that have every kind of them.
func TestEscapesAreComplete(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles packages of the standard library")
	}
	out, err := exec.Command("go", "build", "-gcflags="+escapeFlags, "net/http", "slices", "encoding/json").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	type at struct {
		file         string
		line, column int
	}
	heap, leaks := map[at]bool{}, map[at]bool{}
	goroot, _ := os.Getwd()
	for _, e := range parseEscapes(out, goroot) {
		where := at{filepath.Base(e.File), e.Line, e.Column}
		heap[where] = heap[where] || e.Kind == OnHeap
		leaks[where] = leaks[where] || e.Kind == LeaksParam || e.Kind == OnHeap
	}
	short := regexp.MustCompile(`^(.*):(\d+):(\d+): (moved to heap: .*|.* escapes to heap|leaking param.*)$`)
	n := 0
	for line := range strings.Lines(string(out)) {
		m := short.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		n++
		var where at
		where.file = filepath.Base(m[1])
		fmt.Sscan(m[2]+" "+m[3], &where.line, &where.column)
		if found := heap[where]; strings.HasPrefix(m[4], "leaking") {
			if !leaks[where] {
				t.Errorf("only in short: %s", line)
			}
		} else if !found {
			t.Errorf("only in short: %s", line)
		}
	}
	if n < 2000 {
		t.Errorf("%d decisions in short", n)
	}
	t.Logf("%d decisions", n)
}
