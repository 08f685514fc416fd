package edit

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A segment is what one body is compiled from: a declaration, a function literal or the body of a loop over a function, without
// the bodies of the literals and such loops inside. Two segments with the same form let the same values flow the same ways: they
// differ in comments and in the names of what is local, at most. Constants decide which code is dead, and
// the compiler decides on the rest.
type segment struct {
	form string // hash
	// ordinals number the places of the segment in the order of the syntax tree, names are the identifiers
	// among them.
	ordinals map[spot]int
	names    map[spot]string
	from, to spot
	root     ast.Node // the declaration or literal
	decl     ast.Node // what it stands in
}

// around reports whether a place is in the lines of the segment.
func (g *segment) around(at spot) bool {
	return at.file == g.from.file && g.from.line <= at.line && at.line <= g.to.line
}

// spot is a position in a source file.
type spot struct {
	file         string // without its directory
	line, column int
}

func (s *Source) spotOf(n ast.Node) spot { return s.spotAt(n.Pos()) }

func (s *Source) spotAt(at token.Pos) spot {
	p := s.Fset.Position(at)
	return spot{filepath.Base(p.Filename), p.Line, p.Column}
}

// segmentID names a segment of a package: a declaration, or a literal of a group.
type segmentID struct {
	decl    string // in Source.Funcs, or empty
	group   string // in Source.groups
	literal int
}

// segment returns a segment, or nil if there is no such.
func (s *Source) segment(id segmentID) *segment {
	if s == nil {
		return nil
	}
	if g, ok := s.segments[id]; ok {
		return g
	}
	var g *segment
	if id.decl != "" {
		if f := s.Funcs[id.decl]; f != nil {
			g = s.readSegment(withoutDoc(f.Decl), f.Decl)
		}
	} else if ls := s.groups()[id.group]; id.literal < len(ls) {
		l := ls[id.literal]
		g = s.readSegment(l.node, l.around)
	}
	if s.segments == nil {
		s.segments = map[segmentID]*segment{}
	}
	s.segments[id] = g
	return g
}

// whole is a hash of the forms of a declaration and of all literals inside; empty for what is no declaration.
func (s *Source) whole(decl string) string {
	f := s.Funcs[decl]
	if f == nil {
		return ""
	}
	text := s.segment(segmentID{decl: decl}).form
	for _, l := range slices.Concat(f.Literals, f.Loops) {
		if l.loop == nil || s.apart[l.loop] != nil {
			text += s.readSegment(l.node, l.around).form
		}
	}
	return hashText(text)
}

// readSegment reads the segment root, which stands in around.
func (s *Source) readSegment(root, around ast.Node) *segment {
	f := &former{s: s, local: declared(around, nil), numbers: map[string]int{}, segment: segment{ordinals: map[spot]int{}, names: map[spot]string{}, from: s.spotOf(root), to: s.spotAt(root.End()), root: root, decl: around}}
	f.text.WriteString(s.dotImports(root.Pos()))
	f.node(root, true)
	f.form = hashText(f.text.String())
	return &f.segment
}

// former writes the form of a segment.
type former struct {
	segment
	s       *Source
	local   map[string]bool
	numbers map[string]int // of local names, in the order of their appearance
	text    strings.Builder
}

// node writes a node with all that is in it, but for the bodies of function literals other than root.
func (f *former) node(root ast.Node, isRoot bool) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			f.text.WriteByte(')')
			return true
		}
		at := f.s.spotOf(n)
		f.mark(at)
		if l, ok := n.(*ast.FuncLit); ok && !(isRoot && n == root) {
			f.text.WriteString("(FuncLit")
			f.node(l.Type, false)
			f.text.WriteByte(')')
			return false
		}
		if l, ok := n.(*ast.RangeStmt); ok && f.s.apart[l] != nil {
			fmt.Fprintf(&f.text, "(RangeStmt %s", f.detail(n, at))
			for _, x := range []ast.Expr{l.Key, l.Value, l.X} {
				if x != nil {
					f.node(x, false)
				}
			}
			body := Literal{around: f.decl, loop: l}
			f.text.WriteString(body.exits(false) + ")") // the code behind the loop has them
			return false
		}
		if sel, ok := n.(*ast.SelectorExpr); ok {
			// The selected name is never a local one.
			f.text.WriteString("(Selector " + sel.Sel.Name)
			if id, ok := sel.X.(*ast.Ident); ok {
				f.text.WriteString(" " + f.s.imported(id, f.local[id.Name]))
			}
			f.mark(f.s.spotOf(sel.Sel))
			f.mark(f.s.spotAt(sel.X.End())) // the dot
			f.node(sel.X, false)
			f.text.WriteByte(')')
			return false
		}
		fmt.Fprintf(&f.text, "(%s %s", strings.TrimPrefix(fmt.Sprintf("%T", n), "*ast."), f.detail(n, at))
		return true
	})
}

// outside reports a name that the package declares or a file of it imports, or that is predeclared.
func (s *Source) outside(name string) bool {
	if s.packageNames == nil {
		s.packageNames = map[string]bool{}
		for _, f := range s.Files {
			for _, d := range f.Decls {
				switch d := d.(type) {
				case *ast.FuncDecl:
					s.packageNames[d.Name.Name] = true
				case *ast.GenDecl:
					for _, spec := range d.Specs {
						s.addNames(spec)
					}
				}
			}
		}
	}
	return s.packageNames[name] || types.Universe.Lookup(name) != nil
}

func (s *Source) addNames(spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, id := range spec.Names {
			s.packageNames[id.Name] = true
		}
	case *ast.TypeSpec:
		s.packageNames[spec.Name.Name] = true
	case *ast.ImportSpec:
		if spec.Name != nil {
			s.packageNames[spec.Name.Name] = true
		} else if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			s.packageNames[path.Base(p)] = true
		}
	}
}

// dotImports are the paths of the packages whose names stand for themselves in the file at a position.
func (s *Source) dotImports(at token.Pos) string {
	var paths []string
	for _, f := range s.Files {
		if at < f.FileStart || f.FileEnd <= at {
			continue
		}
		for _, spec := range f.Imports {
			if spec.Name != nil && spec.Name.Name == "." {
				paths = append(paths, spec.Path.Value)
			}
		}
	}
	slices.Sort(paths)
	return strings.Join(paths, ",")
}

// imported are the paths of the packages that a name before a dot may stand for, by the imports of its file. A letter or
// two that a local variable has for a name are in many paths by chance.
func (s *Source) imported(id *ast.Ident, local bool) string {
	i := slices.IndexFunc(s.Files, func(f *ast.File) bool { return f.FileStart <= id.Pos() && id.Pos() < f.FileEnd })
	if i < 0 {
		return ""
	}
	var named, unnamed []string
	for _, spec := range s.Files[i].Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		switch {
		case spec.Name != nil && spec.Name.Name == id.Name, spec.Name == nil && path.Base(p) == id.Name:
			named = append(named, p)
		case spec.Name == nil && (hasPart(p, id.Name) || (!local || len(id.Name) > 2) && strings.Contains(p, id.Name)):
			unnamed = append(unnamed, p) // the name of a package need not be the last part of its path
		}
	}
	if len(named) == 0 {
		named = unnamed
	}
	return strings.Join(named, ",")
}

// hasPart reports whether a name is a part of an import path, as yaml is of gopkg.in/yaml.v3.
func hasPart(path, name string) bool {
	return slices.Contains(strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune("/.-", r) }), name)
}

// mark numbers a place.
func (f *former) mark(at spot) {
	if _, ok := f.ordinals[at]; !ok {
		f.ordinals[at] = len(f.ordinals)
	}
}

// detail is what tells a node from others of its type beside its children. It numbers the places by which the
// compiler names an expression.
func (f *former) detail(n ast.Node, at spot) string {
	switch n := n.(type) {
	case *ast.Ident:
		f.names[at] = n.Name
		if !f.local[n.Name] || n.Name == "_" {
			return n.Name
		}
		if _, ok := f.numbers[n.Name]; !ok {
			f.numbers[n.Name] = len(f.numbers)
		}
		if f.s.outside(n.Name) {
			return fmt.Sprintf("#%d %s", f.numbers[n.Name], n.Name) // it may be either
		}
		return fmt.Sprintf("#%d", f.numbers[n.Name])
	case *ast.BasicLit:
		return n.Value
	case *ast.BinaryExpr:
		f.mark(f.s.spotAt(n.OpPos))
		return n.Op.String()
	case *ast.UnaryExpr:
		return n.Op.String()
	case *ast.CallExpr:
		f.mark(f.s.spotAt(n.Lparen))
		return fmt.Sprint(len(n.Args), n.Ellipsis.IsValid())
	case *ast.CompositeLit:
		f.mark(f.s.spotAt(n.Lbrace))
		return fmt.Sprint(n.Type == nil, len(n.Elts))
	case *ast.IndexExpr:
		f.mark(f.s.spotAt(n.Lbrack))
	case *ast.IndexListExpr:
		f.mark(f.s.spotAt(n.Lbrack))
		return fmt.Sprint(len(n.Indices))
	case *ast.SliceExpr:
		f.mark(f.s.spotAt(n.Lbrack))
		return fmt.Sprint(n.Low == nil, n.High == nil, n.Max == nil)
	case *ast.TypeAssertExpr:
		f.mark(f.s.spotAt(n.Lparen))
		f.mark(f.s.spotAt(n.X.End())) // the dot
		return fmt.Sprint(n.Type == nil)
	case *ast.KeyValueExpr:
		f.mark(f.s.spotAt(n.Colon))
	case *ast.AssignStmt:
		f.mark(f.s.spotAt(n.TokPos))
		return fmt.Sprint(n.Tok, len(n.Lhs), len(n.Rhs))
	case *ast.IncDecStmt:
		return n.Tok.String()
	case *ast.BranchStmt:
		return fmt.Sprint(n.Tok, n.Label == nil)
	case *ast.ReturnStmt:
		return fmt.Sprint(len(n.Results))
	case *ast.IfStmt:
		return fmt.Sprint(n.Init == nil, n.Else == nil)
	case *ast.ForStmt:
		return fmt.Sprint(n.Init == nil, n.Cond == nil, n.Post == nil)
	case *ast.RangeStmt:
		return fmt.Sprint(n.Tok, n.Key == nil, n.Value == nil)
	case *ast.SwitchStmt:
		return fmt.Sprint(n.Init == nil, n.Tag == nil)
	case *ast.TypeSwitchStmt:
		return fmt.Sprint(n.Init == nil)
	case *ast.CaseClause:
		return fmt.Sprint(len(n.List))
	case *ast.CommClause:
		return fmt.Sprint(n.Comm == nil)
	case *ast.GenDecl:
		return n.Tok.String()
	case *ast.ValueSpec:
		return fmt.Sprint(len(n.Names), n.Type == nil, len(n.Values))
	case *ast.TypeSpec:
		return fmt.Sprint(n.Assign.IsValid())
	case *ast.Field:
		return fmt.Sprint(len(n.Names))
	case *ast.FuncDecl:
		return fmt.Sprint(n.Recv == nil, n.Body == nil)
	case *ast.FuncType:
		return fmt.Sprint(n.TypeParams == nil, n.Results == nil)
	case *ast.ChanType:
		return fmt.Sprint(n.Dir)
	case *ast.ArrayType:
		return fmt.Sprint(n.Len == nil)
	}
	return ""
}

// declared are the names that are declared somewhere in a declaration or initialiser, but for what is in the function
// literal without.
func declared(n ast.Node, without *ast.FuncLit) map[string]bool {
	names := map[string]bool{}
	add := func(ids ...*ast.Ident) {
		for _, id := range ids {
			names[id.Name] = true
		}
	}
	expr := func(x ast.Expr) {
		if id, ok := x.(*ast.Ident); ok {
			add(id)
		}
	}
	fields := func(lists ...*ast.FieldList) {
		for _, l := range lists {
			if l == nil {
				continue
			}
			for _, f := range l.List {
				add(f.Names...)
			}
		}
	}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return n != without
		case *ast.FuncDecl:
			fields(n.Recv)
		case *ast.FuncType:
			fields(n.TypeParams, n.Params, n.Results)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for _, x := range n.Lhs {
					expr(x)
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				expr(n.Key)
				expr(n.Value)
			}
		case *ast.DeclStmt:
			for _, spec := range n.Decl.(*ast.GenDecl).Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					add(spec.Names...)
				case *ast.TypeSpec:
					add(spec.Name)
				}
			}
		case *ast.LabeledStmt:
			add(n.Label)
		}
		return true
	})
	return names
}
