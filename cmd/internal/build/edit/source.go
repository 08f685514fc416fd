// Package edit finds what changed between a release and an edited tree: functions, closures,
// types, variables and initialisers. It passes no verdicts.
package edit

import (
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/loops"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	wirefiles "github.com/gosplice/gosplice/internal/wire/files"
)

// Source is the parsed Go code of one version of a package.
type Source struct {
	Path  string // import path
	Fset  *token.FileSet
	Files []*ast.File
	// Funcs by name within the package: "F", "T.M", "(*T).M". init functions are "init.0", "init.1", …
	Funcs map[string]*Func
	Vars  map[string]*Var
	Types map[string]*ast.TypeSpec
	// Embeds maps file names to the hash of embedded content.
	Embeds map[string][32]byte
	// Other maps the names of assembly, C and cgo files to the hash of their content.
	Other map[string]OtherFile

	Hooks    []Hook
	Problems []DirectiveProblem // directives that can't mean anything

	varLiterals  [][]Literal      // of each initialiser of a package variable
	initialisers []string         // their texts
	blank        []*ast.ValueSpec // without a name, as in var _ = f()
	segments     map[segmentID]*segment
	grouped      map[string][]Literal            // see groups, memo
	apart        map[*ast.RangeStmt]*ast.FuncLit // see bodyApart; nil for loops whose bodies are inlined too
	arguments    map[spot]argument               // see argumentAt
	packageNames map[string]bool                 // see outside
	typeNames    map[string]bool                 // see declaresType
}

// OtherFile is a file that is not plain Go.
type OtherFile struct {
	Kind string
	Hash [32]byte
}

// Func is a function or method declaration.
type Func struct {
	Decl *ast.FuncDecl
	Pos  token.Position
	// Text is the hash of the declaration without comments and positions.
	Text string
	// Literals are the function literals inside.
	Literals []Literal
	// Loops are the bodies of loops that may be over functions.
	Loops []Literal
	// Locks are what the function locks, in the order of the source.
	Locks []string
	// Goroutines is the number of go statements that may start something that stays.
	Goroutines int
	// Later is the number of those in function literals that something else may call at another time.
	Later int
	// Types says that types are declared inside.
	Types bool
	// Pragmas are the //go: directives, such as "nosplit".
	Pragmas map[string]bool

	started []started
}

// started is what a go statement starts. It is started later when the statement is in a literal that is not called where
// it stands.
type started struct {
	fun   ast.Expr
	later bool
	// handed says that a method named Go gets it, as those of sync.WaitGroup and errgroup.Group.
	handed bool
}

// Var is a package variable.
type Var struct {
	Name *ast.Ident
	Spec *ast.ValueSpec
	Pos  token.Position
	// Value is the initialiser, nil when there is none. Several variables may share one.
	Value ast.Expr
	// Text is a hash of the initialiser without comments, positions and the bodies of literals.
	Text string
	// Literals says that it holds function literals.
	Literals bool
	// Embed holds the //go:embed patterns.
	Embed string
	// Reset asks for the initial value, Renamed is the variable's name in the release, and Fresh says that it is none of the
	// release's.
	Reset, Fresh bool
	Renamed      string
}

// file is one Go file before parsing.
type file struct {
	path    string
	content []byte
}

func parseSource(path string, files []file) (*Source, error) {
	s := &Source{
		Path: path, Fset: token.NewFileSet(), Funcs: map[string]*Func{}, Vars: map[string]*Var{},
		Types: map[string]*ast.TypeSpec{}, Embeds: map[string][32]byte{}, Other: map[string]OtherFile{},
	}
	for _, f := range files {
		parsed, err := parser.ParseFile(s.Fset, f.path, f.content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.Files = append(s.Files, parsed)
	}
	inits := 0
	for _, f := range s.Files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				name := funcName(d)
				if name == "init" {
					name = fmt.Sprintf("init.%d", inits)
					inits++
				}
				if d.Name.Name != "_" {
					s.Funcs[name] = s.readFunc(name, d)
				}
			case *ast.GenDecl:
				s.readGen(d)
			}
		}
		s.readDirectives(f)
	}
	for _, f := range s.Funcs {
		for _, x := range f.started {
			if s.mayStay(x.fun) && (!x.handed || s.isFunc(x.fun)) {
				f.Goroutines++
				if x.later {
					f.Later++
				}
			}
		}
	}
	return s, nil
}

// funcName is the name of a declaration as symbols have it.
func funcName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t := ast.Unparen(d.Recv.List[0].Type)
	star, isPtr := t.(*ast.StarExpr)
	if isPtr {
		t = ast.Unparen(star.X)
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	base := "?"
	if id, ok := t.(*ast.Ident); ok {
		base = id.Name
	}
	if isPtr {
		return "(*" + base + ")." + d.Name.Name
	}
	return base + "." + d.Name.Name
}

func (s *Source) readFunc(name string, d *ast.FuncDecl) *Func {
	f := &Func{Decl: d, Pos: s.Fset.Position(d.Pos()), Text: s.text(withoutDoc(d)), Pragmas: map[string]bool{}}
	if d.Doc != nil {
		for _, c := range d.Doc.List {
			if p, ok := strings.CutPrefix(c.Text, "//go:"); ok {
				name, _, _ := strings.Cut(p, " ")
				f.Pragmas[name] = true
			}
		}
	}
	if d.Body != nil {
		f.Literals, f.Loops = s.literals(name, d), s.loops(name, d)
		f.readBody(d.Body)
	}
	return f
}

func withoutDoc(d *ast.FuncDecl) *ast.FuncDecl {
	c := *d
	c.Doc = nil
	return &c
}

func (s *Source) readGen(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.Types[spec.Name.Name] = spec
		case *ast.ValueSpec:
			if d.Tok == token.VAR {
				s.readVar(d, spec)
			}
		}
	}
}

func (s *Source) readVar(d *ast.GenDecl, spec *ast.ValueSpec) {
	if ls := s.literals(varInit, spec); len(ls) > 0 {
		s.varLiterals = append(s.varLiterals, ls)
	}
	for _, x := range spec.Values {
		s.initialisers = append(s.initialisers, printed(x))
	}
	if len(spec.Values) > 0 && !slices.ContainsFunc(spec.Names, func(id *ast.Ident) bool { return id.Name != "_" }) {
		s.blank = append(s.blank, spec)
	}
	for i, id := range spec.Names {
		if id.Name == "_" {
			continue
		}
		v := &Var{Name: id, Spec: spec, Pos: s.Fset.Position(id.Pos())}
		switch {
		case len(spec.Values) == len(spec.Names):
			v.Value = spec.Values[i]
		case len(spec.Values) == 1:
			v.Value = spec.Values[0]
		}
		if v.Value != nil {
			v.Text = hashText(s.withoutBodies(v.Value))
			v.Literals = len(s.literals(varInit, v.Value)) > 0
		}
		for _, doc := range []*ast.CommentGroup{spec.Doc, d.Doc} {
			if doc == nil {
				continue
			}
			for _, c := range doc.List {
				if p, ok := strings.CutPrefix(c.Text, "//go:embed "); ok {
					v.Embed += p + "\n"
				}
			}
		}
		s.Vars[id.Name] = v
	}
}

// text is a hash of a node that comments, line breaks and positions do not change.
func (s *Source) text(n ast.Node) string { return hashText(printed(n)) }

func (f *Func) readBody(body *ast.BlockStmt) { f.readNode(body, false) }

// readNode reads a part of a body. later says that it is in a literal that is not called where it stands.
func (f *Func) readNode(n ast.Node, later bool) {
	called := map[ast.Expr]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeSpec:
			f.Types = true
		case *ast.GoStmt:
			f.started = append(f.started, started{n.Call.Fun, later, false})
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) == 1 && s.Sel.Name == "Go" {
				f.started = append(f.started, started{n.Args[0], later, true})
			}
			called[ast.Unparen(n.Fun)] = true
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) == 0 && (s.Sel.Name == "Lock" || s.Sel.Name == "RLock") {
				f.Locks = append(f.Locks, printed(s.X))
			}
		case *ast.FuncLit:
			f.readNode(n.Type, later)
			f.readNode(n.Body, later || !called[n])
			return false
		}
		return true
	})
}

// mayStay reports what a goroutine runs unless it is a literal or a function of the package that can be seen to end
// soon: without loops that go on until something happens, and without waiting.
func (s *Source) mayStay(fun ast.Expr) bool {
	var body ast.Node
	switch fun := ast.Unparen(fun).(type) {
	case *ast.FuncLit:
		body = fun.Body
	case *ast.Ident:
		if f := s.Funcs[fun.Name]; f != nil && f.Decl.Body != nil {
			body = f.Decl.Body
		}
	}
	if body == nil {
		return true
	}
	stays := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt:
			stays = stays || n.Post == nil
		case *ast.RangeStmt:
			stays = stays || n.Value == nil // over a channel, or a number
		case *ast.SelectStmt, *ast.SendStmt:
			stays = true
		case *ast.UnaryExpr:
			stays = stays || n.Op == token.ARROW
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			stays = stays || ok && s.Sel.Name == "Wait"
		}
		return !stays
	})
	return stays
}

// isFunc reports a function literal, or the name of a function or method of the package.
func (s *Source) isFunc(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.FuncLit:
		return true
	case *ast.Ident:
		return s.Funcs[x.Name] != nil
	case *ast.SelectorExpr:
		for name := range s.Funcs {
			if strings.HasSuffix(name, "."+x.Sel.Name) {
				return true
			}
		}
	}
	return false
}

// oldSource is oldSource for a package of the release, which a tree with a memory reads once.
func (t *Tree) oldSource(p *release.Package) (*Source, error) {
	if t.memory == nil {
		return oldSource(p)
	}
	if s := t.memory.released[p.Import]; s != nil {
		return s, nil
	}
	s, err := oldSource(p)
	if err == nil && p.Editable {
		t.memory.released[p.Import] = s
	}
	return s, err
}

// mostSource is how many bytes the sources of a package may have that a record names.
const mostSource = 64 << 20

// oldSource reads the package from the record; a package whose sources are not in the record is
// read from disk, without the overlay: it changes only through one. Whoever made the record may have named anything there.
func oldSource(p *release.Package) (*Source, error) {
	var files []file
	left := int64(mostSource)
	for _, f := range p.Files {
		if f.Kind != "go" {
			continue
		}
		path := f.Name
		if !filepath.IsAbs(path) {
			path = filepath.Join(p.Dir, f.Name)
		}
		content := f.Content
		if !p.Editable {
			b, err := wirefiles.ReadRegular(path, left)
			if err != nil {
				return nil, fmt.Errorf("the release's source of package %s was not found: %w%s", p.Import, err, bringBack(p))
			}
			left -= int64(len(b))
			content = b
		}
		files = append(files, file{path, content})
	}
	if p.Loops {
		rewriteLoops(files)
	}
	s, err := parseSource(p.Import, files)
	if err != nil {
		return nil, fmt.Errorf("the release's source of package %s: %w", p.Import, err)
	}
	for _, f := range p.Files {
		if f.Hash == ([32]byte{}) && f.Kind != "go" {
			if f.Hash, err = hashOf(absolute(p.Dir, f.Name)); err != nil {
				return nil, fmt.Errorf("the release's source of package %s: %w", p.Import, err)
			}
		}
		switch f.Kind {
		case "go":
		case "embed":
			s.Embeds[f.Name] = f.Hash
		default:
			s.Other[f.Name] = OtherFile{f.Kind, f.Hash}
		}
	}
	return s, nil
}

// hashOf is the hash of a file, which may be as long as files are that can be embedded.
func hashOf(path string) (hash [32]byte, err error) {
	const most = 2 << 30
	f, info, err := wirefiles.OpenRegular(path)
	if err != nil {
		return hash, err
	}
	defer f.Close()
	if info.Size() > most {
		return hash, fmt.Errorf("%s has more than %d bytes", path, most)
	}
	h := sha256.New()
	_, err = io.Copy(h, io.LimitReader(f, most))
	return [32]byte(h.Sum(nil)), err
}

// rewriteLoops puts the files of a package as package loops writes them in the place of what people wrote.
func rewriteLoops(files []file) {
	texts := map[string][]byte{}
	for _, f := range files {
		texts[f.path] = f.content
	}
	rewritten := loops.Rewrite(texts)
	for i := range files {
		if text, ok := rewritten[files[i].path]; ok {
			files[i].content = text
		}
	}
}

// bringBack says how the sources of a package of the release come back.
func bringBack(p *release.Package) string {
	module, replacement, _ := strings.Cut(p.Module, " => ")
	if replacement != "" {
		module = replacement
	}
	if !strings.Contains(module, "@v") {
		return ""
	}
	return ": go mod download " + module + " brings it back"
}
