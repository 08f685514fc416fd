package loops

import (
	"bytes"
	"encoding/json"
	"errors"
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
	"strings"
	"testing"
	"time"
)

// head is what all files of the table have before and after.
const (
	head = `package p

import (
	"bufio"
	"net"
	"runtime"
	"time"
)

type server struct {
	jobs     chan int
	sent     chan<- int
	either   chan int
	Exported chan int
}

type other struct{ either []int }

type flag bool

var (
	queue       = make(chan string)
	typed       <-chan int
	l           net.Listener
	in          *bufio.Scanner
	_           = runtime.Caller
	turn        func() bool
	byName      named
)

type named chan int

func waits() { time.Sleep(1) }
func quick() {}

`
	changed = `package p; import gospliceLoops_ "github.com/gosplice/gosplice/loop"`
)

// TestRewrite has functions, and what is compiled in their place: nothing else where want is empty.
func TestRewrite(t *testing.T) {
	for _, c := range []struct{ name, source, want string }{
		{"endless", `func f() { for { waits() } }`, `func f() { for range gospliceLoops_.Loop { waits() }; panic("unreachable") }`},
		{"endless with a way out", `func f() { for { if turn() { break }; <-typed } }`, `func f() { for range gospliceLoops_.Loop { if turn() { break }; <-typed } }`},
		{"a break of a switch", `func f() int { for { switch { case turn(): break }; waits() } }`, `func f() int { for range gospliceLoops_.Loop { switch { case turn(): break }; waits() }; panic("unreachable") }`},
		{"a break with the loop's label", `func f() { l: for { select { case <-typed: break l } } }`, `func f() { l: for range gospliceLoops_.Loop { select { case <-typed: break l } } }`},
		{"a condition", `func f() { for in.Scan() { quick() } }`, `func f() { for range gospliceLoops_.While(func() bool { return bool(in.Scan()) }) { quick() } }`},
		{"a condition that receives", `func f() { for <-typed > 0 { quick() } }`, `func f() { for range gospliceLoops_.While(func() bool { return bool(<-typed > 0) }) { quick() } }`},
		{"a condition without a call", `func f(n int) { for n > 0 { waits() } }`, ``},
		{"a channel of the package", `func f() { for range queue { quick() } }`, `func f() { for range gospliceLoops_.Receive(queue) { quick() } }`},
		{"a field", `func (s *server) f() { for j := range s.jobs { _ = j } }`, `func (s *server) f() { for j := range gospliceLoops_.Receive(s.jobs) { _ = j } }`},
		{"a parameter", `func f(c <-chan int) { for range c { } }`, `func f(c <-chan int) { for range gospliceLoops_.Receive(c) { } }`},
		{"a parameter of the function around", `func f(c chan int) func() { return func() { for range c { } } }`, `func f(c chan int) func() { return func() { for range gospliceLoops_.Receive(c) { } } }`},
		{"a local variable", `func f() { c := make(chan int); var v int; for v = range c { _ = v } }`, `func f() { c := make(chan int); var v int; for v = range gospliceLoops_.Receive(c) { _ = v } }`},
		{"a loop in a loop", `func f() { for { for range queue { }; waits() } }`, `func f() { for range gospliceLoops_.Loop { for range gospliceLoops_.Receive(queue) { }; waits() }; panic("unreachable") }`},
		{"a loop in a literal", `func f() { go func() { for { <-typed } }() }`, `func f() { go func() { for range gospliceLoops_.Loop { <-typed }; panic("unreachable") }() }`},
		{"by way of a function", `func g() { waits() }
func f() { for { g() } }`, `func g() { waits() }
func f() { for range gospliceLoops_.Loop { g() }; panic("unreachable") }`},

		{"never left", `func f() { n := 0; for { n++; quick() } }`, `func f() { n := 0; for range gospliceLoops_.Loop { n++; quick() }; panic("unreachable") }`},

		{"a loop that spins", `func f(x []int) { n := 0; for { n += len(x); runtime.Gosched() } }`, ``},
		{"a name that shadows a channel", `func f(queue []int) { for range queue { waits() } }`, ``},
		{"a name that is declared later", `func f(s []int) { for range typed { }; typed := make(chan int); for range typed { }; for range s { }; s2 := s; _ = s2 }`, `func f(s []int) { for range gospliceLoops_.Receive(typed) { }; typed := make(chan int); for range gospliceLoops_.Receive(typed) { }; for range s { }; s2 := s; _ = s2 }`},
		{"a slice up to a declaration", `var list []int
func f() { for range list { }; list := make(chan int); for range list { } }`, ``},
		{"a slice of the function around up to a declaration", `func f(c []int) { func() { for range c { }; c := make(chan int); _ = c }() }`, ``},
		{"a parameter in the place of a slice", `var list []int
func f(list chan int) { for range list { } }`, `var list []int
func f(list chan int) { for range gospliceLoops_.Receive(list) { } }`},
		{"semicolons", `func f() { for ; in.Scan(); { quick() } }`, ``},
		{"an end of a line", `func f() { for
{ waits() } }`, ``},
		{"a directive with a blank line", `//go:nosplit

func f() { for { waits() } }`, ``},
		{"left as it is with a label", `func f() {
	//gosplice:plain
l:
	for { waits(); continue l }
}`, ``},
		{"a name with two meanings", `func f(c chan int) { { c := []int{1}; for range c { } } }`, ``},
		{"a field with two meanings", `func (s *server) f() { for range s.either { } }`, ``},
		{"an exported field", `func (s *server) f() { for range s.Exported { } }`, ``},
		{"a channel of a named type", `func f() { for range byName { } }`, ``},
		{"no channel", `func f() { for range 3 { waits() } }`, ``},
		{"a hot loop", `func f() { n := 0; for { n++; quick(); if n > 9 { break } } }`, ``},
		{"what waits is started", `func f() { for { go waits(); if turn() { return } } }`, ``},
		{"three clauses", `func f() { for i := 0; i < 3; i++ { waits() } }`, ``},
		{"a generic function", `func f[T any](c chan T) { for range c { waits() } }`, ``},
		{"a method of a generic type", `type g[T any] struct{}
func (g[T]) f() { for { waits() } }`, ``},
		{"a directive to the compiler", `//go:nosplit
func f() { for { waits() } }`, ``},
		{"not to be inlined", `//go:noinline
func f() { for { waits() } }`, `//go:noinline
func f() { for range gospliceLoops_.Loop { waits() }; panic("unreachable") }`},
		{"recover in the body", `func f() { for { recover(); waits() } }`, ``},
		{"recover in a deferred literal", `func f() { for { func() { defer func() { recover() }(); waits() }() } }`, `func f() { for range gospliceLoops_.Loop { func() { defer func() { recover() }(); waits() }() }; panic("unreachable") }`},
		{"recover deferred in the body", `func f() { for { defer func() { recover() }(); waits() } }`, `func f() { for range gospliceLoops_.Loop { defer func() { recover() }(); waits() }; panic("unreachable") }`},
		{"callers counted", `func f() { for { runtime.Caller(1); waits() } }`, ``},
		{"left as it is", `func f() {
	//gosplice:plain
	for { waits() }
	for range queue { } //gosplice:plain
}`, ``},
		{"panic has another meaning", `func panic(string) {}
func f() { for { waits() } }`, ``},
		{"make has another meaning here", `func f(make func(int) []int) { for { waits() } }`, ``},
		{"a named boolean", `func b() flag { waits(); return true }
func f() { for b() { } }`, `func b() flag { waits(); return true }
func f() { for range gospliceLoops_.While(func() bool { return bool(b()) }) { } }`},
	} {
		out := Rewrite(map[string][]byte{"a.go": []byte(head + c.source)})
		got := string(out["a.go"])
		want := ""
		if c.want != "" {
			want = strings.Replace(head, "package p", changed, 1) + c.want
		}
		if got != want {
			t.Errorf("%s: %s", c.name, strings.TrimPrefix(got, strings.Replace(head, "package p", changed, 1)))
		}
	}
}

// TestOlderFile: a file may be in an older language than its module, without loops over functions.
func TestOlderFile(t *testing.T) {
	body := "package p\n\nfunc f(c chan int) { for range c { } }\n"
	for constraint, rewritten := range map[string]bool{"": true, "//go:build go1.18\n\n": false, "//go:build go1.23 && linux\n\n": true} {
		if out := Rewrite(map[string][]byte{"a.go": []byte(constraint + body)}); (len(out) > 0) != rewritten {
			t.Errorf("%q: %s", constraint, out["a.go"])
		}
	}
}

// TestLongChain: sources are a stranger's perhaps, and who waits because of whom is found in time in proportion to them.
func TestLongChain(t *testing.T) {
	const length = 20000
	var source strings.Builder
	source.WriteString("package p\nfunc f() { for { f0() } }\n")
	for i := range length {
		fmt.Fprintf(&source, "func f%d() { f%d() }\n", i, i+1)
	}
	fmt.Fprintf(&source, "func f%d() { select {} }\n", length)
	start := time.Now()
	out := Rewrite(map[string][]byte{"a.go": []byte(source.String())})
	if took := time.Since(start); len(out) != 1 || took > 10*time.Second {
		t.Errorf("%d files are rewritten, in %v", len(out), took)
	}
}

// TestCompiles rewrites packages of others, and the compiler's type checker has to take what is written: for their loops
// too that nobody here thought of.
func TestCompiles(t *testing.T) {
	if testing.Short() {
		t.Skip("checks the types of many packages")
	}
	all := list(t, "std", Module, "github.com/spf13/cobra", "github.com/klauspost/compress/zstd", "github.com/fsnotify/fsnotify")
	set := token.NewFileSet()
	from := importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		if all[path].Export == "" {
			return nil, errors.New("not listed: " + path)
		}
		return os.Open(all[path].Export)
	})
	loops := 0
	for path, p := range all {
		if len(p.CgoFiles) > 0 || path == Package || path == "unsafe" || p.Export == "" {
			continue
		}
		files := map[string][]byte{}
		for _, name := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Join(p.Dir, name)] = text
		}
		rewritten := Rewrite(files)
		if len(rewritten) == 0 {
			continue
		}
		var parsed []*ast.File
		for name, text := range files {
			if other, ok := rewritten[name]; ok {
				loops += bytes.Count(other, []byte(" range gospliceLoops_."))
				if got, want := bytes.Count(other, []byte("\n")), bytes.Count(text, []byte("\n")); got != want {
					t.Errorf("%s has %d lines, and had %d", name, got, want)
				}
				text = other
			}
			f, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			parsed = append(parsed, f)
		}
		conf := types.Config{Importer: mapped{from, p.ImportMap}, Error: func(err error) { t.Error(path, err) }, Sizes: types.SizesFor("gc", "amd64")}
		conf.Check(path, set, parsed, nil)
	}
	t.Logf("%d loops in %d packages", loops, len(all))
	if loops < 100 {
		t.Errorf("only %d loops were rewritten", loops)
	}
}

type listed struct {
	ImportPath, Dir, Export string
	GoFiles, CgoFiles       []string
	ImportMap               map[string]string
}

func list(t *testing.T, patterns ...string) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,CgoFiles,ImportMap"}, patterns...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[p.ImportPath] = p
	}
}

// mapped imports what the import paths of a package mean.
type mapped struct {
	types.Importer
	paths map[string]string
}

func (m mapped) Import(path string) (*types.Package, error) {
	if to, ok := m.paths[path]; ok {
		path = to
	}
	return m.Importer.Import(path)
}
