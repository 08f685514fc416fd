package edit

import "testing"

// formOf is the form of the function f in a package with body as its source.
func formOf(t *testing.T, body string) string {
	t.Helper()
	s, err := parseSource("p", []file{{"p.go", []byte("package p\n\n" + body + "\n")}})
	if err != nil {
		t.Fatal(err)
	}
	g := s.segment(segmentID{decl: "f"})
	if g == nil {
		t.Fatalf("no f in %s", body)
	}
	return g.form
}

func TestForms(t *testing.T) {
	const before = `func f(a, b *T) (err error) {
	for i := range 3 {
		x := &T{n: i}
		use(x, "text", a)
	}
	go func() { keep(b) }()
	return nil
}`
	tests := []struct {
		name, after string
		same        bool
	}{
		{"the same", before, true},
		{"comments and lines", "func f(a, b *T) (err error) { // a comment\n\tfor i := range 3 {\n\n\t\tx := &T{n: i}; use(x, \"text\", a)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", true},
		{"other constants, which decide what is dead", "func f(a, b *T) (err error) {\n\tfor i := range 5 {\n\t\tx := &T{n: i}\n\t\tuse(x, \"another\", a)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
		{"other names", "func f(p, q *T) (e error) {\n\tfor k := range 3 {\n\t\ty := &T{n: k}\n\t\tuse(y, \"text\", p)\n\t}\n\tgo func() { keep(q) }()\n\treturn nil\n}", true},
		{"swapped parameters", "func f(b, a *T) (err error) {\n\tfor i := range 3 {\n\t\tx := &T{n: i}\n\t\tuse(x, \"text\", a)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
		{"another argument", "func f(a, b *T) (err error) {\n\tfor i := range 3 {\n\t\tx := &T{n: i}\n\t\tuse(x, \"text\", b)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
		{"another function", "func f(a, b *T) (err error) {\n\tfor i := range 3 {\n\t\tx := &T{n: i}\n\t\tlook(x, \"text\", a)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
		{"a value", "func f(a, b *T) (err error) {\n\tfor i := range 3 {\n\t\tx := T{n: i}\n\t\tuse(x, \"text\", a)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
		{"another literal: a segment of its own", "func f(a, b *T) (err error) {\n\tfor i := range 3 {\n\t\tx := &T{n: i}\n\t\tuse(x, \"text\", a)\n\t}\n\tgo func() { look(b) }()\n\treturn nil\n}", true},
		{"one more statement", "func f(a, b *T) (err error) {\n\tfor i := range 3 {\n\t\tx := &T{n: i}\n\t\tuse(x, \"text\", a)\n\t\tkeep(x)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
		{"a shadow", "func f(a, b *T) (err error) {\n\tfor i := range 3 {\n\t\ta := &T{n: i}\n\t\tuse(a, \"text\", a)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
		{"a package variable in the place of a local one", "func f(a, b *T) (err error) {\n\tfor i := range 3 {\n\t\tx = &T{n: i}\n\t\tuse(x, \"text\", a)\n\t}\n\tgo func() { keep(b) }()\n\treturn nil\n}", false},
	}
	was := formOf(t, before)
	for _, tt := range tests {
		if same := formOf(t, tt.after) == was; same != tt.same {
			t.Errorf("%s: same is %t", tt.name, same)
		}
	}
}

// TestFormsWithImports: what a name before a dot stands for counts, and an import that it has nothing to do with does not.
func TestFormsWithImports(t *testing.T) {
	tests := []struct {
		name, before, after, f string
		same                   bool
	}{
		{"a variable whose name is in a path by chance", `"sync"`, `"sync"; "hash/crc32"`, "func f(c *T) { c.mu.Lock() }", true},
		{"a variable that may be a package", `"example.com/yaml.v2"`, `"example.com/yaml.v3"`, "func f(n int) { yaml.Use(); { yaml := n; use(yaml) } }", false},
		{"a variable that may be a package of another name than its path", `"example.com/goyaml"`, `"example.com/goyaml2"`, "func f(n int) { yaml.Use(); { yaml := n; use(yaml) } }", false},
		{"a package", `"example.com/go-yaml"`, `"example.com/new/go-yaml"`, "func f() { yaml.Use() }", false},
		{"a name that no import has", `"example.com/a"`, `"example.com/b"`, "func f() { other.Use() }", true},
	}
	for _, tt := range tests {
		was := formOf(t, "import ("+tt.before+")\n"+tt.f)
		if same := formOf(t, "import ("+tt.after+")\n"+tt.f) == was; same != tt.same {
			t.Errorf("%s: same is %t", tt.name, same)
		}
	}
}
