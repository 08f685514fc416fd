// Package loops writes loops that have no end in sight as loops over the functions of package gosplice, so that their bodies are
// functions which a patch can exchange while the loop goes on.
//
// It goes by the sources of one package alone, without types: what is not sure is left as it is. Lines stay, and columns in
// lines that have no loop. The same sources are always written the same way.
package loops

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/version"
	"slices"
	"strings"
)

// Module is the import path of package gosplice, which a program has whose loops are written otherwise, and Package that of
// the package whose functions they go over.
const (
	Module  = "github.com/gosplice/gosplice"
	Package = Module + "/loop"
)

// Language is the version of the language that has loops over functions.
const Language = "go1.23"

// name is what the package is called in a file that is rewritten.
const name = "gospliceLoops_"

// Plain is the comment, on the line before a loop or on its own line, with which a loop is left as it is.
const Plain = "//gosplice:plain"

// Rewrite returns the files of a package that have loops to be written otherwise, as they are then. files are all Go files of
// the package that are compiled, by any names. A file that can't be parsed is left as it is, for the compiler to say why.
func Rewrite(files map[string][]byte) map[string][]byte {
	p := newPackage(files)
	out := map[string][]byte{}
	for path, f := range p.files {
		if text, ok := p.rewrite(f, files[path]); ok {
			out[path] = text
		}
	}
	return out
}

// pkg is what the sources of a package say.
type pkg struct {
	set   *token.FileSet
	files map[string]*ast.File
	// channels are the names of package variables and of fields that are channels wherever the package declares them, and can
	// be received from.
	channels map[string]bool
	// waiting are the names of functions and methods of the package with something that can wait.
	waiting map[string]bool
	// atTop are the names that the package declares outside of functions: true for channels.
	atTop map[string]bool
	// shadowed are predeclared names that the package gives another meaning.
	shadowed bool
}

func newPackage(files map[string][]byte) *pkg {
	p := &pkg{set: token.NewFileSet(), files: map[string]*ast.File{}, waiting: map[string]bool{}}
	for path, text := range files {
		if f, err := parser.ParseFile(p.set, path, text, parser.ParseComments|parser.SkipObjectResolution); err == nil {
			p.files[path] = f
		}
	}
	p.findChannels()
	p.findWaiting()
	return p
}

// edit is a replacement of a part of a file.
type edit struct {
	from, to int // offsets
	text     string
}

func (p *pkg) rewrite(f *ast.File, text []byte) ([]byte, bool) {
	if p.shadowed || p.leftOut(f) {
		return nil, false
	}
	offset := func(at token.Pos) int { return p.set.PositionFor(at, false).Offset }
	plain := p.plainLines(f)
	var edits []edit
	behind := f.Name.End()
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		from := behind
		behind = d.End()
		if !ok || fn.Body == nil || !mayChange(fn) || directives(f, from, fn.Pos()) {
			continue
		}
		for _, l := range p.loops(fn) {
			if p.isPlain(l.at.Pos(), plain) || p.isPlain(l.from, plain) || !l.inOneLine(offset, text) {
				continue
			}
			edits = append(edits, l.edits(offset, text)...)
		}
	}
	if len(edits) == 0 {
		return nil, false
	}
	end := offset(f.Name.End())
	edits = append(edits, edit{end, end, fmt.Sprintf("; import %s %q", name, Package)})
	slices.SortStableFunc(edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	last := 0
	for _, e := range edits {
		out = append(append(out, text[last:e.from]...), e.text...)
		last = e.to
	}
	return append(out, text[last:]...), true
}

// leftOut reports files whose lines are those of others, that another tool compiles first, or that are in an older language.
func (p *pkg) leftOut(f *ast.File) bool {
	if f.GoVersion != "" && version.Compare(f.GoVersion, Language) < 0 {
		return true
	}
	for _, i := range f.Imports {
		if i.Path.Value == `"C"` {
			return true
		}
	}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "//line ") || strings.HasPrefix(c.Text, "/*line ") {
				return true
			}
		}
	}
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}

// plainLines are the lines with the comment that leaves a loop as it is.
func (p *pkg) plainLines(f *ast.File) map[int]bool {
	lines := map[int]bool{}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.TrimSpace(c.Text) == Plain {
				lines[p.set.PositionFor(c.Pos(), false).Line] = true
			}
		}
	}
	return lines
}

// isPlain reports whether the comment that leaves a loop as it is stands where at is, or on the line before.
func (p *pkg) isPlain(at token.Pos, plain map[int]bool) bool {
	line := p.set.PositionFor(at, false).Line
	return plain[line] || plain[line-1]
}

// directives reports a directive to the compiler, other than one not to inline, in the part of a file before a function: blank
// lines in between don't part them.
func directives(f *ast.File, from, to token.Pos) bool {
	for _, g := range f.Comments {
		for _, c := range g.List {
			if from <= c.Pos() && c.Pos() < to && strings.HasPrefix(c.Text, "//go:") && c.Text != "//go:noinline" {
				return true
			}
		}
	}
	return false
}

// mayChange reports a function whose code may have calls that it has not: one that is not generic.
func mayChange(fn *ast.FuncDecl) bool {
	return fn.Type.TypeParams == nil && (fn.Recv == nil || !genericReceiver(fn.Recv))
}

func genericReceiver(recv *ast.FieldList) bool {
	found := false
	ast.Inspect(recv, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IndexExpr, *ast.IndexListExpr:
			found = true
		}
		return !found
	})
	return found
}

// kind is the function that a loop goes over.
type kind int

const (
	endless kind = iota // gosplice.Loop
	while               // gosplice.While
	receive             // gosplice.Receive
)

// loop is a loop to be written otherwise.
type loop struct {
	at   ast.Stmt
	from token.Pos // of its label, if it has one
	kind kind
	body *ast.BlockStmt
	expr ast.Expr // the condition, or the channel
	// ends says that a break leads out of the loop. Code behind one without needs no return.
	ends bool
}

// inOneLine reports a loop that is headed as gofmt does it: there are no semicolons, comments or ends of lines around a
// condition, or where it would be.
func (l *loop) inOneLine(offset func(token.Pos) int, text []byte) bool {
	f, ok := l.at.(*ast.ForStmt)
	if !ok {
		return true
	}
	from, to := offset(f.For)+len("for"), offset(f.Body.Lbrace)
	parts := [][]byte{text[from:to]}
	if f.Cond != nil {
		parts = [][]byte{text[from:offset(f.Cond.Pos())], text[offset(f.Cond.End()):to]}
	}
	return !slices.ContainsFunc(parts, func(part []byte) bool { return len(bytes.Trim(part, " \t")) > 0 })
}

func (l *loop) edits(offset func(token.Pos) int, text []byte) []edit {
	switch l.kind {
	case endless:
		f := l.at.(*ast.ForStmt)
		out := []edit{{offset(f.For) + len("for"), offset(f.Body.Lbrace), " range " + name + ".Loop "}}
		if !l.ends {
			end := offset(f.Body.Rbrace) + 1
			out = append(out, edit{end, end, `; panic("unreachable")`})
		}
		return out
	case while:
		from, to := offset(l.expr.Pos()), offset(l.expr.End())
		return []edit{{from, from, "range " + name + ".While(func() bool { return bool("}, {to, to, ") })"}}
	}
	from, to := offset(l.expr.Pos()), offset(l.expr.End())
	return []edit{{from, from, name + ".Receive("}, {to, to, ")"}}
}
