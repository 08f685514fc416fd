package edit

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// closures is what became of the closures of the changed packages.
type closures struct {
	// was maps a closure of the edited build to the one of the release that was compiled from the
	// same literal.
	was map[goobj.Sym]*release.Symbol
	// paired are the closures of the release that are found in it.
	paired map[*release.Symbol]bool
	// identity tells literals apart across edits.
	identity map[goobj.Sym]string
	// oldLiteral and literal are where closures of the release and of the edit stand in the source.
	oldLiteral map[*release.Symbol]hostedLiteral
	literal    map[goobj.Sym]hostedLiteral
}

// hostedLiteral is a literal with the function that it was inlined into, as in place.
type hostedLiteral struct {
	literalOf
	host string
}

// place is a literal of the source and where the compiler put it: into its own declaration, or by
// inlining into another one.
type place struct {
	host    string // the symbol that it is in, for inlined and generic code
	path    string // import path of the literal's package
	group   string
	literal int // in the old version
}

func (p place) hosted() hostedLiteral {
	return hostedLiteral{literalOf{p.path, p.group, p.literal}, p.host}
}

// compiled is a closure in objects or program.
type compiled struct {
	name string
	line int
	old  *release.Symbol
	sym  goobj.Sym
}

// matchClosures finds the closures of the release again.
func (e *Edit) matchClosures() {
	c := closures{
		was: map[goobj.Sym]*release.Symbol{}, paired: map[*release.Symbol]bool{}, identity: map[goobj.Sym]string{},
		oldLiteral: map[*release.Symbol]hostedLiteral{}, literal: map[goobj.Sym]hostedLiteral{},
	}
	e.closures = c
	olds, news := e.compiledClosures()
	oldIndex, newIndex := e.literalIndex(false), e.literalIndex(true)
	to := map[string]map[string][]int{} // path -> group -> old index -> new index
	for path, p := range e.Sources {
		to[path] = map[string][]int{}
		if p.Old == nil {
			continue
		}
		old, new := p.Old.groups(), p.New.groups()
		for g, ls := range old {
			to[path][g] = matchLiterals(ls, new[g])
		}
	}
	was, is := map[place][]compiled{}, map[place][]compiled{}
	for path := range e.Sources {
		for at, cs := range oldIndex.places(e, path, olds[path]) {
			for _, x := range cs {
				c.oldLiteral[x.old] = at.hosted()
			}
			g := to[at.path][at.group]
			if at.literal < len(g) && g[at.literal] >= 0 {
				at.literal = g[at.literal]
				was[at] = append(was[at], cs...)
			}
		}
		ids := map[string]map[string][]string{}
		for at, cs := range newIndex.places(e, path, news[path]) {
			is[at] = append(is[at], cs...)
			if ids[at.path] == nil {
				ids[at.path] = map[string][]string{}
				for g, ls := range e.Sources[at.path].New.groups() {
					ids[at.path][g] = identities(ls)
				}
			}
			for _, x := range cs {
				c.literal[x.sym] = at.hosted()
				c.identity[x.sym] = at.path + " " + ids[at.path][at.group][at.literal]
			}
		}
	}
	e.findApart(false)
	e.findApart(true)
	for at, os := range was {
		ns := is[at]
		for _, cs := range [][]compiled{os, ns} {
			sort.Slice(cs, func(i, j int) bool { return lastNumber(cs[i].name) < lastNumber(cs[j].name) })
		}
		if len(os) == 1 && len(ns) == 1 {
			c.was[ns[0].sym], c.paired[os[0].old] = os[0].old, true
			continue
		}
		// A literal that is inlined several times into one function. Their bodies may differ in what is
		// known where the calls stand, so the order of the calls counts.
		byName := e.sameText(at.host)
		inOrder := !byName && e.allAlike(ns)
		for i, o := range os {
			for k, n := range ns {
				if byName && o.name == n.name || inOrder && i == k {
					c.was[n.sym], c.paired[o.old] = o.old, true
				}
			}
		}
	}
}

// allAlike reports closures with one and the same code.
func (e *Edit) allAlike(cs []compiled) bool {
	for _, c := range cs {
		if e.Prints.Of(c.sym) != e.Prints.Of(cs[0].sym) {
			return false
		}
	}
	return true
}

// sameText reports that the source of a function's declaration, or of all initialisers of variables, did
// not change; host is an import path and a symbol name.
func (e *Edit) sameText(host string) bool {
	path, name, _ := strings.Cut(host, "\x00")
	p := e.Sources[path]
	decl, _ := e.declOf(path, name)
	if decl == varInit && p.Old != nil {
		return slices.Equal(p.Old.initialisers, p.New.initialisers) && slices.Equal(e.oldDecl.initOrder(path), e.newDecl.initOrder(path))
	}
	return p.Old != nil && p.Old.Funcs[decl] != nil && p.New.Funcs[decl] != nil && p.Old.Funcs[decl].Text == p.New.Funcs[decl].Text
}

// compiledClosures are the closures of the program and of the edited build, by the import path of the
// package that holds them.
func (e *Edit) compiledClosures() (olds, news map[string][]compiled) {
	olds, news = map[string][]compiled{}, map[string][]compiled{}
	for i := range e.Record.Symbols {
		s := &e.Record.Symbols[i]
		path := e.importPath(s.Package)
		if _, ok := e.Sources[path]; ok && s.Kind.IsText() && s.ABI == goobj.ABIInternal {
			olds[path] = append(olds[path], compiled{name: s.Name, line: int(s.Line), old: s})
		}
	}
	for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
		path := e.importPath(o.Pkg)
		if _, ok := e.Sources[path]; !ok {
			continue
		}
		for y := range e.Set.Definitions(o) {
			n := e.Set.NameOf(y)
			if fi, ok := e.Set.FuncInfo(y); ok && e.Set.Size(y) > 0 && n.ABI == goobj.ABIInternal {
				news[path] = append(news[path], compiled{name: n.Name, line: int(fi.StartLine), sym: y})
			}
		}
	}
	return olds, news
}

// literalIndex finds literals by declaration.
type literalIndex map[string][]literalAt // by name of the declaration

type literalAt struct {
	Literal
	path, group string
	index       int
}

func (e *Edit) literalIndex(edited bool) literalIndex {
	out := literalIndex{}
	for path, p := range e.Sources {
		s := p.Old
		if edited {
			s = p.New
		}
		if s == nil {
			continue
		}
		for g, ls := range s.groups() {
			for i, l := range ls {
				out[l.Decl] = append(out[l.Decl], literalAt{l, path, g, i})
			}
		}
	}
	return out
}

// numberedTail are the numbers at the end of a closure's name, one for each literal that it is in.
var numberedTail = regexp.MustCompile(`^(.*?)((?:\.func\d+|\.\d+)(?:\.\d+)*)$`)

// places finds the literals of the closures of a package.
func (x literalIndex) places(e *Edit, path string, cs []compiled) map[place][]compiled {
	type spot struct {
		host, decl  string
		line, depth int
		loop        bool
	}
	spots := map[spot][]compiled{}
	for _, c := range cs {
		name := strings.TrimPrefix(c.name, goobj.PackagePrefix(e.symbolPath(path))+".")
		loop := rangeTail.FindStringSubmatch(name)
		if loop != nil {
			name = loop[1]
		}
		m := numberedTail.FindStringSubmatch(name)
		if m == nil && loop != nil {
			m = []string{name, name, ""}
		}
		if m == nil || c.line == 0 {
			continue
		}
		host, depth := m[1], strings.Count(m[2], ".")
		around := host
		for {
			inner := numberedTail.FindStringSubmatch(around)
			if inner == nil || !strings.HasPrefix(inner[2], ".func") {
				break
			}
			around, depth = inner[1], depth+strings.Count(inner[2], ".") // of a literal that was inlined
		}
		at := spot{decl: x.declaration(e.Sources[path], withoutTypeArgs(around)), line: c.line, depth: depth, loop: loop != nil}
		if strings.HasPrefix(host, initPrefix) {
			at.decl = varInit // it initialises a variable, and has its lines
		}
		if at.decl != host {
			at.host = host
		}
		spots[at] = append(spots[at], c)
	}
	out := map[place][]compiled{}
	for at, cs := range spots {
		var ls []literalAt
		paths := map[string]bool{}
		for _, l := range x[at.decl] {
			if l.Line == at.line && l.Depth == at.depth && (l.loop != nil) == at.loop && (at.host != "" && !strings.HasPrefix(at.host, initPrefix) || l.path == path) {
				ls = append(ls, l)
				paths[l.path] = true
			}
		}
		where := func(l literalAt) place {
			p := place{path: l.path, group: l.group, literal: l.index}
			if at.host != "" {
				p.host = path + "\x00" + goobj.PackagePrefix(e.symbolPath(path)) + "." + at.host
			}
			return p
		}
		switch {
		case len(ls) == 1:
			out[where(ls[0])] = append(out[where(ls[0])], cs...)
		case len(paths) == 1 && len(ls) == len(cs):
			// Several on one line, and all of them are there: the numbers are in their order.
			sort.Slice(cs, func(i, j int) bool { return lastNumber(cs[i].name) < lastNumber(cs[j].name) })
			for i, l := range ls {
				out[where(l)] = append(out[where(l)], cs[i])
			}
		}
	}
	return out
}

// declaration is what a closure's literal stands in, when the name without numbers is that of the
// declaration itself or ends in that of a function that was inlined.
func (x literalIndex) declaration(src Pair, name string) string {
	if src.declares(name) {
		return name
	}
	for i := range len(name) {
		if name[i] == '.' && len(x[name[i+1:]]) > 0 {
			return name[i+1:]
		}
	}
	return ""
}

func lastNumber(name string) int {
	digits := name[len(strings.TrimRight(name, "0123456789")):]
	n, _ := strconv.Atoi(digits)
	return n
}

// findSameClosures finds the closures whose live values can run the new body. Most of what is known of captured
// variables comes with the escape analysis.
func (e *Edit) findSameClosures() {
	for i := range e.Functions {
		f := &e.Functions[i]
		if f.Class != Closure && f.Class != RangeBody || !f.sameCalls {
			continue
		}
		if f.SameClosure = e.sameClosure(f); f.SameClosure {
			f.Signature = false // variables may have other names
		}
	}
}

// sameClosure proves that a live value of the old closure can run the new body: the same literal,
// with the same signature and the same captured variables in the same places.
func (e *Edit) sameClosure(f *Function) bool {
	if f.Old == nil || e.closures.was[f.Sym] != f.Old || !f.Old.CapturesKnown {
		return false
	}
	if key, known := e.Sig(f.Sym); !known || !e.sameCaptures(f.Old, f.Sym, key) {
		return false
	}
	// A captured variable's type may be one that a function around it declares.
	return e.oldTypesAround(f.Package, f.Old.Name) == e.typesAround(f.Package, f.Name.Name)
}

// typesAround are the types that are declared in the functions which a closure's name mentions.
func (e *Edit) typesAround(importPath, name string) string {
	return e.around(e.Sources[e.importPath(importPath)].New, name, func() map[string]string { return e.localTypes(e.importPath(importPath)).new })
}

func (e *Edit) oldTypesAround(importPath, name string) string {
	return e.around(e.Sources[importPath].Old, name, func() map[string]string { return e.localTypes(importPath).old })
}

func (e *Edit) around(s *Source, name string, types func() map[string]string) string {
	if s == nil {
		return ""
	}
	name = withoutTypeArgs(name)
	var out []string
	for d, f := range s.Funcs {
		if f.Types && strings.Contains(name, "."+d+".") {
			out = append(out, types()[d])
		}
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

// localTypes are the shapes of the types that functions declare, by declaration.
type localTypes struct{ old, new map[string]string }

func (e *Edit) localTypes(path string) localTypes {
	if l, ok := e.locals[path]; ok {
		return l
	}
	l := localTypes{old: e.oldDecl.localTypes(path), new: e.newDecl.localTypes(path)}
	if e.locals == nil {
		e.locals = map[string]localTypes{}
	}
	e.locals[path] = l
	return l
}

func (c *checker) localTypes(path string) map[string]string {
	s := c.sources[path]
	if s == nil {
		return nil
	}
	info := c.bodies(path)
	out := map[string]string{}
	for name, f := range s.Funcs {
		if !f.Types {
			continue
		}
		var b strings.Builder
		ast.Inspect(f.Decl, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if t, ok := info.Defs[spec.Name].(*types.TypeName); ok {
				fmt.Fprintf(&b, "%s %s\n", spec.Name.Name, shape(t.Type().Underlying()))
			}
			return true
		})
		if !c.sure(path, f.Decl) {
			b.WriteString(c.unknownText())
		}
		out[name] = b.String()
	}
	return out
}
