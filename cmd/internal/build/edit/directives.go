package edit

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/loops"
)

// The directives: comments that say what a patch is to do beside replacing code.
const (
	directivePrefix = "//gosplice:"

	directiveReset    = "reset"    // on a variable: the patch gives it its initial value
	directiveRenamed  = "renamed"  // on a variable: it is one of the release under another name
	directiveFresh    = "fresh"    // on a variable: it is none of the release under another name
	directiveApply    = "apply"    // on a function: it runs before the switch
	directiveRollback = "rollback" // on a function: it runs after going back
)

// Hook is a function that runs when a patch is applied or rolled back.
type Hook struct {
	Package  string // import path
	Func     string
	Rollback bool // after going back, instead of before the switch
	Error    bool // it returns an error
	// InRelease says that the release has it as well, unchanged or not.
	InRelease bool
	File      string
	Line      int
}

// FindHooks notes the hooks: those of packages that the release has, and of the new ones.
func (e *Edit) FindHooks(hooks []Hook) error {
	for _, h := range hooks {
		// Another file may be for another platform.
		if p := e.Packages[h.Package]; p != nil && slices.ContainsFunc(p.GoFiles, func(name string) bool { return absolute(p.Dir, name) == h.File }) {
			e.Hooks = append(e.Hooks, h)
		}
	}
	var problems []DirectiveProblem
	for _, path := range e.Added {
		p := e.Packages[path]
		if p.Standard {
			continue
		}
		problems = append(problems, e.Sources[path].New.Problems...)
		e.Hooks = append(e.Hooks, e.Sources[path].New.Hooks...)
	}
	if len(problems) > 0 {
		return &DirectiveError{Problems: problems}
	}
	rank := map[string]int{}
	for i, path := range e.Order {
		rank[path] = i
	}
	slices.SortStableFunc(e.Hooks, func(a, b Hook) int {
		return cmp.Or(cmp.Compare(rank[a.Package], rank[b.Package]), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return nil
}

// DirectiveProblem is a directive that can't mean anything where it stands.
type DirectiveProblem struct {
	Pos  token.Position
	Text string
}

// DirectiveError says that directives of the edited tree are misspelt or misplaced.
type DirectiveError struct{ Problems []DirectiveProblem }

func (e *DirectiveError) Error() string { return e.Lines("")[0] }

// Lines are the problems as the compiler writes its own, with files below dir named from there.
func (e *DirectiveError) Lines(dir string) []string {
	var lines []string
	for _, p := range e.Problems {
		file := p.Pos.Filename
		if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
			file = "./" + filepath.ToSlash(rel)
		}
		lines = append(lines, fmt.Sprintf("%s:%d: %s", file, p.Pos.Line, p.Text))
	}
	return lines
}

// hasDirective reports content that may hold a directive, or an attempt at one.
func hasDirective(content []byte) bool {
	return bytes.Contains(content, []byte("gosplice:")) && attempt.Match(content)
}

// attempt matches directives and what was probably meant as one: the go command's directives begin right
// behind the slashes too, and with a space it is a comment like any other.
var attempt = regexp.MustCompile(`(?m)^\s*//\s*gosplice:`)

// readDirectives gives functions and variables their directives, and notes those that can't mean anything.
func (s *Source) readDirectives(f *ast.File) {
	used := map[*ast.Comment]bool{}
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			for _, c := range directivesOf(d.Doc) {
				used[c] = true
				s.functionDirective(c, d)
			}
		case *ast.GenDecl:
			s.genDirectives(d, used)
		}
	}
	for _, g := range f.Comments {
		for _, c := range g.List {
			switch {
			case used[c] || !attempt.MatchString(c.Text):
			case c.Text == loops.Plain:
				if !s.beforeLoop(f, c) {
					s.problem(c, "%s stands at no loop: write it on the line before the loop", loops.Plain)
				}
			case !strings.HasPrefix(c.Text, directivePrefix):
				verb, _, _ := strings.Cut(strings.TrimSpace(c.Text[2:]), " ")
				if known(strings.TrimPrefix(verb, "gosplice:")) {
					s.problem(c, "a directive has no space behind the slashes: write //%s", verb)
				}
			default:
				s.unplaced(c)
			}
		}
	}
}

// beforeLoop reports a comment on the line of a loop or the line before.
func (s *Source) beforeLoop(f *ast.File, c *ast.Comment) (found bool) {
	line := s.Fset.Position(c.Pos()).Line
	ast.Inspect(f, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			at := s.Fset.Position(n.Pos()).Line
			found = found || at == line || at == line+1
		}
		return !found
	})
	return found
}

// directivesOf are the directives among the lines of a comment.
func directivesOf(g *ast.CommentGroup) []*ast.Comment {
	var out []*ast.Comment
	if g == nil {
		return nil
	}
	for _, c := range g.List {
		if strings.HasPrefix(c.Text, directivePrefix) && c.Text != loops.Plain {
			out = append(out, c)
		}
	}
	return out
}

// words takes a directive apart.
func words(c *ast.Comment) (verb string, args []string) {
	fields := strings.Fields(strings.TrimPrefix(c.Text, directivePrefix))
	if len(fields) == 0 {
		return "", nil
	}
	return fields[0], fields[1:]
}

func known(verb string) bool {
	return slices.Contains([]string{directiveReset, directiveRenamed, directiveFresh, directiveApply, directiveRollback}, verb)
}

func (s *Source) problem(c *ast.Comment, format string, args ...any) {
	s.Problems = append(s.Problems, DirectiveProblem{s.Fset.Position(c.Pos()), fmt.Sprintf(format, args...)})
}

// unplaced reports a directive that stands at nothing that has directives.
func (s *Source) unplaced(c *ast.Comment) {
	verb, _ := words(c)
	switch {
	case !known(verb):
		s.unknown(c, verb)
	case verb == directiveReset || verb == directiveRenamed || verb == directiveFresh:
		s.problem(c, "//gosplice:%s stands at no package variable: write it on the line before the variable's declaration, outside of functions", verb)
	default:
		s.problem(c, "//gosplice:%s stands at no function: write it on the line before the function's declaration", verb)
	}
}

func (s *Source) unknown(c *ast.Comment, verb string) {
	s.problem(c, "there is no directive //gosplice:%s: there are reset, renamed and fresh for variables, apply and rollback for functions, plain for loops", verb)
}

func (s *Source) functionDirective(c *ast.Comment, d *ast.FuncDecl) {
	verb, args := words(c)
	switch {
	case !known(verb):
		s.unknown(c, verb)
		return
	case verb == directiveReset || verb == directiveRenamed || verb == directiveFresh:
		s.problem(c, "//gosplice:%s is for package variables, and %s is a function", verb, d.Name.Name)
		return
	case len(args) > 0:
		s.problem(c, "//gosplice:%s stands alone, without %q", verb, strings.Join(args, " "))
		return
	}
	h := Hook{Package: s.Path, Func: d.Name.Name, Rollback: verb == directiveRollback}
	if results := d.Type.Results; results != nil && results.NumFields() == 1 {
		id, ok := results.List[0].Type.(*ast.Ident)
		h.Error = ok && id.Name == "error"
	}
	switch {
	case d.Recv != nil:
		s.problem(c, "//gosplice:%s is for functions, and %s is a method: there is no value to call it with", verb, d.Name.Name)
	case d.Name.Name == "init" || d.Name.Name == "main" || d.Name.Name == "_":
		s.problem(c, "//gosplice:%s can't stand at func %s, which nothing may call: move the code into a function of another name", verb, d.Name.Name)
	case d.Body == nil:
		s.problem(c, "//gosplice:%s stands at func %s, which has no body here", verb, d.Name.Name)
	case d.Type.TypeParams != nil || d.Type.Params.NumFields() > 0 || d.Type.Results.NumFields() > 0 && !h.Error:
		s.problem(c, "func %s has //gosplice:%s and has to be func() or func() error, without parameters: who runs it has nothing to pass", d.Name.Name, verb)
	default:
		pos := s.Fset.Position(d.Pos())
		h.File, h.Line = pos.Filename, pos.Line
		s.Hooks = append(s.Hooks, h)
	}
}

func (s *Source) genDirectives(d *ast.GenDecl, used map[*ast.Comment]bool) {
	var all []*ast.ValueSpec
	for _, spec := range d.Specs {
		if v, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.VAR {
			all = append(all, v)
		}
	}
	at := func(g *ast.CommentGroup, specs []*ast.ValueSpec) {
		for _, c := range directivesOf(g) {
			used[c] = true
			if d.Tok != token.VAR {
				s.unplaced(c)
				continue
			}
			s.variableDirective(c, specs)
		}
	}
	at(d.Doc, all)
	for _, v := range all {
		if v.Doc != d.Doc {
			at(v.Doc, []*ast.ValueSpec{v})
		}
	}
}

// declaresType reports an initialiser with a type in a function literal. The compiler numbers such types through the
// package, and a second initialiser would shift those that follow.
func declaresType(spec *ast.ValueSpec) bool {
	found := false
	for _, x := range spec.Values {
		ast.Inspect(x, func(n ast.Node) bool {
			_, ok := n.(*ast.TypeSpec)
			found = found || ok
			return !found
		})
	}
	return found
}

func (s *Source) variableDirective(c *ast.Comment, specs []*ast.ValueSpec) {
	verb, args := words(c)
	var names []string
	for _, v := range specs {
		for _, id := range v.Names {
			if id.Name != "_" {
				names = append(names, id.Name)
			}
		}
	}
	switch {
	case !known(verb):
		s.unknown(c, verb)
	case verb == directiveApply || verb == directiveRollback:
		s.problem(c, "//gosplice:%s is for functions, and this is a variable", verb)
	case len(names) == 0:
		s.unplaced(c)
	case verb != directiveRenamed && len(args) > 0:
		s.problem(c, "//gosplice:%s stands alone, without %q", verb, strings.Join(args, " "))
	case verb == directiveFresh:
		for _, n := range names {
			s.Vars[n].Fresh = true
		}
	case verb == directiveReset && slices.ContainsFunc(specs, declaresType):
		s.problem(c, "//gosplice:reset can't make the initial value of %s again, which declares a type inside a function literal: that would be another type; declare it outside", strings.Join(names, ", "))
	case verb == directiveReset:
		for _, n := range names {
			s.Vars[n].Reset = true
		}
	case len(names) > 1:
		s.problem(c, "//gosplice:renamed is for one variable, and %d are declared here: declare %s on its own", len(names), names[0])
	case len(args) != 1 || !token.IsIdentifier(args[0]):
		s.problem(c, "//gosplice:renamed needs the variable's name in the release: //gosplice:renamed old")
	case args[0] == names[0]:
		s.problem(c, "//gosplice:renamed names %s itself: it needs the name that the variable has in the release", names[0])
	default:
		s.Vars[names[0]].Renamed = args[0]
	}
}
