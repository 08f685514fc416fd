package goobj

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
)

// lowSource and highSource are two packages that have a bit of everything that objects hold.
const lowSource = `package low

type Shape interface {
	Area() int
	scale(by int)
}

type Square struct {
	Side int
	name string
	next *Square
}

func (s *Square) Area() int { return s.Side * s.Side }

func (s *Square) scale(by int) { s.Side *= by }

var Table = [...]string{"a", "b", "c"}

func Each[T any](list []T, f func(T) bool) (n int) {
	for _, x := range list {
		if f(x) {
			n++
		}
	}
	return n
}
`

const highSource = `package high

import "low"

type big struct {
	a [100]*low.Square
	b [50]struct {
		n int
		m map[string]int
	}
}

var Big big

var shapes = []low.Shape{&low.Square{Side: 3}}

var names = map[int]string{1: "one", 2: "two"}

func Sum(first int, rest ...string) (total int, err error) {
	defer func() {
		if r := recover(); r != nil {
			total, err = first, r.(error)
		}
	}()
	total = low.Each(rest, func(s string) bool { first += len(s); return names[first] != "" })
	for _, s := range shapes {
		if q, ok := s.(*low.Square); ok {
			total += q.Side
		}
		total += s.Area()
	}
	return total, nil
}

func Letter(n int) string {
	switch n {
	case 0, 10:
		return low.Table[0]
	case 1, 11:
		return "b"
	case 2, 12:
		return "c"
	case 3, 13:
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
`

// goRelease is the release of the toolchain.
func goRelease(t testing.TB) *gorelease.Release {
	t.Helper()
	r, err := gorelease.Of(runtime.Version())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compileTiny compiles lowSource and highSource into archives.
func compileTiny(t testing.TB) (low, high string) {
	t.Helper()
	dir := t.TempDir()
	low, high = filepath.Join(dir, "low.a"), filepath.Join(dir, "high.a")
	config := filepath.Join(dir, "imports")
	if err := os.WriteFile(config, []byte("packagefile low="+low+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct{ path, source, out string }{{"low", lowSource, low}, {"high", highSource, high}} {
		source := filepath.Join(dir, p.path+".go")
		if err := os.WriteFile(source, []byte(p.source), 0o666); err != nil {
			t.Fatal(err)
		}
		compile := exec.Command("go", "tool", "compile", "-p", p.path, "-importcfg", config, "-o", p.out, source)
		if out, err := compile.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return low, high
}

// newTinySet is an empty set for objects of the toolchain.
func newTinySet(t testing.TB) *Set {
	t.Helper()
	set, err := NewSet(goRelease(t))
	if err != nil {
		t.Fatal(err)
	}
	return set
}
