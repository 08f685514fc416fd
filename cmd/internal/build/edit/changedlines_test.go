package edit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

func TestChangedLines(t *testing.T) {
	const before = `package p

func main() {
	listen(":80")
	for i := range 3 {
		start(i)
	}
	if err := run(); err != nil {
		fail(err)
	}
	go func() {
		old()
	}()
}
`
	for _, c := range []struct {
		name, body string
		want       []int
	}{
		{"nothing but lines", "listen(\":80\")\n\n\tfor i := range 3 { start(i) }\n\tif err := run(); err != nil { fail(err) }\n\tgo func() { old() }()", nil},
		{"a value, and the head of a loop", "listen(\":90\")\n\tfor i := range 4 {\n\t\tstart(i)\n\t}\n\tif err := run(); err != nil {\n\t\tfail(err)\n\t}\n\tgo func() { old() }()", []int{4, 5}},
		{"in a block, and one more", "listen(\":80\")\n\tfor i := range 3 {\n\t\tstart(i + 1)\n\t}\n\tlisten(\":80\")\n\tif err := run(); err != nil { fail(err) }\n\tgo func() { old() }()", []int{6, 8}},
		{"in a literal, which may run again", "listen(\":80\")\n\tfor i := range 3 { start(i) }\n\tif err := run(); err != nil { fail(err) }\n\tgo func() { other() }()", nil},
		{"left out", "listen(\":80\")", nil},
	} {
		e := &Edit{Sources: map[string]Pair{"p": {Old: sourceOf(t, before), New: sourceOf(t, "package p\n\nfunc main() {\n\t"+c.body+"\n}\n")}}}
		if got := e.ChangedLines("p\x00main"); !slices.Equal(got, c.want) {
			t.Errorf("%s: lines %v, want %v", c.name, got, c.want)
		}
	}
}

func sourceOf(t *testing.T, text string) *Source {
	t.Helper()
	s := &Source{Fset: token.NewFileSet(), Funcs: map[string]*Func{}}
	f, err := parser.ParseFile(s.Fset, "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range f.Decls {
		if d, ok := d.(*ast.FuncDecl); ok {
			s.Funcs[d.Name.Name] = &Func{Decl: d}
		}
	}
	return s
}
