package edit

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
	"strings"
)

// A declaration may decide what becomes of a body without leaving a trace in its code: a function that is inlined and
// folded away, a constant, an alias, the type of a result. So what differs among the declarations that a body mentions,
// itself or by way of others, is a part of its flow.

// mentioned is a declaration that bodies mention by a word, which is its name without that of a receiver.
// Of a function the body is told apart from the signature.
type mentioned struct {
	key      mentionedKey
	word     string
	form     string
	words    wordSet
	constant bool
}

type mentionedKey struct {
	path, decl string
	body       bool
}

// wordSet are the identifiers of a piece of source, as wordIn gives them. The value is true for those that are not only
// called in plain statements: a function may be inlined there although other calls of it are not.
type wordSet map[string]bool

// wordIn is what a name in the sources of a package can mean: a name that is not exported, nothing of other packages.
func wordIn(path, name string) string {
	if ast.IsExported(name) {
		return name
	}
	return path + "." + name
}

func wordsOf(path string, n ast.Node, skip func(ast.Node) bool) wordSet {
	out := wordSet{}
	plain := map[*ast.Ident]bool{}
	var stack []ast.Node
	ast.Inspect(n, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if skip != nil && skip(n) {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			if id := calledName(n.Fun); id != nil && !startsLater(stack) {
				plain[id] = true
			}
		case *ast.Ident:
			if n.Name != "_" {
				w := wordIn(path, n.Name)
				out[w] = out[w] || !plain[n]
			}
		}
		stack = append(stack, n)
		return true
	})
	return out
}

// startsLater reports that the node inside of stack is the call of a go or defer statement.
func startsLater(stack []ast.Node) bool {
	if len(stack) == 0 {
		return false
	}
	switch stack[len(stack)-1].(type) {
	case *ast.GoStmt, *ast.DeferStmt:
		return true
	}
	return false
}

// calledName is the name of the function that an expression calls, nil for one without a name.
func calledName(fun ast.Expr) *ast.Ident {
	switch fun := ast.Unparen(fun).(type) {
	case *ast.Ident:
		return fun
	case *ast.SelectorExpr:
		return fun.Sel
	case *ast.IndexExpr:
		return calledName(fun.X)
	case *ast.IndexListExpr:
		return calledName(fun.X)
	}
	return nil
}

// mentionable lists the declarations of a package. Those named _ are none: there may be several, and no word is one of them.
func (s *Source) mentionable() []mentioned {
	var out []mentioned
	add := func(name, decl string, body bool, form string, n ast.Node) {
		if name != "_" {
			out = append(out, mentioned{key: mentionedKey{s.Path, decl, body}, word: wordIn(s.Path, name), form: form, words: wordsOf(s.Path, n, nil)})
		}
	}
	for decl, f := range s.Funcs {
		signature := &ast.FuncDecl{Recv: f.Decl.Recv, Name: f.Decl.Name, Type: f.Decl.Type}
		pragmas := strings.Join(slices.Sorted(maps.Keys(f.Pragmas)), " ") // such as noescape
		add(f.Decl.Name.Name, decl, false, s.readSegment(signature, signature).form+pragmas, f.Decl.Type)
		if f.Decl.Body != nil {
			add(f.Decl.Name.Name, decl, true, s.whole(decl), f.Decl.Body)
		}
	}
	for _, f := range s.Files {
		for _, d := range f.Decls {
			d, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					add(spec.Name.Name, spec.Name.Name, false, s.readSegment(spec, spec).form, spec)
				case *ast.ValueSpec:
					for i, id := range spec.Names {
						n := typeOfValue(d, spec, i)
						before := len(out)
						add(id.Name, id.Name, false, s.readSegment(n, n).form, n)
						for k := range out[before:] {
							out[before+k].constant = d.Tok == token.CONST
						}
					}
				}
			}
		}
	}
	return out
}

// typeOfValue is the piece of a declaration that tells the type of one of its names, and the value of a constant. Constants
// in a group may repeat what is written of another one, or count their places.
func typeOfValue(d *ast.GenDecl, spec *ast.ValueSpec, i int) ast.Node {
	switch {
	case d.Tok == token.CONST && len(spec.Values) > 0 && !namesIn(spec, "iota"):
		return spec
	case d.Tok == token.CONST:
		return d
	case spec.Type != nil:
		return spec.Type
	case i < len(spec.Values):
		return spec.Values[i]
	}
	return spec
}

// mentionGraph is what the edit changed among all declarations that can be mentioned.
type mentionGraph struct {
	// changed are the forms in the edit of those which differ from the release; empty for one that is gone.
	changed map[mentionedKey]string
	byWord  map[string][]mentioned // of both versions
	// leads are the words by way of which something changed is mentioned.
	leads map[string]bool
	// behind are the changed constants that a package can get at by way of another one which is as before.
	behind map[string][]string
}

// findMentions compares the declarations of the packages that both versions have.
func (e *Edit) findMentions() *mentionGraph {
	m := &mentionGraph{changed: map[mentionedKey]string{}, byWord: map[string][]mentioned{}, leads: map[string]bool{}}
	by := map[string][]string{} // words by those that they mention
	for _, p := range e.Sources {
		if p.Old == nil {
			continue
		}
		was := map[mentionedKey]string{}
		for _, d := range p.Old.mentionable() {
			was[d.key] = d.form
			m.add(d, by)
		}
		for _, d := range p.New.mentionable() {
			if form, ok := was[d.key]; !ok || form != d.form {
				m.changed[d.key], m.leads[d.word] = d.form, true
			}
			delete(was, d.key)
			m.add(d, by)
		}
		for key := range was {
			m.changed[key] = ""
			m.leads[wordIn(key.path, key.decl[strings.LastIndexByte(key.decl, '.')+1:])] = true
		}
	}
	e.findBehind(m)
	for next := slices.Collect(maps.Keys(m.leads)); len(next) > 0; next = next[1:] {
		for _, w := range by[next[0]] {
			if !m.leads[w] {
				m.leads[w] = true
				next = append(next, w)
			}
		}
	}
	return m
}

func (m *mentionGraph) add(d mentioned, by map[string][]string) {
	m.byWord[d.word] = append(m.byWord[d.word], d)
	for w := range d.words {
		by[w] = append(by[w], d.word)
	}
}

// of lists what differs from the release among the declarations that words mention. The bodies of functions that called
// reports are left out, as calls of them are no part of the body in question.
func (m *mentionGraph) of(w wordSet, called func(mentionedKey) bool) []string {
	elsewhere := maps.Clone(w)
	for {
		v := visit{m: m, elsewhere: elsewhere, called: called, seen: map[string]bool{}}
		before := countTrue(elsewhere)
		v.words(w)
		if countTrue(elsewhere) == before {
			slices.Sort(v.out)
			return slices.Compact(v.out)
		}
	}
}

// findBehind finds the constants that no words lead to: the declarations of packages which are as before are not compared. A
// generic function of such a package may have something inlined that a constant decides on.
func (e *Edit) findBehind(m *mentionGraph) {
	m.behind = map[string][]string{}
	constants := map[string][]string{} // by package
	for _, ds := range m.byWord {
		for _, d := range ds {
			if form, ok := m.changed[d.key]; ok && d.constant {
				constants[d.key.path] = append(constants[d.key.path], d.key.mentioned(form))
			}
		}
	}
	imports := e.imports()
	for path, of := range constants {
		var same []string
		for p := range withImporters(imports, path) {
			if _, changed := e.Sources[p]; !changed {
				same = append(same, p)
			}
		}
		for p := range withImporters(imports, same...) {
			m.behind[p] = append(m.behind[p], of...)
		}
	}
}

// constants lists the constants that differ from the release among all that words of a package mention, by way of anything.
// Each of them may decide which code is dead, in functions that are inlined and leave no trace too.
func (m *mentionGraph) constants(path string, w wordSet) []string {
	out, next := slices.Clone(m.behind[path]), []string(nil)
	seen := map[string]bool{}
	add := func(w wordSet) {
		for word := range w {
			if m.leads[word] && !seen[word] {
				seen[word] = true
				next = append(next, word)
			}
		}
	}
	for add(w); len(next) > 0; next = next[1:] {
		for _, d := range m.byWord[next[0]] {
			if form, ok := m.changed[d.key]; ok && d.constant {
				out = append(out, d.key.mentioned(form))
			}
			add(d.words)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// mentioned says in a part of a flow that a declaration differs from the release.
func (k mentionedKey) mentioned(form string) string {
	return "mentions " + k.path + " " + k.decl + " " + form
}

// visit goes through what words mention.
type visit struct {
	m *mentionGraph
	// elsewhere are the words that are found in other places than plain calls.
	elsewhere wordSet
	called    func(mentionedKey) bool
	seen      map[string]bool
	out       []string
}

func (v *visit) words(w wordSet) {
	for word := range w {
		if !v.m.leads[word] || v.seen[word] {
			continue
		}
		v.seen[word] = true
		for _, d := range v.m.byWord[word] {
			if d.key.body && !v.elsewhere[word] && v.called(d.key) {
				continue
			}
			if form, ok := v.m.changed[d.key]; ok {
				v.out = append(v.out, d.key.mentioned(form))
			}
			for inner, other := range d.words {
				v.elsewhere[inner] = v.elsewhere[inner] || other
			}
			v.words(d.words)
		}
	}
}

func countTrue(w wordSet) (n int) {
	for _, is := range w {
		if is {
			n++
		}
	}
	return n
}

// mentionedBy lists what differs from the release among the declarations that a body mentions, which leads to functions.
func (e *Edit) mentionedBy(c compiledFrom, leads []string, edited bool) []string {
	m := e.mentioned()
	if len(m.leads) == 0 {
		return nil
	}
	called := map[mentionedKey]bool{}
	for _, callee := range leads {
		// A literal inside of a function that is inlined is no call of the function.
		if path, function, decl, ok := e.owner(callee); ok && withoutTypeArgs(function) == decl {
			called[mentionedKey{path, decl, true}] = true
		}
	}
	compiled := e.compiledLiterals(edited)
	s := e.Sources[c.path].Old
	if edited {
		s = e.Sources[c.path].New
	}
	var own ast.Node // the name of a declaration is no mention of it
	if d, ok := c.segment.root.(*ast.FuncDecl); ok {
		own = d.Name
	}
	w := wordsOf(c.path, c.segment.root, func(n ast.Node) bool {
		l := s.bodyApart(n)
		return n == own && own != nil || l != nil && l != c.segment.root && compiled[l]
	})
	return m.of(w, func(k mentionedKey) bool { return called[k] })
}

// constantsOf lists the constants that differ from the release and may decide on a body: those that the declaration around it
// mentions, or one of a function that is inlined into it, by way of anything.
func (e *Edit) constantsOf(c compiledFrom, inlined []string) []string {
	m := e.mentioned()
	if len(m.leads) == 0 {
		return nil
	}
	out := m.constants(c.path, wordsOf(c.path, c.segment.decl, nil))
	for _, callee := range inlined {
		if path, _, decl, ok := e.owner(callee); ok {
			out = append(out, e.declaredConstants(path, decl)...)
		}
	}
	return out
}

// declaredConstants is constantsOf for a declaration, in both versions.
func (e *Edit) declaredConstants(path, decl string) (out []string) {
	m, p := e.mentioned(), e.Sources[path]
	for _, s := range []*Source{p.Old, p.New} {
		if s != nil && s.Funcs[decl] != nil {
			out = append(out, m.constants(path, wordsOf(path, s.Funcs[decl].Decl, nil))...)
		}
	}
	return out
}

// otherConstants reports whether a constant that differs from the release may decide on a function. A wrapper has no
// declaration but those of what it leads to, and of the method that it is named after.
func (e *Edit) otherConstants(path, decl, symbol string) bool {
	if len(e.mentioned().leads) == 0 {
		return false
	}
	if len(e.declaredConstants(path, decl)) > 0 {
		return true
	}
	if p := e.Sources[path]; p.Old != nil && p.Old.Funcs[decl] != nil && p.New.Funcs[decl] != nil {
		return false
	}
	method := decl[strings.LastIndexByte(decl, '.')+1:]
	return len(e.mentioned().constants(path, wordSet{wordIn(path, method): true})) > 0 || slices.ContainsFunc(e.ledTo(symbol), func(callee string) bool {
		path, _, decl, ok := e.owner(callee)
		return ok && len(e.declaredConstants(path, decl)) > 0
	})
}

func (e *Edit) mentioned() *mentionGraph {
	if e.escapes.mentions == nil {
		e.escapes.mentions = e.findMentions()
	}
	return e.escapes.mentions
}

// compiledLiterals are the function literals that have a function of their own and are not called where they stand or
// assigned: those may be inlined as well, and leave no trace.
func (e *Edit) compiledLiterals(edited bool) map[*ast.FuncLit]bool {
	if out, ok := e.escapes.compiled[edited]; ok {
		return out
	}
	out := map[*ast.FuncLit]bool{}
	add := func(at hostedLiteral) {
		s := e.Sources[at.path].Old
		if edited {
			s = e.Sources[at.path].New
		}
		if ls := s.groups()[at.group]; at.host == "" && at.index < len(ls) {
			l := ls[at.index]
			out[l.node] = !mayInline(l.around, l.node)
		}
	}
	if edited {
		for _, at := range e.closures.literal {
			add(at)
		}
	} else {
		for _, at := range e.closures.oldLiteral {
			add(at)
		}
	}
	if e.escapes.compiled == nil {
		e.escapes.compiled = map[bool]map[*ast.FuncLit]bool{}
	}
	e.escapes.compiled[edited] = out
	return out
}

// mayInline reports a literal that is called where it stands, other than by go and defer, or is assigned.
func mayInline(around ast.Node, l *ast.FuncLit) bool {
	found := false
	var stack []ast.Node
	ast.Inspect(around, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if n == ast.Node(l) {
			found = assignedOrCalled(stack, l)
			return false
		}
		stack = append(stack, n)
		return true
	})
	return found
}

func assignedOrCalled(stack []ast.Node, l *ast.FuncLit) bool {
	for i := len(stack) - 1; i >= 0; i-- {
		switch n := stack[i].(type) {
		case *ast.ParenExpr:
			continue
		case *ast.AssignStmt, *ast.ValueSpec:
			return true
		case *ast.CallExpr:
			return ast.Unparen(n.Fun) == ast.Expr(l) && !startsLater(stack[:i])
		default:
			return false
		}
	}
	return false
}

// inlinedLiterals are the forms of the literals inside of a segment that may be inlined into it.
func (e *Edit) inlinedLiterals(c compiledFrom, edited bool) (forms []string) {
	s := e.Sources[c.path].Old
	if edited {
		s = e.Sources[c.path].New
	}
	compiled := e.compiledLiterals(edited)
	ast.Inspect(c.segment.root, func(n ast.Node) bool {
		l := s.bodyApart(n)
		if l == nil || l == c.segment.root {
			return true
		}
		if compiled[l] {
			return false
		}
		forms = append(forms, "literal "+s.readSegment(l, c.segment.decl).form)
		return true
	})
	return forms
}

// asInRelease reports a function that the compiler decides upon as it did: its declaration is as before, with all that
// it mentions, or is a wrapper of the same method. For a literal of another package that was inlined into it, the
// declaration which the literal stands in is as before, too.
func (e *Edit) asInRelease(path, decl, symbol string) bool {
	if !e.declaredAsInRelease(path, decl) && !e.wrapsAsInRelease(path, decl, symbol) {
		return false
	}
	l, ok := e.escapes.newLiterals[symbol]
	if !ok || l.path == path {
		return true
	}
	ls := e.Sources[l.path].New.groups()[l.group]
	return e.escapes.oldLiterals[symbol] == l && l.index < len(ls) && e.declaredAsInRelease(l.path, ls[l.index].Decl)
}

// declaredAsInRelease reports a declaration whose text is as before, as is all that it mentions.
func (e *Edit) declaredAsInRelease(path, decl string) bool {
	if len(e.mentioned().behind[path]) > 0 {
		return false
	}
	p := e.Sources[path]
	if p.Old == nil || p.Old.Funcs[decl] == nil || p.New.Funcs[decl] == nil || p.Old.whole(decl) != p.New.whole(decl) {
		return false
	}
	d := p.New.Funcs[decl].Decl
	return len(e.mentioned().of(wordsOf(path, d, nil), func(mentionedKey) bool { return false })) == 0
}

// wrapsAsInRelease reports a symbol that stands in a wrapper, which calls or has inlined what it did.
func (e *Edit) wrapsAsInRelease(path, decl, symbol string) bool {
	p := e.Sources[path]
	if p.Old == nil || !isWrapper(decl, p.Old) || !isWrapper(decl, p.New) {
		return false
	}
	host := e.hostOf(symbol)
	return !e.wrapsOther(path, decl, host) && !e.otherConstants(path, decl, host)
}

// hostOf is the function that a literal of the edit was inlined into, or else the symbol itself.
func (e *Edit) hostOf(symbol string) string {
	for s, l := range e.closures.literal {
		if l.host != "" && e.Set.NameOf(s).Name == symbol {
			_, host, _ := strings.Cut(l.host, "\x00")
			return host
		}
	}
	return symbol
}
