package edit

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"go/ast"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/escape"
)

// The compiler decides for each value whether it may live on the stack, from what it knows of the functions
// that get it. A body that runs on in its old form does not know the new functions: when one of them
// keeps what its old form did not keep, memory on a stack would be kept.

// Escapes is the escape analysis of the packages that match one of Patterns. Nothing is known
// of others.
type Escapes struct {
	Lines    []gotool.Escape
	Patterns []string // import paths, or those of modules with "/..."
}

// covers reports whether a package was analysed.
func (x Escapes) covers(path string) bool {
	return slices.ContainsFunc(x.Patterns, func(p string) bool {
		module, whole := strings.CutSuffix(p, "/...")
		return path == module || whole && strings.HasPrefix(path, module+"/")
	})
}

// analyses is the escape analysis of the changed packages in both versions, by import path.
type analyses struct {
	old, new                 map[string]*analysis
	is                       map[*release.Symbol]goobj.Name // what became of closures
	growths                  map[*release.Symbol]growth     // memo
	forms                    map[string]string              // of declarations, memo
	inlined                  map[string][]string            // what is inlined into a function of the release
	oldLiterals, newLiterals map[string]literalOf           // by symbol
	otherWrites              map[string]bool                // memo
	builds                   map[bool]int                   // numbers of the release and of the edited build
	mentions                 *mentionGraph                  // memo
	compiled                 map[bool]map[*ast.FuncLit]bool // see compiledLiterals, memo
	captured                 map[bool]capturedLines
}

// growth is what a function of the release does with its arguments in the edit and did not before.
type growth struct {
	flows []escape.Flow
	more  bool
}

// untold reports growth that is only not told to be none.
func (g growth) untold() bool {
	return !slices.ContainsFunc(g.flows, func(f escape.Flow) bool { return f.Kind != 'M' && f.Kind != 'C' })
}

// FindEscapes reads the escape analysis of the edited build, and that of the release from the record.
func (e *Edit) FindEscapes(escapes Escapes) {
	x := &analyses{
		old: map[string]*analysis{}, new: map[string]*analysis{},
		is: map[*release.Symbol]goobj.Name{}, growths: map[*release.Symbol]growth{}, forms: map[string]string{}, inlined: map[string][]string{},
		otherWrites: map[string]bool{},
	}
	oldDirs, newDirs := map[string]*analysis{}, map[string]*analysis{}
	var oldLines []gotool.Escape
	for path, p := range e.Sources {
		unknown := escape.Keeps("")
		if !escapes.covers(path) {
			unknown = escape.Unknown(release.ContentID(e.Packages[path].BuildID))
		}
		x.new[path] = newAnalysis(p.New, unknown)
		x.new[path].content = release.ContentID(e.Packages[path].BuildID)
		newDirs[filepath.Clean(e.Packages[path].Dir)] = x.new[path]
		if old, ok := e.Record.PackageByPath(path); ok && p.Old != nil {
			unknown := escape.Keeps("")
			if !old.EscapesKnown {
				unknown = escape.Unknown(release.ContentID(old.BuildID))
			}
			x.old[path] = newAnalysis(p.Old, unknown)
			x.old[path].content = release.ContentID(old.BuildID)
			oldDirs[filepath.Clean(old.Dir)] = x.old[path]
			oldLines = append(oldLines, old.Escapes...)
		}
	}
	trimmed := e.Record.Build.Settings["-trimpath"] == "true"
	analyse(escapes.Lines, x.new, finder(x.new, newDirs, trimmed))
	analyse(oldLines, x.old, finder(x.old, oldDirs, trimmed))
	for y, old := range e.closures.was {
		x.is[old] = e.Set.NameOf(y)
	}
	x.oldLiterals, x.newLiterals = map[string]literalOf{}, map[string]literalOf{}
	for s, l := range e.closures.oldLiteral {
		x.oldLiterals[s.Name] = l.literalOf
	}
	for y, l := range e.closures.literal {
		x.newLiterals[e.Set.NameOf(y).Name] = l.literalOf
	}
	for callee, into := range e.Record.Inlined {
		for _, f := range into {
			x.inlined[f] = append(x.inlined[f], callee)
		}
	}
	e.escapes = x
	x.captured = map[bool]capturedLines{false: newCapturedLines(oldLines), true: newCapturedLines(escapes.Lines)}
	e.findSameClosures()
	x.builds = map[bool]int{false: buildNumber(x.old), true: buildNumber(x.new)}
	for edited, all := range map[bool]map[string]*analysis{false: x.old, true: x.new} {
		for _, a := range all {
			a.content = fmt.Sprint(x.builds[edited])
		}
	}
}

// finder finds analyses by the directories that the compiler names. Those of a build with -trimpath end in the import path,
// which has the version of a module in it.
func finder(byPath, byDir map[string]*analysis, trimmed bool) func(dir string) *analysis {
	if !trimmed {
		return func(dir string) *analysis { return byDir[dir] }
	}
	memo := map[string]*analysis{}
	return func(dir string) *analysis {
		if a, ok := memo[dir]; ok {
			return a
		}
		found, longest := byDir[dir], ""
		plain := "/" + strings.TrimPrefix(moduleVersion.ReplaceAllString(filepath.ToSlash(dir), ""), "/")
		for path, a := range byPath {
			if strings.HasSuffix(plain, "/"+path) && len(path) > len(longest) {
				found, longest = a, path
			}
		}
		memo[dir] = found
		return found
	}
}

// moduleVersion is what a module's directory has behind its path.
var moduleVersion = regexp.MustCompile(`@[^/]*`)

// owner splits the name of a function of a changed package, which may be a generic one that another package
// instantiates, into the package and the name within it.
func (e *Edit) owner(symbol string) (path, function, decl string, ok bool) {
	prefix, ok := symbolPrefix(symbol)
	if !ok {
		return "", "", "", false
	}
	if path, ok = e.ownerOf(prefix); !ok {
		return "", "", "", false
	}
	name := goobj.WithoutCopy(symbol)
	decl, _ = e.declOf(path, name)
	return path, name[len(prefix)+1:], decl, true
}

// ownerOf is the changed package whose symbols begin with a prefix.
func (e *Edit) ownerOf(prefix string) (path string, ok bool) {
	if e.owners == nil {
		e.owners = map[string]string{}
		for path := range e.Sources {
			e.owners[goobj.PackagePrefix(e.symbolPath(path))] = path
		}
	}
	path, ok = e.owners[prefix]
	return path, ok
}

// symbolPrefix is what the symbols of a function's package begin with.
func symbolPrefix(symbol string) (string, bool) {
	name := goobj.WithoutCopy(symbol)
	plain, _, _ := strings.Cut(name, "[")
	slash := strings.LastIndexByte(plain, '/') + 1
	dot := strings.IndexByte(plain[slash:], '.')
	if dot < 0 {
		return "", false
	}
	return name[:slash+dot], true
}

// oldKeeps is what a function of the release does with its arguments. That of packages which are as before
// is not told.
func (e *Edit) oldKeeps(symbol string) escape.Keeps {
	path, function, decl, ok := e.owner(strings.TrimSuffix(symbol, release.MethodValue))
	if !ok || e.escapes.old[path] == nil {
		return ""
	}
	return e.untold(path, decl, symbol, e.escapes.old[path].keepsWith(function, decl, e.escapes.oldLiterals, symbol, e.Sources, false), false)
}

// newKeeps is what a function of the edited build does with its arguments.
func (e *Edit) newKeeps(symbol string) escape.Keeps {
	path, function, decl, ok := e.owner(strings.TrimSuffix(symbol, release.MethodValue))
	if !ok {
		return ""
	}
	k := e.escapes.new[path].keepsWith(function, decl, e.escapes.newLiterals, symbol, e.Sources, true)
	if old, new := e.escapes.old[path], e.escapes.new[path]; old != nil && old.unknown == "" && new.unknown == "" && k == escape.Unknown(new.content) && e.asInRelease(path, decl, symbol) {
		return escape.Unknown(old.content)
	}
	return e.untold(path, decl, symbol, k, true)
}

// untold adds what the compiler does not print: whether an instance of a generic function, or a literal in one, writes
// through its arguments or calls them. It does what it did if neither it nor what it calls is another one.
func (e *Edit) untold(path, decl, symbol string, k escape.Keeps, edited bool) escape.Keeps {
	p := e.Sources[path]
	source, literals := p.Old, e.escapes.oldLiterals
	if edited {
		source, literals = p.New, e.escapes.newLiterals
	}
	flows, known := k.Flows()
	if p.Old == nil || !known {
		return k
	}
	if isWrapper(decl, source) {
		if e.wrapsOther(path, decl, symbol) || e.otherWrites(symbol) {
			n := e.escapes.builds[edited]
			k = escape.Of(append(flows, escape.Flow{Param: unknownArgument, Kind: 'M', Derefs: n}, escape.Flow{Param: unknownArgument, Kind: 'C', Derefs: n}))
		}
		return k
	}
	if !generic(source.Funcs[decl]) || !e.otherWrites(symbol) {
		return k
	}
	recv, params := source.Funcs[decl].Decl.Recv, source.Funcs[decl].Decl.Type.Params
	if l, ok := literals[symbol]; ok {
		ls := source.groups()[l.group]
		if l.path != path || l.index >= len(ls) {
			return k
		}
		recv, params = nil, ls[l.index].node.Type.Params
	}
	return escape.Of(append(flows, mayWrite(source, recv, params, e.escapes.builds[edited])...))
}

// isWrapper reports a method that the compiler makes: of an embedded type, or of a pointer. Of such it prints what is kept
// and nothing else. Of a function in a file that uses cgo no more is understood, as the places are those of another file.
func isWrapper(decl string, source *Source) bool {
	return source.Funcs[decl] == nil && (strings.Contains(decl, ".") || source.usesCgo())
}

// wrapsOther reports a method that is a wrapper in one version alone, or of another method.
func (e *Edit) wrapsOther(path, decl, symbol string) bool {
	p := e.Sources[path]
	if (p.Old.Funcs[decl] == nil) != (p.New.Funcs[decl] == nil) {
		return true
	}
	old, new := e.oldLeads(symbol), e.newLeads(symbol)
	for _, l := range []*[]string{&old, &new} {
		*l = slices.DeleteFunc(*l, func(name string) bool { _, _, _, ours := e.owner(name); return !ours })
		slices.Sort(*l)
		*l = slices.Compact(*l)
	}
	return !slices.Equal(old, new)
}

// otherWrites reports whether a function of changed packages may write through, or call, other arguments in the edit than
// in the release: something that it leads to, in either, does or is a generic one that changed.
func (e *Edit) otherWrites(symbol string) bool {
	if other, ok := e.escapes.otherWrites[symbol]; ok {
		return other
	}
	seen := map[string]bool{symbol: true}
	for next := []string{symbol}; len(next) > 0; next = next[1:] {
		if e.writesOther(next[0]) {
			e.escapes.otherWrites[symbol] = true
			return true
		}
		for _, callee := range e.ledTo(next[0]) {
			if _, _, _, ours := e.owner(callee); ours && !seen[callee] {
				seen[callee] = true
				next = append(next, callee)
			}
		}
	}
	e.escapes.otherWrites[symbol] = false
	return false
}

// ledTo are the functions that one calls, makes or has inlined, in the release and in the edit.
func (e *Edit) ledTo(symbol string) []string {
	return append(e.oldLeads(symbol), e.newLeads(symbol)...)
}

func (e *Edit) oldLeads(symbol string) []string {
	out := slices.Clone(e.escapes.inlined[symbol])
	if s, ok := e.Record.Lookup(symbol, goobj.ABIInternal); ok {
		for _, c := range e.Record.MayCall(s) {
			out = append(out, c.Name)
		}
	}
	return out
}

func (e *Edit) newLeads(symbol string) (out []string) {
	if y, ok := e.Set.Lookup(symbol, goobj.ABIInternal); ok && e.Set.Defined(y) {
		out = append(out, e.leads(y)...)
		if fi, ok := e.Set.FuncInfo(y); ok {
			for _, n := range fi.Inline {
				out = append(out, e.Set.NameOf(n.Func).Name)
			}
		}
	}
	return out
}

// writesOther reports whether a function writes through other arguments by itself, as far as that is told, or is compiled
// from another source where it is not told.
func (e *Edit) writesOther(symbol string) bool {
	path, function, decl, ok := e.owner(strings.TrimSuffix(symbol, release.MethodValue))
	if !ok {
		return false
	}
	p, old, new := e.Sources[path], e.escapes.old[path], e.escapes.new[path]
	if p.Old == nil || old == nil || old.unknown != "" || new.unknown != "" {
		return true
	}
	if generic(p.Old.Funcs[decl]) || generic(p.New.Funcs[decl]) {
		return !e.sameCode(symbol) && (p.Old.whole(decl) != p.New.whole(decl) || e.otherConstants(path, decl, symbol))
	}
	is, was := new.keeps(function, decl), old.keeps(function, decl)
	return moreWrites(is, was) || moreWrites(was, is) || !slices.Equal(old.literals[decl], new.literals[decl])
}

// sameCode reports a function of the edit with the machine code of the release: that writes what it wrote.
func (e *Edit) sameCode(symbol string) bool {
	s, was := e.Record.Lookup(symbol, goobj.ABIInternal)
	y, is := e.Set.Lookup(symbol, goobj.ABIInternal)
	return was && is && e.Set.Defined(y) && !slices.ContainsFunc(e.Functions, func(f Function) bool { return f.Old == s })
}

// moreWrites reports a function that writes through more of its arguments, or calls more of them, than a caller expects.
func moreWrites(is, was escape.Keeps) bool {
	flows, more := is.More(was)
	return more && (len(flows) == 0 || slices.ContainsFunc(flows, func(f escape.Flow) bool { return f.Kind == 'm' || f.Kind == 'c' }))
}

// buildNumber tells a build of the changed packages from others.
func buildNumber(packages map[string]*analysis) int {
	var contents []string
	for path, a := range packages {
		contents = append(contents, path+" "+a.content)
	}
	slices.Sort(contents)
	sum := sha256.Sum256([]byte(strings.Join(contents, "\n")))
	return int(binary.BigEndian.Uint32(sum[:]) >> 1)
}

// growth is what becomes of the arguments of a function of the release that may be entered in its edited form.
func (e *Edit) growth(s *release.Symbol) growth {
	if g, ok := e.escapes.growths[s]; ok {
		return g
	}
	name := s.Name
	if n, ok := e.escapes.is[s]; ok {
		name = n.Name
	}
	var g growth
	g.flows, g.more = e.newKeeps(name).More(e.oldKeeps(s.Name))
	e.escapes.growths[s] = g
	return g
}

// generic reports whether a function, or the type that it is a method of, has type parameters.
func generic(f *Func) bool {
	if f == nil {
		return false
	}
	if f.Decl.Type.TypeParams != nil {
		return true
	}
	if f.Decl.Recv == nil || len(f.Decl.Recv.List) == 0 {
		return false
	}
	t := ast.Unparen(f.Decl.Recv.List[0].Type)
	if star, ok := t.(*ast.StarExpr); ok {
		t = ast.Unparen(star.X)
	}
	switch t.(type) {
	case *ast.IndexExpr, *ast.IndexListExpr:
		return true
	}
	return false
}

// mayWrite are the flows of a function that may write through its receiver and each of its parameters and call them, but
// for what has no pointers.
func mayWrite(source *Source, recv, params *ast.FieldList, build int) (flows []escape.Flow) {
	add := func(l *ast.FieldList, n int) {
		if l == nil {
			return
		}
		for _, f := range l.List {
			for range max(len(f.Names), 1) {
				if t, ok := ast.Unparen(f.Type).(*ast.Ident); !ok || !isBasic(t.Name) || source.declaresType(t.Name) {
					flows = append(flows, escape.Flow{Param: n, Kind: 'M', Derefs: build}, escape.Flow{Param: n, Kind: 'C', Derefs: build})
				}
				n++
			}
		}
	}
	add(recv, 0)
	add(params, 1)
	return flows
}

func isBasic(name string) bool {
	switch name {
	case "bool", "string", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr", "byte", "rune",
		"float32", "float64", "complex64", "complex128":
		return true
	}
	return false
}

// untoldPackage reports a package of which no decisions are known in one of the versions.
func (x *analyses) untoldPackage(path string) bool {
	old, new := x.old[path], x.new[path]
	return old == nil || new == nil || old.unknown != "" || new.unknown != ""
}

// why says in words what becomes of an argument, and where.
func (e *Edit) why(symbol string, g growth) string {
	path, function, _, ok := e.owner(symbol)
	if !ok || len(g.flows) == 0 {
		of := "it"
		if e.escapes.untoldPackage(path) {
			of = "its package"
		}
		return "may keep its arguments: the compiler's decisions on " + of + " are not known in both versions"
	}
	f := g.flows[0]
	for _, other := range g.flows {
		if other.Kind == 'h' {
			f = other
			break
		}
	}
	st, told := e.escapes.new[path].steps[function][f]
	name := ""
	if told {
		name = st.name
	}
	text := f.Does() + " " + f.Of(name)
	if f.Kind == 'M' || f.Kind == 'C' {
		text = "may write through " + f.Ordinal() + " or call it (the compiler does not tell that of this function)"
	}
	if told {
		if st.at != "" {
			text += fmt.Sprintf(" (%s: %s)", lineOf(st.at), strings.TrimSuffix(strings.TrimSuffix(st.why, " (assign)"), " (call parameter)"))
		}
	}
	return text
}

// lineOf is file:line of file:line:column.
func lineOf(at string) string {
	if i := strings.LastIndexByte(at, ':'); i > 0 {
		return at[:i]
	}
	return at
}
