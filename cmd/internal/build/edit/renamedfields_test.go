package edit

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"
)

// structOf is the struct of a source.
func structOf(t *testing.T, text string) types.Type {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", "package p\ntype E struct{ y int }\ntype F struct{ y int }\ntype T struct{"+text+"}\n", 0)
	if err != nil {
		t.Fatal(err)
	}
	p, err := (&types.Config{Importer: importer.Default()}).Check("p", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p.Scope().Lookup("T").Type()
}

// TestRenamedFields tells fields with another name from structs in which a value would be taken for another one.
func TestRenamedFields(t *testing.T) {
	for _, c := range []struct{ was, is, want string }{
		{"a, b int", "c, b int", "[{a c}]"},
		{"a, b int", "c, d int", "[{a c} {b d}]"},
		{"a int `x:\"1\"`; b string", "c int `x:\"1\"`; b string", "[{a c}]"},
		{"a int; B string", "a int; C string", "[{B C}]"},
		{"a, b int", "b, a int", "[]"},                   // swapped
		{"a, b int", "b, c int", "[]"},                   // one takes the name of the other
		{"a, b, c int", "b, c, a int", "[]"},             // moved round
		{"a, b int", "a, b int", "[]"},                   // as it was
		{"a int; b string", "c string; b string", "[]"},  // another type
		{"a int; b string", "b string; c int", "[]"},     // another place
		{"a, b int", "c int", "[]"},                      // less
		{"a int", "c, d int", "[]"},                      // more
		{"a int `x:\"1\"`", "c int `x:\"2\"`", "[]"},     // another tag
		{"a, b int `x:\"1\"`", "c, b int", "[]"},         // tags elsewhere
		{"E", "E2 E", "[]"},                              // embedded, and not
		{"E; a int", "E; c int", "[{a c}]"},              // beside what is embedded
		{"E; a int", "F; a int", "[]"},                   // embeds another type
		{"_ int; a int", "b int; a int", "[]"},           // blank fields are not compared
		{"a int; b int", "_ int; b int", "[]"},           // nor are these
		{"a int", "A int", "[]"},                         // the description says whether some are hidden
		{"a, b int", "A, b int", "[{a A}]"},              // here it says the same
		{"a struct{ x int }", "a struct{ z int }", "[]"}, // in a type without a name
		{"a struct{ x int }", "c struct{ x int }", "[{a c}]"},
	} {
		if got := fmt.Sprint(renamedFields(structOf(t, c.was), structOf(t, c.is))); got != c.want {
			t.Errorf("{%s} and {%s}: renamed are %s, not %s", c.was, c.is, got, c.want)
		}
	}
}
