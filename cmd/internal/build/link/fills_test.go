package link_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// methods is a program with types whose methods its linker keeps in part.
const methods = `-- main.go --
package main

import (
	"fmt"
	"os"
	"reflect"
)

type sized interface{ Size() int }

type renamed interface {
	Name() string
	Rename(string)
}

type base struct{ name string }

func (b *base) Name() string { return b.name }

func (b *base) Rename(s string) { b.name = s }

type file struct {
	base
	size  int
	owner owner
}

func (f *file) Size() int { return f.size }

func (f *file) Grow(n int) { f.size += n }

func (f *file) hidden() int { return -f.size }

type owner struct{ id int }

func (o owner) ID() int { return o.id }

func (o owner) Group() string { return "users" }

type plain struct{ n int }

func (p plain) Size() int { return p.n }

func (p plain) Name() string { return "plain" }

type list []string

func (l list) Size() int { return len(l) }

func (l *list) Add(s string) { *l = append(*l, s) }

//go:noinline
func measure(s sized) int { return s.Size() }

//go:noinline
func keep(x any) bool { return x != nil }

//go:noinline
func work(x any, s sized) int {
	return measure(s)
}

func main() {
	f := &file{size: 3}
	fmt.Println(work(f, f), keep(f), keep(os.Args), keep(list{"a"}), plain{}.n, reflect.TypeOf(f).Kind())
}
`

// fillCases are edits of methods: what work does, what stands beside it, and what has to be filled.
var fillCases = []struct {
	name, body, beside string
	want               []string
}{
	{name: "nothing new", body: "return measure(s) + 1", want: []string{"!fill *"}},
	{
		name: "a method through a new interface", body: "return x.(grower).grow()",
		beside: "type grower interface{ grow() int }",
		want:   []string{"!fill *"},
	},
	{
		name: "two methods through an interface that nothing called", body: "x.(renamed).Rename(\"b\")\n\treturn len(x.(renamed).Name())",
		want: []string{"fill *main.file Name", "fill *main.file Rename", "!fill *main.file Grow", "!fill *main.file hidden"},
	},
	{
		name: "one method of an interface that has two", body: "return len(x.(renamed).Name())",
		want: []string{"fill *main.file Name"},
	},
	{
		name: "an interface with a method that is not exported", body: "return x.(interface{ hidden() int }).hidden()",
		want: []string{"fill *main.file hidden"},
	},
	{
		name: "a conversion of a type that was never converted", body: "return measure(plain{3})",
		want: []string{"itab main.plain,main.sized"},
	},
	{
		name: "a pointer to a type whose value was converted", body: "l := list{\"a\"}\n\treturn call(&l)",
		beside: "type adder interface{ Add(string) }\n\n//go:noinline\nfunc call(a adder) int {\n\ta.Add(\"x\")\n\treturn 0\n}",
		want:   []string{"itab *main.list,main.adder"},
	},
	{
		name: "a method by its constant name", body: "return int(reflect.ValueOf(x).MethodByName(\"Grow\").Kind())",
		want: []string{"fill *main.file Grow", "!fill *main.file Name", "!fill *main.file Rename"},
	},
	{
		name: "methods by number", body: "return reflect.TypeOf(x).Method(measure(s)).Index",
		want: []string{"fill *main.file Grow", "fill *main.file Name", "fill *main.file Rename", "!fill *main.file hidden"},
	},
	{
		name: "a generic method", body: "return use[*file](x.(*file))",
		beside: "func use[T interface{ Name() string }](x T) int { return len(x.Name()) + len(any(x).(interface{ Name() string }).Name()) }",
		want:   []string{"fill *main.file Name"},
	},
	{
		name: "a method of a type of the standard library", body: "if f, ok := x.(interface{ Truncate(int64) error }); ok {\n\t\tf.Truncate(0)\n\t}\n\treturn measure(s)",
		want: []string{"fill *os.File Truncate"},
	},
}

// TestFills compares the methods that a patch adds to the tables of the program's types with what the
// linker of the edited program keeps: all that it keeps by its rule for methods, and none that it does not
// have.
func TestFills(t *testing.T) {
	host := recorded(t, methods)
	before, _ := host.keptMethods()
	for i, c := range fillCases {
		t.Run(c.name, func(t *testing.T) {
			if testing.Short() && i > 2 {
				t.Skip("one of many edits")
			}
			after := replace(t, methods, "return measure(s)\n", c.body+"\n") + c.beside + "\n"
			p := host.patchFor(t, after)
			expect(t, p, c.want...)
			kept, full := host.keptMethods()
			atLeast(t, host, p, kept, before)
			atMost(t, host, p, full)
		})
	}
}

// keptMethods asks the linker which methods of the tree as it is now it keeps because of their types, "type
// function", and makes the record of that program.
func (e *edited) keptMethods() (kept map[string]bool, full *release.Record) {
	e.t.Helper()
	binary := filepath.Join(e.t.TempDir(), "program")
	build := exec.Command("go", "build", "-ldflags=-dumpdep", "-o", binary, ".")
	build.Dir = e.dir
	out, err := build.CombinedOutput()
	if err != nil {
		e.t.Fatalf("%v\n%s", err, out)
	}
	kept = map[string]bool{}
	for line := range strings.Lines(string(out)) {
		from, to, ok := strings.Cut(strings.TrimSpace(line), " -> ")
		from, _, _ = strings.Cut(from, " <")
		to, _, _ = strings.Cut(to, " <")
		if ok && strings.HasPrefix(from, "type:") && !strings.HasPrefix(to, "type:") && strings.Contains(to, ".") {
			kept[from+" "+to] = true
		}
	}
	if _, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: binary, Dir: e.dir}); err != nil {
		e.t.Fatal(err)
	}
	if full, err = release.Read(binary + ".gsr"); err != nil {
		e.t.Fatal(err)
	}
	return kept, full
}

// atLeast checks that every method which the linker keeps in the edited program and not in the release is
// filled in, if the program has its type.
func atLeast(t *testing.T, e *edited, p *patch.Patch, kept, before map[string]bool) {
	t.Helper()
	filled := map[string]bool{}
	for _, f := range p.Fills {
		filled[f.Name] = true
	}
	for k := range kept {
		typ, function, _ := strings.Cut(k, " ")
		method := function[strings.LastIndexByte(function, '.')+1:]
		if before[k] || filled[typ+" "+method] {
			continue
		}
		if m := emptyWords(e.record, typ, method); m[1] || m[2] {
			t.Errorf("the linker keeps %s of %s, the patch does not fill it in", function, typ)
		}
	}
}

// atMost checks that the full program has every word that the patch fills.
func atMost(t *testing.T, e *edited, p *patch.Patch, full *release.Record) {
	t.Helper()
	for _, f := range p.Fills {
		typ, method := splitFill(f.Name)
		word := wordOf(e.record, typ, method, f.Addr)
		if word < 0 {
			t.Errorf("%s: %#x is no word of that method", f.Name, f.Addr)
			continue
		}
		if emptyWords(full, typ, method)[word] {
			t.Errorf("word %d of %s is filled in, and is empty in the full program", word, f.Name)
		}
		if f.Size != 4 || f.Old != 0xffffffff || (f.Base != e.record.Runtime.Types) != (word > 0) {
			t.Errorf("word %d of %s: %+v", word, f.Name, f)
		}
		checkFillTarget(t, p, f, word)
	}
}

// checkFillTarget checks that functions are filled in with functions.
func checkFillTarget(t *testing.T, p *patch.Patch, f patch.Fill, word int) {
	t.Helper()
	if word == 0 || f.To.Kind != "image" {
		return
	}
	_, method := splitFill(f.Name)
	for _, fn := range p.Funcs {
		if fn.Off == f.To.Value {
			if !strings.HasSuffix(fn.Name, "."+method) {
				t.Errorf("%s is filled in with %s", f.Name, fn.Name)
			}
			return
		}
	}
	t.Errorf("%s is filled in with %#x, which is no function", f.Name, f.To.Value)
}

// splitFill takes the name of a fill apart: a type, which may hold spaces, and a method.
func splitFill(name string) (typ, method string) {
	i := strings.LastIndexByte(name, ' ')
	return name[:i], name[i+1:]
}

// emptyWords tells which words of a method the linker left empty.
func emptyWords(r *release.Record, typ, method string) [3]bool {
	for _, t := range r.Pruned {
		if t.Name != typ {
			continue
		}
		for _, m := range t.Methods {
			if m.Name == method {
				return m.Empty
			}
		}
	}
	return [3]bool{}
}

// wordOf is the word of a method's entry that is at an address, -1 when none is.
func wordOf(r *release.Record, typ, method string, addr uint64) int {
	for _, t := range r.Pruned {
		for _, m := range t.Methods {
			if t.Name == typ && m.Name == method && addr >= t.Addr+uint64(m.Off)+4 && addr < t.Addr+uint64(m.Off)+16 {
				return int(addr-t.Addr-uint64(m.Off)-4) / 4
			}
		}
	}
	return -1
}
