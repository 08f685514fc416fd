package edit

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/wire/escape"
)

const analysed = `package main

func main() { places("") }

type T struct{ n int; next *T }

var last *T

//go:noinline
func keep(a, b *T) { last = b }

//go:noinline
func content(a *T) { last = a.next }

//go:noinline
func returns(a, b *T) (x, y *T) { return nil, a }

//go:noinline
func (t *T) method(p **T) { *p = t }

//go:noinline
func writes(b []byte) { b[0]++ }

//go:noinline
func calls(f func() *T) *T { return f() }

//go:noinline
func generic[V any](p *T, v V) { last = p }

//go:noinline
func through(p *T) { generic(p, 1) }

//go:noinline
func nothing(p *T, _ []byte) int { return p.n }

//go:noinline
func moved(p T) *T { return &p }

func places(s string) {
	var x, y T
	keep(&x, &y)
	f := func(q *T) { last = q }
	f(&T{})
	writes([]byte(s))
	nothing(&x, []byte(s))
	func() { var z T; keep(nil, &z) }()
}
`

// The compiler's decisions on a package come by number and by function.
func TestAnalysis(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module p\n\ngo 1.25\n", "p.go": analysed} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := &gotool.Build{Dir: dir, Packages: []string{"."}, GoVersion: runtime.Version()}
	_, lines, known, err := b.ListEscapes(t.Context(), "", []string{"p"})
	if err != nil || !known {
		t.Fatalf("%v, known is %t", err, known)
	}
	s, err := parseSource("p", []file{{filepath.Join(dir, "p.go"), []byte(analysed)}})
	if err != nil {
		t.Fatal(err)
	}
	a := newAnalysis(s, "")
	byPath := map[string]*analysis{"p": a}
	analyse(lines, byPath, finder(byPath, map[string]*analysis{dir: a}, false))
	for function, want := range map[string]escape.Keeps{
		"keep":                  "2:h0",
		"content":               "1:h1",
		"returns":               "1:r1.0",
		"(*T).method":           "0:h0 1:m0",
		"writes":                "1:m0",
		"calls":                 "1:c0",
		"generic[go.shape.int]": "1:h0",
		"through":               "1:h0",
		"nothing":               "",
		"places.func1":          "1:h0",
	} {
		if got := a.keeps(function, withoutTypeArgs(function)); got != want {
			t.Errorf("%s: %q, want %q", function, got, want)
		}
	}
	g := s.segment(segmentID{decl: "places"})
	y := spot{"p.go", 40, 9}
	if n, ok := g.ordinals[y]; !ok || g.names[y] != "y" {
		t.Errorf("y is place %d of %v", n, g.names)
	}
	body := a.places("places", g)
	// The literal that f gets, the variable y, and that of the last literal, which is inlined.
	if moved := body.Moved(""); len(moved) != 3 {
		t.Errorf("places on the heap are %q", moved)
	}
	// One conversion shares the memory of the string, the other one is written to.
	if moved := escape.Places("").Moved(body); len(moved) != 1 || moved[0][0] != 'z' {
		t.Errorf("conversions that share memory are %q", moved)
	}
}
