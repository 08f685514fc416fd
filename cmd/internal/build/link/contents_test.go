package link_test

import (
	"strings"
	"testing"
)

// shapes is the program that most cases edit. Each edit is a list of replacements, old and new.
const shapes = `-- main.go --
package main

type shape interface{ area() int }

type named interface{ name() string }

type square struct{ side int }

func (s *square) area() int { return s.side * s.side }

func (s *square) name() string { return "square" }

func (s *square) unused() int { return -s.side }

var count = 3

var sizes = [4]int{1, 2, 3, 4}

//go:noinline
func helper(n int) int { return n + count }

func leaf(n int) int { return 2 * n }

//go:noinline
func callsLeaf(n int) int { return leaf(n) + 1 }

//go:noinline
func work(n int) int {
	return helper(n) + 1
}

//go:noinline
func takes(f func(int) int) int { return f(1) }

//go:noinline
func describe(x any) string {
	if s, ok := x.(shape); ok && s.area() > 0 {
		return "a shape"
	}
	return "nothing"
}

//go:noinline
func measure(s shape) int { return s.area() }

//go:noinline
func each[T any](list []T, f func(T) int) (n int) {
	for _, x := range list {
		n += f(x)
	}
	return n
}

func main() {
	var s shape = &square{2}
	println(work(1), callsLeaf(2), takes(helper), describe(s), measure(s), sizes[count&3])
	println(each([]int{1, 2}, helper))
}
`

var contentCases = []struct {
	name string
	edit []string // old, new, old, new, …
	want []string
}{
	{
		"a body alone",
		[]string{"return helper(n) + 1", "return helper(n) + 2"},
		[]string{"redirect main.work", "func main.work", "!func main.helper", "!func main.main", "!var *", "!type *", "!itab *", "!fill *", "!init *"},
	},
	{
		"a leaf that is inlined brings its callers",
		[]string{"return 2 * n", "return 3 * n"},
		[]string{"redirect main.callsLeaf", "!func main.work", "!redirect main.work"},
	},
	{
		"a new function",
		[]string{"return helper(n) + 1", "return added(n)", "func leaf(", "//go:noinline\nfunc added(n int) int { return n * helper(n) }\n\nfunc leaf("},
		[]string{"redirect main.work", "func main.added", "!redirect main.added", "!func main.helper"},
	},
	{
		"a new function that nobody calls",
		[]string{"return helper(n) + 1", "return helper(n) + 2", "func leaf(", "//go:noinline\nfunc added(n int) int { return n }\n\nfunc leaf("},
		[]string{"redirect main.work", "!func main.added"},
	},
	{
		"a new type brings its methods",
		[]string{
			"return helper(n) + 1", "return measure(circle{n})",
			"var count = 3", "type circle struct{ r int }\n\nfunc (c circle) area() int { return c.r }\n\nfunc (c circle) name() string { return \"circle\" }\n\nvar count = 3",
		},
		[]string{"redirect main.work", "type main.circle", "func main.circle.area", "func main.(*circle).area", "itab main.circle,main.shape", "!type main.square", "!type main.shape", "!fill *"},
	},
	{
		"a conversion that the program does not have",
		[]string{
			"return helper(n) + 1", "return call(&square{n})",
			"var count = 3", "//go:noinline\nfunc call(x named) int { return len(x.name()) }\n\nvar count = 3",
		},
		[]string{"redirect main.work", "itab *main.square,main.named", "fill *main.square name", "!fill *main.square unused", "!type main.square"},
	},
	{
		"an assertion that the program does not have",
		[]string{`return "a shape"`, "if n, ok := x.(named); ok {\n\t\t\treturn n.name()\n\t\t}\n\t\treturn \"a shape\""},
		[]string{"redirect main.describe", "fill *main.square name", "!fill *main.square unused", "!itab *"},
	},
	{
		"a method that is called directly",
		[]string{"return helper(n) + 1", "return (&square{n}).unused()"},
		[]string{"redirect main.work", "!fill *", "!itab *", "!type *"},
	},
	{
		"a new variable without a value",
		[]string{"return helper(n) + 1", "total += helper(n)\n\treturn total", "var count = 3", "var count = 3\n\nvar total int"},
		[]string{"redirect main.work", "var main.total", "!init *"},
	},
	{
		"a new variable with a constant value",
		[]string{"return helper(n) + 1", "total += helper(n)\n\treturn total", "var count = 3", "var count = 3\n\nvar total = 7"},
		[]string{"redirect main.work", "var main.total", "!init *"},
	},
	{
		"a new variable that is computed",
		[]string{"return helper(n) + 1", "return helper(n) + len(table)", "var count = 3", "var count = 3\n\nvar table = make([]int, count)"},
		[]string{"redirect main.work", "var main.table", "init var table of program", "func main.gospliceInit_*", "!var main.count"},
	},
	{
		"a new variable that nobody uses",
		[]string{"return helper(n) + 1", "return helper(n) + 2", "var count = 3", "var count = 3\n\nvar idle int"},
		[]string{"redirect main.work", "!var main.idle"},
	},
	{
		"a new instance of a generic function",
		[]string{"return helper(n) + 1", "return each([]string{\"a\", \"b\"}, func(s string) int { return len(s) + n })"},
		[]string{"redirect main.work", "func main.each[go.shape.string]", "func main.work.func1", "!func main.each[go.shape.int]"},
	},
	{
		"an instance that the program has",
		[]string{"return helper(n) + 1", "return each([]int{n}, helper)"},
		[]string{"redirect main.work", "!func main.each*"},
	},
	{
		"a variable of the program that changes its value in the edit",
		[]string{"var count = 3", "var count = 4", "return helper(n) + 1", "return helper(n) + 2"},
		[]string{"redirect main.work", "!var main.count", "!init *"},
	},
}

func TestContents(t *testing.T) {
	host := recorded(t, shapes)
	for _, c := range contentCases {
		t.Run(c.name, func(t *testing.T) {
			after := shapes
			for i := 0; i < len(c.edit); i += 2 {
				after = replace(t, after, c.edit[i], c.edit[i+1])
			}
			expect(t, host.patchFor(t, after), c.want...)
		})
	}
}

// TestNewPackage imports packages that the program does not have, one of them through the other.
func TestNewPackage(t *testing.T) {
	const packages = `
-- outer/outer.go --
package outer

import "program/inner"

var Names = map[string]int{"a": inner.One, "b": 2}

func Get(s string) int { return Names[s] }
-- inner/inner.go --
package inner

var One = one()

//go:noinline
func one() int { return 1 }
`
	after := replace(t, shapes, "package main\n", "package main\n\nimport \"program/outer\"\n")
	after = replace(t, after, "return helper(n) + 1", `return outer.Get("a") + n`)
	p := edit(t, shapes, after+packages).patch
	expect(t, p, "redirect main.work", "func program/outer.init", "func program/inner.init", "var program/outer.Names", "var program/inner.One",
		"init package program/outer", "init package program/inner", "!redirect program/*")
	var order []string
	for _, i := range p.Inits {
		order = append(order, i.Name)
		if pkg, alone := strings.CutPrefix(i.Name, "package "); alone && i.After != "" || !alone && !strings.HasSuffix(i.Name, " of "+strings.TrimPrefix(i.After, "package ")) {
			t.Errorf("%s (package %s) runs after %q", i.Name, pkg, i.After)
		}
	}
	const want = "package program/inner, var One of program/inner, package program/outer, var Names of program/outer"
	if got := strings.Join(order, ", "); got != want {
		t.Errorf("initialised in the order %s", got)
	}
}

// TestDroppedMap uses a map that the program's linker dropped with its initialiser.
func TestDroppedMap(t *testing.T) {
	const program = `-- main.go --
package main

var words = map[string]int{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7, "h": 8, "i": 9, "j": 10,
	"k": 11, "l": 12, "m": 13, "n": 14, "o": 15, "p": 16, "q": 17, "r": 18, "s": 19, "t": 20, "u": 21, "v": 22, "w": 23, "x": 24, "y": 25, "z": 26}

//go:noinline
func work(s string) int { return len(s) }

func main() { println(work("a")) }
`
	p := edit(t, program, replace(t, program, "return len(s)", "return words[s]")).patch
	expect(t, p, "redirect main.work", "var main.words", "func main.map.init.0", "init var main.words")
}

// TestDroppedParts uses variables that the program's linker dropped, and whose initial values it has in part.
func TestDroppedParts(t *testing.T) {
	const program = `-- main.go --
package main

type registry struct {
	all  map[string]int
	list []string
}

var (
	filled = &registry{all: make(map[string]int)}
	whole  = &registry{list: []string{"a", "b"}}
	alias  = whole
	kept   = &registry{list: []string{"c"}}
	lent   = kept
)

//go:noinline
func work(s string) int { return len(s) + len(kept.list) }

func main() { println(work("a")) }
`
	host := recorded(t, program)
	for _, c := range []struct {
		name, use string
		want      []string
	}{
		{"init has filled it", "len(filled.all)", []string{"var main.filled", "!init *", "!func main.gospliceInit_filled"}},
		{"all is data", "len(whole.list)", []string{"var main.whole", "var main.alias", "!var main.filled", "!init *"}},
		{"another variable has it", "len(lent.list)", []string{"var main.lent", "!var main.kept", "!var main.whole", "!init *"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := host.patchFor(t, replace(t, program, "return len(s)", "return "+c.use))
			expect(t, p, append(c.want, "redirect main.work")...)
		})
	}
}
