// Package mutation makes small edits of Go source, as people and tools make them, to find out whether
// what a plan says of them is true.
package mutation

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"sort"
)

// Edit is one edit of one file.
type Edit struct {
	Kind string // one of Kinds
	// Line is where it is in the file as it was.
	Line int
	// Calls is the function that an edit of the kind "call" calls, as symbols name it behind the package's path.
	Calls string
	// Field is the name that an edit of the kind "rename field" changes.
	Field string

	file  *file
	parts []replacement // from the end of the file to its beginning
	tail  string        // what is added behind the file
}

// Content is the whole file with the edit.
func (e Edit) Content() []byte {
	content := bytes.Clone(e.file.src)
	for _, p := range e.parts {
		content = slices.Replace(content, e.file.offset(p.from), e.file.offset(p.to), []byte(p.text)...)
	}
	return append(content, e.tail...)
}

// Kinds are the kinds of edit.
var Kinds = []string{
	"number", "string", "operator", "swap", "delete", "early return", "closure", "deferred closure", "parameter", "result",
	"field first", "field last", "reorder", "new function", "new variable", "new method", "initial value", "rename", "comment",
	"call", "rename parameters", "swap parameters", "keep", "copy",
	"rename field", "idle type",
}

// file is a parsed source file.
type file struct {
	fset    *token.FileSet
	ast     *ast.File
	src     []byte
	covered func(line int) bool
	edits   []Edit
}

// Edits lists the edits of a file inside of the lines that covered says are run. Many do not compile, or mean
// the same as before.
func Edits(src []byte, covered func(line int) bool) ([]Edit, error) {
	f := &file{fset: token.NewFileSet(), src: src, covered: covered}
	var err error
	if f.ast, err = parser.ParseFile(f.fset, "", src, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	ast.Inspect(f.ast, f.expression)
	for _, d := range f.ast.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && len(fn.Body.List) > 0 && f.runs(fn.Body.List[0]) {
			f.function(fn)
		}
	}
	f.declarations()
	f.layouts()
	f.uncalled()
	return f.edits, nil
}

func (f *file) runs(n ast.Node) bool { return f.covered(f.line(n.Pos())) }

func (f *file) line(p token.Pos) int { return f.fset.PositionFor(p, false).Line }

func (f *file) offset(p token.Pos) int { return f.fset.PositionFor(p, false).Offset }

func (f *file) text(n ast.Node) string { return string(f.src[f.offset(n.Pos()):f.offset(n.End())]) }

// replacement is new text for a part of a file.
type replacement struct {
	from, to token.Pos
	text     string
}

// add adds an edit made of replacements that do not overlap.
func (f *file) add(kind string, at token.Pos, parts ...replacement) {
	parts = slices.Clone(parts)
	sort.SliceStable(parts, func(i, j int) bool { return parts[i].from > parts[j].from })
	f.edits = append(f.edits, Edit{Kind: kind, Line: f.line(at), file: f, parts: parts})
}

// behind adds text behind the file to the latest edit.
func (f *file) behind(text string) { f.edits[len(f.edits)-1].tail = text }

// insert adds an edit that puts text before a place.
func (f *file) insert(kind string, at token.Pos, text string) {
	f.add(kind, at, replacement{at, at, text})
}
