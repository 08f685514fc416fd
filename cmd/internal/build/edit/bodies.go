package edit

import (
	"go/ast"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/escape"
)

// compiledFrom is what a body is compiled from.
type compiledFrom struct {
	path    string // import path
	id      segmentID
	segment *segment
}

// statement matches the name of what the compiler makes of a statement inside a function, which is a part of the
// function's own segment.
func statement(name string) (around string, ok bool) {
	i := strings.LastIndexAny(name, ".-")
	if i < 0 {
		return "", false
	}
	for _, mark := range []string{".gowrap", ".deferwrap", "-range"} {
		if n, found := strings.CutPrefix(name[i:], mark); found && strings.Trim(n, "0123456789") == "" {
			return name[:i], true
		}
	}
	return "", false
}

// oldSegment is what a function of the release is compiled from, if that is known.
func (e *Edit) oldSegment(s *release.Symbol) (c compiledFrom, ok bool) {
	if around, ok := statement(s.Name); ok && !e.closures.hasLiteral(s) {
		if e.bodiesApart(s.Name, false) {
			return c, false
		}
		if host, ok := e.Record.Lookup(around, goobj.ABIInternal); ok {
			return e.oldSegment(host)
		}
	}
	if l, ok := e.closures.oldLiteral[s]; ok {
		c = compiledFrom{path: l.path, id: segmentID{group: l.group, literal: l.index}}
		c.segment = e.Sources[c.path].Old.segment(c.id)
		return c, c.segment != nil
	}
	return e.declaredSegment(s.Name, false)
}

// newSegment is what a function of the edited build is compiled from, if that is known.
func (e *Edit) newSegment(y goobj.Sym) (c compiledFrom, ok bool) {
	n := e.Set.NameOf(y)
	if around, ok := statement(n.Name); ok && !e.closures.hasNewLiteral(y) {
		if e.bodiesApart(n.Name, true) {
			return c, false
		}
		if host, ok := e.Set.Lookup(around, n.ABI); ok {
			return e.newSegment(host)
		}
	}
	if l, ok := e.closures.literal[y]; ok {
		c = compiledFrom{path: l.path, id: segmentID{group: l.group, literal: l.index}}
		c.segment = e.Sources[c.path].New.segment(c.id)
		return c, c.segment != nil
	}
	return e.declaredSegment(n.Name, true)
}

// declaredSegment is that of a declaration by the symbol of its function.
func (e *Edit) declaredSegment(symbol string, edited bool) (c compiledFrom, ok bool) {
	path, function, decl, ok := e.owner(symbol)
	if !ok || withoutTypeArgs(function) != decl {
		return c, false
	}
	source := e.Sources[path].Old
	if edited {
		source = e.Sources[path].New
	}
	if source == nil || source.Funcs[decl] == nil || source.elsewhere(source.Funcs[decl].Decl) {
		return c, false
	}
	c = compiledFrom{path: path, id: segmentID{decl: decl}}
	c.segment = source.segment(c.id)
	return c, c.segment != nil
}

// Body says of a body which values flow where, for the comparison of versions: two bodies with the same
// flow give what they make to the same functions in the same ways.
type Body struct {
	Flow   string // empty where it is not known
	Places escape.Places
}

// OldBody is the body of a function of the release.
func (e *Edit) OldBody(s *release.Symbol) Body {
	c, ok := e.oldSegment(s)
	a := e.escapes.old[c.path]
	if !ok || a == nil || a.unknown != "" || !e.inlinedKnown() {
		return Body{}
	}
	var leads []string
	for _, f := range e.Record.MayCall(s) {
		leads = append(leads, f.Name)
	}
	path, function, _, _ := e.owner(s.Name)
	if path != c.path || a.untold[function] || a.untoldBetween(c.segment.from, c.segment.to) {
		return Body{} // compiled in another package, where its places are told, or they are not
	}
	return Body{e.flow(c, s.Name, e.escapes.inlined[s.Name], leads, false), a.places(function, c.segment)}
}

// NewBody is the body of a function of the edited build.
func (e *Edit) NewBody(y goobj.Sym) Body {
	c, ok := e.newSegment(y)
	a := e.escapes.new[c.path]
	if !ok || a == nil || a.unknown != "" {
		return Body{}
	}
	name := e.Set.NameOf(y).Name
	var inlined []string
	if fi, ok := e.Set.FuncInfo(y); ok {
		for _, n := range fi.Inline {
			inlined = append(inlined, e.Set.NameOf(n.Func).Name)
		}
	}
	path, function, _, _ := e.owner(name)
	if path != c.path || a.untold[function] || a.untoldBetween(c.segment.from, c.segment.to) {
		return Body{}
	}
	return Body{e.flow(c, name, inlined, e.leads(y), true), a.places(function, c.segment)}
}

// leads are the functions that one of the edited build leads to, as release.Record.MayCall has them.
func (e *Edit) leads(y goobj.Sym) (names []string) {
	for z := range e.Leads(y) {
		names = append(names, e.Set.NameOf(z).Name)
	}
	for _, z := range e.Held(y) {
		names = append(names, e.Set.NameOf(z).Name)
	}
	return names
}

// Leads are the functions that one of the edited build calls directly, those of which it makes func values, and its
// closures.
func (e *Edit) Leads(y goobj.Sym) func(yield func(goobj.Sym) bool) {
	return func(yield func(goobj.Sym) bool) {
		for _, rel := range e.Set.Relocs(y) {
			if to, ok := e.leadOf(rel); ok && !yield(to) {
				return
			}
		}
	}
}

// leadOf is the function that a relocation leads to.
func (e *Edit) leadOf(rel goobj.Reloc) (to goobj.Sym, ok bool) {
	if rel.Size == 0 || rel.Sym == 0 {
		return 0, false
	}
	if f, ok := release.Leads(e.Set.NameOf(rel.Sym).Name); ok {
		return e.Set.Lookup(f, goobj.ABIInternal)
	}
	return rel.Sym, e.isFunction(rel.Sym)
}

// isFunction reports a function of the edited build or of the program.
func (e *Edit) isFunction(y goobj.Sym) bool {
	if e.Set.Defined(y) {
		return e.Set.Kind(y).IsText()
	}
	n := e.Set.NameOf(y)
	s, ok := e.Record.Lookup(n.Name, n.ABI)
	return ok && s.Kind.IsText()
}

// inlinedKnown reports whether the record tells what of all changed packages is inlined where.
func (e *Edit) inlinedKnown() bool {
	return !slices.ContainsFunc(e.Rebuilt, func(path string) bool {
		p, ok := e.Record.PackageByPath(path)
		return !ok || !p.Editable
	})
}

// flow identifies the flows of a body: by the form of what it is compiled from, those of changed packages that are
// inlined into it, what the edit changed of all that it mentions, and the functions that it leads to.
func (e *Edit) flow(c compiledFrom, name string, inlined, leads []string, edited bool) string {
	parts := append([]string{c.segment.form}, e.inlinedLiterals(c, edited)...)
	if edited {
		parts = append(parts, e.mentionedBy(c, leads, edited)...)
		parts = append(parts, e.constantsOf(c, inlined)...)
	}
	for _, callee := range inlined {
		path, _, decl, ok := e.owner(callee)
		if !ok {
			continue // as before
		}
		source := e.Sources[path].Old
		if edited {
			source = e.Sources[path].New
		}
		form := ""
		if source != nil {
			form = source.whole(decl)
		}
		parts = append(parts, "inlines "+path+" "+decl+" "+form)
	}
	for _, callee := range leads {
		_, own := statement(callee)
		if own || strings.HasPrefix(callee, "runtime.") || strings.HasPrefix(callee, name+".") || strings.HasPrefix(callee, name+"-") || !strings.Contains(callee, ".") {
			continue
		}
		parts = append(parts, "leads "+callee)
	}
	slices.Sort(parts[1:])
	return hashText(strings.Join(slices.Compact(parts), "\n"))
}

// outlives reports whether a closure that a function of the release makes may outlive the function's frame: then what
// it captures is on the heap. Of closures that are not found in the source that is not known.
func (e *Edit) outlives(s *release.Symbol) bool {
	if around, ok := statement(s.Name); ok {
		return strings.HasPrefix(s.Name[len(around):], ".gowrap")
	}
	stack, heap := e.closurePlaces(s)
	return heap && !stack
}

// lent reports whether a closure that a function of the release makes is known to live no longer than the frame that
// it is made in.
func (e *Edit) lent(s *release.Symbol) bool {
	stack, heap := e.closurePlaces(s)
	return stack && !heap
}

// closurePlaces tells where the closures of a function literal of the release are allocated. It may be both, if a
// function around it is inlined, and neither where that is not known.
func (e *Edit) closurePlaces(s *release.Symbol) (stack, heap bool) {
	l, ok := e.closures.oldLiteral[s]
	if !ok || slices.ContainsFunc(e.callers(s), func(c *release.Symbol) bool { return !e.sameDeclaration(c.Name, s.Name) }) {
		return false, false
	}
	return e.escapes.old[l.path].closurePlaces(l, e.Sources[l.path].Old)
}

// LentNew is like lent for a closure of the edited build.
func (e *Edit) LentNew(y goobj.Sym) bool {
	l, ok := e.closures.literal[y]
	if !ok || e.madeElsewhere(y) {
		return false
	}
	stack, heap := e.escapes.new[l.path].closurePlaces(l, e.Sources[l.path].New)
	return stack && !heap
}

// literalNew is the function literal that a closure of the edited build, or a copy of it, is compiled from, or nil.
func (e *Edit) literalNew(y goobj.Sym) *Literal {
	at, ok := e.closures.literal[y]
	if !ok {
		return nil
	}
	if ls := e.Sources[at.path].New.groups()[at.group]; at.index < len(ls) {
		return &ls[at.index]
	}
	return nil
}

// Bare reports a function literal of the edited build that captures nothing: what it has it is given as arguments.
func (e *Edit) Bare(y goobj.Sym) bool {
	l := e.literalNew(y)
	return l != nil && !captures(l)
}

// InPlace reports a function literal of the edited build that is called, deferred or started where it stands. No variable
// holds it, so that nothing enters it later than that.
func (e *Edit) InPlace(y goobj.Sym) bool {
	l := e.literalNew(y)
	return l != nil && calledInPlace(l.around, l.node)
}

func calledInPlace(around ast.Node, l *ast.FuncLit) bool {
	found := false
	ast.Inspect(around, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			found = found || ast.Unparen(c.Fun) == ast.Expr(l)
		}
		return !found
	})
	return found
}

// madeElsewhere reports whether functions of the edited build other than the one around a literal make closures of it:
// since Go 1.27 the copies that inlining makes may be one function. What is told at the literal is not told of them.
func (e *Edit) madeElsewhere(y goobj.Sym) bool {
	if e.elsewhere == nil {
		e.elsewhere = map[goobj.Sym]bool{}
		for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
			for x := range e.Set.Definitions(o) {
				if !e.Set.Kind(x).IsText() {
					continue
				}
				for z := range e.Leads(x) {
					if _, ok := e.closures.literal[z]; ok && !e.sameDeclaration(e.Set.NameOf(x).Name, e.Set.NameOf(z).Name) {
						e.elsewhere[z] = true
					}
				}
			}
		}
	}
	return e.elsewhere[y]
}

// sameDeclaration reports whether two functions are compiled from the same declaration, as a literal is from the one around it.
func (e *Edit) sameDeclaration(a, b string) bool {
	pathA, _, declA, okA := e.owner(a)
	pathB, _, declB, okB := e.owner(b)
	return okA && okB && pathA == pathB && declA == declB
}

func (a *analysis) closurePlaces(l hostedLiteral, source *Source) (stack, heap bool) {
	if l.host != "" || a == nil || a.unknown != "" {
		return false, false // or a copy, which is allocated where the function around it was inlined
	}
	ls := source.groups()[l.group]
	if l.index >= len(ls) {
		return false, false
	}
	at := source.spotOf(ls[l.index].node)
	literal := func(x gotool.Escape) bool { return x.Text == "func literal" }
	for _, places := range a.heap {
		heap = heap || slices.ContainsFunc(places, func(x gotool.Escape) bool {
			return literal(x) && x.Line == at.line && x.Column == at.column && strings.HasSuffix(x.File, at.file)
		})
	}
	return slices.ContainsFunc(a.stack[at], literal), heap
}

// captures reports whether a function literal may refer to something that a function around it declares.
func captures(l *Literal) bool {
	outside := declared(l.around, l.node)
	found := false
	ast.Inspect(l.node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			found = found || outside[id.Name]
		}
		return !found
	})
	return found
}
