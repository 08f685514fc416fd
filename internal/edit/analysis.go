package edit

import (
	"fmt"
	"go/ast"
	"go/types"
	"hash/crc32"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/internal/escape"
	"github.com/gosplice/gosplice/internal/gotool"
)

// analysis is what the compiler decided of one version of a package: what its functions do with their
// arguments, and where its bodies allocate. Functions go by the names that symbols have within the package.
type analysis struct {
	source *Source
	// unknown stands for what all functions do when the package was not analysed.
	unknown escape.Keeps
	flows   map[string][]escape.Flow
	steps   map[string]map[escape.Flow]step
	heap    map[string][]gotool.Escape
	stack   map[spot][]gotool.Escape
	// shares counts the conversions at a place that share the memory of a string.
	shares map[spot]int
	// returned are the results that a parameter flows to, by its place.
	returned map[spot]map[string]bool
	// literals are the flows that are printed without the name of the closure, by declaration and by the place of
	// the literal.
	literals map[string][]string
	byPlace  map[spot][]escape.Flow
	// content identifies the build, for what can't be told of it.
	content string
	// compiledIn is where the decisions on a generic instance were taken from: it is compiled in each package
	// that uses it.
	compiledIn map[string]string
	// untold are functions whose flows are not told whole: generic ones that may end in a result of their own, and
	// those with decisions that have no column.
	untold map[string]bool
	// lines are those with decisions that are not told apart, and of which it is not said in which function they are.
	lines map[spot]bool
}

// step is the last step of a flow.
type step struct{ name, why, at string }

// argument is a parameter in the source.
type argument struct {
	decl    string // of a declaration's own; otherwise it is one of a function literal
	around  string // the declaration
	literal spot   // of a function literal
	number  int    // as in escape.Keeps
	results map[string]int
	inner   bool // function literals inside have results
	plain   bool // its value has no pointers
}

func newAnalysis(s *Source, unknown escape.Keeps) *analysis {
	return &analysis{
		source: s, unknown: unknown,
		flows: map[string][]escape.Flow{}, steps: map[string]map[escape.Flow]step{}, heap: map[string][]gotool.Escape{},
		stack: map[spot][]gotool.Escape{}, shares: map[spot]int{}, returned: map[spot]map[string]bool{}, literals: map[string][]string{}, byPlace: map[spot][]escape.Flow{}, compiledIn: map[string]string{},
		untold: map[string]bool{}, lines: map[spot]bool{},
	}
}

// analyse sorts the decisions by packages. byDir finds the analysis of a package by its directory: a generic
// function is compiled in other packages too.
func analyse(escapes []gotool.Escape, byPath map[string]*analysis, byDir func(dir string) *analysis) {
	for _, x := range escapes {
		if a := byPath[x.Package]; a != nil && x.Kind == gotool.ReturnsParam {
			at := spot{filepath.Base(x.File), x.Line, x.Column}
			if a.returned[at] == nil {
				a.returned[at] = map[string]bool{}
			}
			a.returned[at][x.To] = true
		}
	}
	for _, x := range escapes {
		a := byPath[x.Package]
		if strings.Contains(x.Func, "[") {
			if owner := byDir(filepath.Dir(x.File)); owner != nil {
				a = owner
			}
		}
		if a != nil && a.source != nil && a.unknown == "" {
			a.add(x)
		}
		// It is not said in which function. An instance of a generic one may be compiled anywhere.
		if owner := byDir(filepath.Dir(x.File)); x.Kind == gotool.SharesString && owner != nil && owner != a && owner.source != nil {
			owner.add(x)
		}
	}
	for _, a := range byPath {
		for _, l := range a.literals {
			slices.Sort(l)
		}
	}
}

func (a *analysis) add(x gotool.Escape) {
	at := spot{filepath.Base(x.File), x.Line, x.Column}
	if x.Column == 0 {
		a.lines[at] = true
		if x.Func != "" {
			a.untold[x.Func] = true
		}
		return
	}
	if x.Func != "" {
		if in, ok := a.compiledIn[x.Func]; ok && in != x.Package {
			return
		}
		a.compiledIn[x.Func] = x.Package
	}
	switch x.Kind {
	case gotool.OnHeap:
		a.heap[x.Func] = append(a.heap[x.Func], x)
		if p, ok := a.source.argumentAt(at); ok && p.owns(x.Func) && !p.plain {
			a.flow(x.Func, escape.Flow{Param: p.number, Kind: 'h'}, x) // moved to the heap
		}
	case gotool.OnStack:
		a.stack[at] = append(a.stack[at], x)
	case gotool.SharesString:
		a.shares[at]++
	case gotool.LeaksParam:
		p, ok := a.source.argumentAt(at)
		if !ok {
			// The parameter of a wrapper whose method is declared elsewhere.
			p = argument{number: unknownArgument + int(crc32.ChecksumIEEE([]byte(x.Text)))%unknownArgument}
		}
		f := escape.Flow{Param: p.number, Kind: 'h', Derefs: x.Derefs}
		if n, ok := p.result(x.To); ok {
			switch {
			case !strings.Contains(x.Func, "["):
				if a.returned[at][x.To] {
					f.Kind, f.Result = 'r', n
				}
			case p.inner:
				a.untold[x.Func] = true
				return
			default:
				f.Kind, f.Result = 'r', n
			}
		}
		a.flow(x.Func, f, x)
	case gotool.MutatesParam, gotool.CallsParam:
		p, ok := a.source.argumentAt(at)
		if !ok {
			if a.source.has(at.file) {
				a.lines[spot{file: at.file, line: at.line}] = true
			}
			return // of another package, or of a file with cgo, see untold
		}
		f := escape.Flow{Param: p.number, Kind: 'm', Derefs: x.Derefs}
		if x.Kind == gotool.CallsParam {
			f.Kind = 'c'
		}
		if p.decl == "" {
			a.literals[p.around] = append(a.literals[p.around], fmt.Sprint(f))
			a.byPlace[p.literal] = append(a.byPlace[p.literal], f)
			return
		}
		a.flow(p.decl, f, x)
	}
}

// unknownArgument is the least number of an argument that is not found in the source: it stands for a name.
const unknownArgument = 1 << 20

func (a *analysis) flow(function string, f escape.Flow, x gotool.Escape) {
	if !slices.Contains(a.flows[function], f) {
		a.flows[function] = append(a.flows[function], f)
	}
	if a.steps[function] == nil {
		a.steps[function] = map[escape.Flow]step{}
	}
	if _, ok := a.steps[function][f]; !ok {
		a.steps[function][f] = step{x.Text, x.Why, x.At}
	}
}

// owns reports whether a function is the one that the argument is of, as far as its name tells.
func (p argument) owns(function string) bool {
	return p.decl == "" || withoutTypeArgs(function) == p.decl
}

// result is the number of the result that the compiler calls name. The result of a function literal inside may have the
// same name.
func (p argument) result(name string) (int, bool) {
	name = name[strings.LastIndexByte(name, '.')+1:]
	if n, ok := p.results[name]; ok {
		return n, true
	}
	if text, ok := strings.CutPrefix(name, "~r"); ok {
		n, err := strconv.Atoi(text)
		return n, err == nil && n < len(p.results)
	}
	return 0, false
}

// elsewhere reports code whose place is said by a line directive: the compiler's positions need not have columns then.
func (s *Source) elsewhere(n ast.Node) bool {
	from, to := s.Fset.Position(n.Pos()), s.Fset.Position(n.End())
	return from != s.Fset.PositionFor(n.Pos(), false) || to != s.Fset.PositionFor(n.End(), false)
}

// argumentAt finds the parameter whose name is at a place.
func (s *Source) argumentAt(at spot) (argument, bool) {
	if s.arguments == nil {
		s.arguments = map[spot]argument{}
		for name, f := range s.Funcs {
			inner := slices.ContainsFunc(f.Literals, func(l Literal) bool { return l.node.Type.Results != nil })
			s.addArguments(f.Decl.Recv, f.Decl.Type, argument{decl: name, around: name, inner: inner})
			for _, l := range f.Literals {
				s.addArguments(nil, l.node.Type, argument{around: name, literal: s.spotOf(l.node)})
			}
		}
		for _, ls := range s.varLiterals {
			for _, l := range ls {
				s.addArguments(nil, l.node.Type, argument{around: varInit, literal: s.spotOf(l.node)})
			}
		}
	}
	p, ok := s.arguments[at]
	return p, ok
}

// declaresType reports a predeclared name that the package, or a type parameter of it, gives to another type.
func (s *Source) declaresType(name string) bool {
	if s.typeNames == nil {
		s.typeNames = map[string]bool{}
		for _, f := range s.Files {
			ast.Inspect(f, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeSpec:
					s.typeNames[n.Name.Name] = true
				case *ast.FuncDecl:
					if n.Recv != nil { // its type parameters stand in brackets
						ast.Inspect(n.Recv, func(n ast.Node) bool {
							if x, ok := n.(*ast.IndexExpr); ok {
								if id, ok := x.Index.(*ast.Ident); ok {
									s.typeNames[id.Name] = true
								}
							}
							if x, ok := n.(*ast.IndexListExpr); ok {
								for _, i := range x.Indices {
									if id, ok := i.(*ast.Ident); ok {
										s.typeNames[id.Name] = true
									}
								}
							}
							return true
						})
					}
				case *ast.FuncType:
					if n.TypeParams != nil {
						for _, f := range n.TypeParams.List {
							for _, id := range f.Names {
								s.typeNames[id.Name] = true
							}
						}
					}
				case *ast.ImportSpec:
					if n.Name != nil && n.Name.Name == "." {
						for _, t := range types.Typ {
							s.typeNames[t.Name()] = true // it may declare any
						}
					}
				}
				return true
			})
		}
	}
	return s.typeNames[name]
}

func (s *Source) addArguments(receiver *ast.FieldList, t *ast.FuncType, p argument) {
	p.results = map[string]int{}
	n := 0
	if t.Results != nil {
		for _, f := range t.Results.List {
			for i := range max(len(f.Names), 1) {
				name := fmt.Sprintf("~r%d", n)
				if i < len(f.Names) && f.Names[i].Name != "_" {
					name = f.Names[i].Name
				}
				p.results[name] = n
				n++
			}
		}
	}
	add := func(l *ast.FieldList, number int) {
		if l == nil {
			return
		}
		for _, f := range l.List {
			t, ok := ast.Unparen(f.Type).(*ast.Ident)
			p.plain = ok && isBasic(t.Name) && t.Name != "string" && !s.declaresType(t.Name)
			for _, id := range f.Names {
				p.number = number
				s.arguments[s.spotOf(id)] = p
				number++
			}
			if len(f.Names) == 0 {
				number++
			}
		}
	}
	add(receiver, 0)
	add(t.Params, 1)
}

// keeps is what a function of the package does with its arguments.
func (a *analysis) keeps(function, decl string) escape.Keeps {
	if a.unknown != "" {
		return a.unknown
	}
	if f := a.source.Funcs[decl]; f != nil && a.source.elsewhere(f.Decl) {
		return escape.Unknown(a.content)
	}
	if f := a.source.Funcs[decl]; f != nil && f.Decl.Body == nil && withoutTypeArgs(function) == decl {
		return escape.Of(withoutBody(f))
	}
	if a.untold[function] || a.anyUntold(decl) {
		return escape.Unknown(a.content)
	}
	flows := a.flows[function]
	if f := a.source.Funcs[decl]; f != nil && (f.Pragmas["uintptrescapes"] || f.Pragmas["uintptrkeepalive"]) {
		flows = append(slices.Clone(flows), keepsAll(f)...)
	}
	return escape.Of(flows)
}

// anyUntold reports whether the lines of a declaration have decisions that are not told apart. What the compiler makes
// has no lines.
func (a *analysis) anyUntold(decl string) bool {
	if len(a.lines) == 0 {
		return false
	}
	if f := a.source.Funcs[decl]; f != nil {
		return a.untoldBetween(a.source.spotOf(f.Decl), a.source.spotAt(f.Decl.End()))
	}
	return !isWrapper(decl, a.source)
}

// usesCgo reports whether the package has files that cgo writes anew.
func (s *Source) usesCgo() bool {
	for _, f := range s.Other {
		if f.Kind == "cgo" {
			return true
		}
	}
	return false
}

// has reports a file of the package by its name without the directory.
func (s *Source) has(name string) bool {
	return slices.ContainsFunc(s.Files, func(f *ast.File) bool { return s.spotOf(f).file == name })
}

func (a *analysis) untoldBetween(from, to spot) bool {
	for at := range a.lines {
		if at.file == from.file && from.line <= at.line && at.line <= to.line {
			return true
		}
	}
	return false
}

// keepsWith is keeps, with what is only told of a function literal by its place.
func (a *analysis) keepsWith(function, decl string, literals map[string]literalOf, symbol string, sources map[string]Pair, edited bool) escape.Keeps {
	k := a.keeps(function, decl)
	l, ok := literals[symbol]
	if ok && sources[l.path].New != a.source && sources[l.path].Old != a.source {
		return escape.Unknown(a.content) // its parameters are those of another package
	}
	if !ok || len(a.byPlace) == 0 {
		return k
	}
	source := sources[l.path].Old
	if edited {
		source = sources[l.path].New
	}
	ls := source.groups()[l.group]
	flows, known := k.Flows()
	if l.index >= len(ls) || !known {
		return k
	}
	return escape.Of(append(flows, a.byPlace[source.spotOf(ls[l.index].node)]...))
}

// withoutBody is what the compiler takes a function of another language to do.
func withoutBody(f *Func) (flows []escape.Flow) {
	if f.Pragmas["noescape"] {
		return nil
	}
	return keepsAll(f)
}

// keepsAll are the flows of a function that keeps its receiver and all parameters.
func keepsAll(f *Func) (flows []escape.Flow) {
	for n := range max(1, f.Decl.Type.Params.NumFields()) {
		flows = append(flows, escape.Flow{Param: n + 1, Kind: 'h'})
	}
	if f.Decl.Recv != nil {
		flows = append(flows, escape.Flow{Param: 0, Kind: 'h'})
	}
	return flows
}

// places are where a function allocates on the heap, in the segment that it is compiled from.
func (a *analysis) places(function string, g *segment) escape.Places {
	out := map[string]escape.Place{}
	for _, x := range a.heap[function] {
		key, ambiguous := a.key(x, g)
		p := out[key]
		p.Key, p.Ambiguous = key, p.Ambiguous || ambiguous
		p.Count++
		out[key] = p
	}
	for at, count := range a.shares {
		if n, ok := g.ordinals[at]; ok {
			key := escape.SharedKey(n)
			out[key] = escape.Place{Key: key, Count: count}
		} else if g.around(at) {
			// Not told from others, so that it may always be another one.
			key := escape.SharedKey(-1)
			out[key] = escape.Place{Key: key, Count: out[key].Count + count, Ambiguous: true}
		}
	}
	return escape.PlacesOf(out)
}

// key is that of a place in escape.Places. It is ambiguous where it can't be told from another one that may be on
// the stack.
func (a *analysis) key(x gotool.Escape, g *segment) (key string, ambiguous bool) {
	at := spot{filepath.Base(x.File), x.Line, x.Column}
	n, ok := g.ordinals[at]
	if !ok {
		// Not of the segment itself: code that was inlined from a place which it does not have.
		return fmt.Sprintf("u%s", hashText(fmt.Sprint(at.file, at.line, at.column, x.Text))), true
	}
	if isIdentifier(x.Text) && g.names[at] == x.Text {
		return fmt.Sprintf("%dn", n), false
	}
	// Several places may be at one position: where a call was inlined, and where a value is converted. They
	// differ in their texts, but for copies. A variable that is not named here was inlined with its function,
	// and those that are on the stack are not printed.
	copied := slices.ContainsFunc(a.stack[at], func(s gotool.Escape) bool { return s.Text == x.Text })
	// What append allocates may begin on the stack and be moved to the heap later, unless it is kept at once.
	return fmt.Sprintf("%dv%.6s", n, hashText(x.Text)), isIdentifier(x.Text) || copied || strings.HasPrefix(x.Text, "append(")
}

func isIdentifier(text string) bool {
	return text != "" && strings.IndexFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r < 0x80
	}) < 0
}

// moved describes the places of a function that are on the heap in a and not in old, by name.
func (a *analysis) moved(function string, g *segment, keys []string) []string {
	var out []string
	for _, x := range a.heap[function] {
		if key, _ := a.key(x, g); slices.Contains(keys, key) {
			out = append(out, fmt.Sprintf("%s (%s:%d)", x.Text, filepath.Base(x.File), x.Line))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
