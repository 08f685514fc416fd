package edit

import (
	"cmp"
	"fmt"
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Directive is one that stands in no source, for code that can't be edited.
type Directive struct {
	Verb    string // "reset", "renamed" or "fresh"
	Package string // import path, or "main"
	Name    string // of the variable in the edited tree
	Old     string // of the directive renamed: its name in the release
}

// ParseDirective reads the argument of a verb: the variable with its import path, and for renamed PATH.OLD=NEW.
func ParseDirective(verb, text string) (Directive, error) {
	d := Directive{Verb: verb}
	symbol, name, renamed := strings.Cut(text, "=")
	dot := strings.LastIndexByte(symbol, '.')
	if verb == directiveRenamed != renamed || dot <= strings.LastIndexByte(symbol, '/') || !token.IsIdentifier(symbol[dot+1:]) || dot == 0 {
		if verb == directiveRenamed {
			return d, fmt.Errorf("%q has to be the variable's import path with its name in the release, and the new name: example.com/dep.oldName=newName", text)
		}
		return d, fmt.Errorf("%q has to be a variable's import path with its name: example.com/dep.name", text)
	}
	d.Package, d.Name = symbol[:dot], symbol[dot+1:]
	if renamed {
		d.Old, d.Name = d.Name, strings.TrimPrefix(name, d.Package+".")
		if !token.IsIdentifier(d.Name) || d.Name == d.Old {
			return d, fmt.Errorf("%q names no new variable of package %s: example.com/dep.oldName=newName", text, d.Package)
		}
	}
	return d, nil
}

func (d Directive) String() string {
	if d.Old != "" {
		return fmt.Sprintf("--%s %s.%s=%s", d.Verb, d.Package, d.Old, d.Name)
	}
	return fmt.Sprintf("--%s %s.%s", d.Verb, d.Package, d.Name)
}

// Direct makes directives count as if they stood in the sources of the tree.
func (t *Tree) Direct(rec *release.Record, directives []Directive) {
	t.directives = slices.Clone(directives)
	for i := range t.directives {
		if d := &t.directives[i]; d.Package == "main" {
			d.Package = rec.Packages[len(rec.Packages)-1].Import
		}
	}
}

// directs reports whether a package has a directive that stands in no source.
func (t *Tree) directs(path string) bool {
	return slices.ContainsFunc(t.directives, func(d Directive) bool { return d.Package == path })
}

// Resets reports whether a variable of a package is to be reset by a directive that stands in no source.
func (t *Tree) Resets(path string) bool {
	return slices.ContainsFunc(t.directives, func(d Directive) bool { return d.Package == path && d.Verb == directiveReset })
}

// parse is parseSource for files of the edited tree.
func (t *Tree) parse(path string, files []file) (*Source, error) {
	s, err := parseSource(path, files)
	if err != nil {
		return nil, err
	}
	for _, d := range t.directives {
		if v := s.Vars[d.Name]; d.Package == path && v != nil {
			s.direct(d, v)
		}
	}
	return s, nil
}

// direct gives a variable a directive.
func (s *Source) direct(d Directive, v *Var) {
	switch d.Verb {
	case directiveFresh:
		v.Fresh = true
	case directiveRenamed:
		v.Renamed = d.Old
	case directiveReset:
		if declaresType(v.Spec) {
			s.Problems = append(s.Problems, DirectiveProblem{v.Pos, fmt.Sprintf("%s can't make the initial value again, which declares a type inside a function literal: that would be another type", d)})
			return
		}
		for _, id := range v.Spec.Names {
			// Those with one initialiser are made together.
			if of := s.Vars[id.Name]; of != nil && (of == v || len(v.Spec.Values) == 1) {
				of.Reset = true
			}
		}
	}
}

// UnmatchedError says that a directive which stands in no source matches nothing.
type UnmatchedError struct {
	Directive Directive
	Why, Near string
}

func (e *UnmatchedError) Error() string {
	text := fmt.Sprintf("%s: %s", e.Directive, e.Why)
	if e.Near != "" {
		text += "; did you mean " + e.Near + "?"
	}
	return text
}

// CheckDirectives checks that every directive which stands in no source names what is there. Those that are awaited may
// name variables that edits still to come declare.
func (e *Edit) CheckDirectives(tree *Tree, awaited bool) error {
	for _, d := range tree.directives {
		if err := e.checkDirective(tree, d, awaited); err != nil {
			return err
		}
	}
	return nil
}

func (e *Edit) checkDirective(tree *Tree, d Directive, awaited bool) error {
	unmatched := func(near, format string, args ...any) error {
		return &UnmatchedError{d, fmt.Sprintf(format, args...), near}
	}
	p, old := e.Packages[d.Package], (*release.Package)(nil)
	if q, ok := e.Record.PackageByPath(d.Package); ok {
		old = q
	}
	switch {
	case p == nil:
		return unmatched(Nearest(d.Package, slices.Sorted(maps.Keys(e.Packages))), "the program has no package %s", d.Package)
	}
	was, is := map[string]*Var{}, map[string]*Var{}
	if src, ok := e.Sources[d.Package]; ok {
		is = src.New.Vars
		if src.Old != nil {
			was = src.Old.Vars
		}
	} else if old != nil {
		src, err := tree.oldSource(old)
		if err != nil {
			return err
		}
		was, is = src.Vars, src.Vars // nothing of it changed
	}
	near := func(name string, vars map[string]*Var, but map[string]*Var) string {
		var names []string
		for n := range vars {
			if but[n] == nil {
				names = append(names, n)
			}
		}
		slices.Sort(names)
		if n := Nearest(name, names); n != "" {
			return d.Package + "." + n
		}
		return ""
	}
	none := map[string]*Var{}
	switch {
	case d.Verb != directiveReset && was[d.Name] != nil:
		if awaited && (d.Verb == directiveFresh || was[d.Old] == nil) {
			return nil // the program was started anew with it
		}
		return unmatched(near(d.Name, is, was), "the release has the variable %s already, so it is not new", d.Name)
	case d.Old != "" && was[d.Old] == nil:
		return unmatched(cmp.Or(near(d.Old, was, is), near(d.Old, was, none)), "package %s of the release has no variable %s", d.Package, d.Old)
	case is[d.Name] != nil || awaited && !p.Standard: // nobody edits the standard library beside
		return nil
	case d.Verb == directiveReset:
		return unmatched(near(d.Name, is, none), "package %s of your edit has no variable %s", d.Package, d.Name)
	}
	return unmatched(near(d.Name, is, was), "package %s of your edit has no new variable %s", d.Package, d.Name)
}
