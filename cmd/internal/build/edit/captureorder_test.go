package edit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The compiler prints which variables a closure captures, in their order. What is computed from the source has to be the
// same: for code that has every kind of statement and expression, and for packages with many closures.
func TestCaptureOrder(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module order\n\ngo 1.23\n")
	write(t, filepath.Join(dir, "order.go"), orders)
	for _, c := range []struct {
		dir, pkg string
		least    int
	}{{dir, "order", 25}, {".", "testing", 20}, {".", "go/printer", 1}, {".", "os/exec", 5}} {
		t.Run(c.pkg, func(t *testing.T) {
			compared, unsure := compareOrder(t, c.dir, c.pkg)
			t.Logf("%d closures compared, %d with an order that is not known", compared, unsure)
			if compared < c.least || unsure > compared/10+1 {
				t.Errorf("%d closures compared, %d with an order that is not known", compared, unsure)
			}
		})
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

var capturedList = regexp.MustCompile(`(?m)^(\S+?):(\d+):(\d+): (?:heap|stack) closure, captured vars = \[(.*)\]$`)

func compareOrder(t *testing.T, dir, pkg string) (compared, unsure int) {
	build := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,GoFiles,Export,ImportMap", "-gcflags="+pkg+"=-d=closure=1", pkg)
	build.Dir = dir
	var out, said bytes.Buffer
	build.Stdout, build.Stderr = &out, &said
	if err := build.Run(); err != nil {
		t.Fatalf("%v\n%s", err, said.Bytes())
	}
	type listed struct {
		ImportPath, Dir, Export string
		GoFiles                 []string
		ImportMap               map[string]string
	}
	all := map[string]listed{}
	for d := json.NewDecoder(&out); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range all[pkg].GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(all[pkg].Dir, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Instances: map[*ast.Ident]types.Instance{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	conf := types.Config{Sizes: sizes, FakeImportC: true, Importer: importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		if to, ok := all[pkg].ImportMap[path]; ok {
			path = to
		}
		return os.Open(all[path].Export)
	})}
	if _, err := conf.Check(pkg, fset, files, info); err != nil {
		t.Fatal(err)
	}
	order := map[string]string{}
	for _, m := range capturedList.FindAllStringSubmatch(said.String(), -1) {
		order[filepath.Base(m[1])+":"+m[2]+":"+m[3]] = numbered.ReplaceAllString(strings.ReplaceAll(strings.TrimSpace(strings.Replace(m[4], ".dict", "", 1)), "#rv", "#result"), "$1")
	}
	source := &Source{Fset: fset}
	for _, f := range files {
		for _, d := range f.Decls {
			for _, l := range append(source.literals("", d), source.loops("", d)...) {
				at := fset.Position(l.node.Pos())
				place := fmt.Sprintf("%s:%d:%d", filepath.Base(at.Filename), at.Line, at.Column)
				want, ok := order[place]
				if !ok {
					continue
				}
				o, ok := orderOf(l, info)
				if !ok {
					unsure++
					continue
				}
				var got []string
				for _, v := range o.vars {
					got = append(got, v.Name())
				}
				if compared++; strings.Join(got, " ") != want {
					t.Errorf("%s: captures %v, the compiler says [%s]", place, got, want)
				}
			}
		}
	}
	return compared, unsure
}

// numbered are the names of what the compiler adds.
var numbered = regexp.MustCompile(`(#(?:state|result))\d+`)

const orders = `package order

import (
	"fmt"
	"unsafe"
)

type T struct {
	a, b int
	in   struct{ c [3]int }
	m    map[string]int
}

func (t *T) ptr(n int) int { return n }
func (t T) val(n int) int  { return n }

const debug = false

var sink []any

func keep(f any) { sink = append(sink, f) }

func all(a, b, c, d int, e []int, m map[int]int, t T, p *T, arr [4]int, ch chan int, x any, f func(int) int, seq func(func(int, int) bool)) (res int) {
	keep(func() { a = b })
	keep(func() { b, a = a, b })
	keep(func() { a += b; c++ })
	keep(func() int { return len(arr) + a })
	keep(func() int { return int(unsafe.Sizeof(t)) + b })
	keep(func() { e[a] = m[b] })
	keep(func() { m[f(d)], t.in.c[a] = c, b })
	keep(func() int { return f(p.ptr(a)) + t.val(b) })
	keep(func() int { if debug && a > 0 { return b }; return c })
	keep(func() int { if a > 0 || debug { return b } else { return d }; return c })
	keep(func() int { if !debug { return a }; return b })
	keep(func() int { for debug { a++ }; return b })
	keep(func() { for i := a; i < b; i += c { d += i } })
	keep(func() { for a, b = range e { c++ } })
	keep(func() { for k, v := range m { d += k + v + a } })
	keep(func() { for range a { b++ } })
	keep(func() { for a, b = range seq { c++ } })
	keep(func() int { for i, j := range seq { if i > a { return j + b }; c++ }; return d })
	keep(func() { switch c { case a, b: d++; default: a++ } })
	keep(func() { switch i := f(b); { case i > a: c++; case d > i: e = nil } })
	keep(func() { switch y := x.(type) { case int: a = y; case string: sink = append(sink, y, b) } })
	keep(func() { select { case a = <-ch: b++; case ch <- c: d++; default: m[a] = 1 } })
	keep(func() { defer f(a); go f(b); ch <- c })
	keep(func() func() int { d++; return func() int { g := func() int { return c + a }; return b + g() } })
	keep(func() T { return T{b: a, a: b, m: map[string]int{fmt.Sprint(c): d}} })
	keep(func() []int { return []int{2: a, 0: b} })
	keep(func() []int { return e[a:b:c] })
	keep(func() *int { return &t.in.c[b] })
	keep(func() int { goto end; end: return a })
	keep(func() int { { return b }; return a })
	keep(func() int { panic(a); return b })
	keep(func() { var i, j = b, a; var k = i + j + c; _ = k; _, d = f(d), k })
	keep(func() any { return struct{ f, g any }{p.val, func() int { return a }} })
	keep(func() int { h := new(int); *h = b; return *h + x.(int) + -a + ^c })
	keep(func() { copy(e, arr[:]); clear(m); delete(m, a); res = min(b, c) })
	keep(func() { l: for { if a > 0 { break l }; b++ } })
	return
}

func loops(a, b, c, d int, e []int, t T, p *T, arr [4]int, ch chan int, x any, f func(int) int, seq func(func(int, int) bool), seq0 func(func() bool)) {
	for range seq0 { a++ }
	for range seq0 { b = a; if c > 0 { continue }; if d > 0 { break }; a++ }
	for range seq0 { if b > 0 { return }; a++ }
	for i, j := range seq { a += i; b += j; defer f(c) }
	for a, b = range seq { c++ }
	for e[a] = range seq { d++ }
l:
	for range seq0 { if a > 0 { continue l }; b++; if b > 10 { break l } }
outer:
	for i := 0; i < a; i++ {
		for range seq0 { if b > i { continue outer }; if c > 3 { break outer }; inner: for { if d > 3 { break inner } } }
	}
	for range seq0 { select { case v := <-ch: a = v; case ch <- b: c++ }; keep(func() int { return d + a }) }
	for range seq0 { switch a { case b: break; default: c++ } ; go f(d) }
	for range seq0 { f := func() int { return a }; b += f() ; keep(&c) }
	for range seq0 { var z T = t; z.a = p.ptr(b); arr[a] = z.a ; _ = x }
	for range seq0 { if a > 3 { goto done } ; b++ }
	for range seq0 { if a > 3 { continue; b++ }; c++ }
	for range seq0 { if a > 3 { break; b++ }; c++ }
	for range seq0 { if a > 3 { d++; continue } else { break }; b++ }
	for range seq0 { for c > 0 { if a > 3 { continue; b++ }; c-- }; for { break; d++ }; switch { case a > 0: break; b++ }; select { default: continue; b++ } }
	for range seq0 { switch { case a > 0: continue; b++ ; case c > 0: d++ } }
again:
	for range seq0 { if a > 3 { goto again; b++ }; c++ }
own:
	for range seq0 { for { if a > 3 { continue own; b++ }; if c > 3 { break own; d++ }; break } ; f(d) }
	for i := 0; i < a; i++ {
	in:
		for range seq0 { x: for { if a > 3 { continue in; b++ }; if b > 3 { break x; d++ }; break }; goto done; c++ }
	}
	for range seq0 { { defer f(a); continue }; b++ }
done:
	for range seq0 { for k, v := range seq { a += k + v } }
}

func results(a, b int, f func() (int, string), seq func(func() bool)) (int, string) {
	for range seq { if a > b { return a, "x" }; b++ }
	for range seq { if a > b { return f() }; b++ }
	keep(func() (r int) { for range seq { if a > 0 { return b }; r++ }; return r })
	keep(func() (r int) { for range seq { if a > 0 { r = b; return }; a++ }; return r })
	keep(func() (_, q int) { for range seq { return a, b }; return })
	return a, ""
}

func generic[E any, S ~[]E](s S, e E, n int, g func(E) bool) {
	keep(func() S { if g(e) { return append(s[:n], e) }; return s })
	keep(func() int { return n })
}
`
