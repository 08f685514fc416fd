package edit

import (
	"fmt"
	"go/ast"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/escape"
	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/gotool"
	"github.com/gosplice/gosplice/internal/release"
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
	owners                   map[string]string              // import paths by the prefix of symbols
	is                       map[*release.Symbol]goobj.Name // what became of closures
	growths                  map[*release.Symbol]growth     // memo
	forms                    map[string]string              // of declarations, memo
	inlined                  map[string][]string            // what is inlined into a function of the release
	constants                map[bool]string                // of the release and of the edit, memo
	oldLiterals, newLiterals map[string]literalOf           // by symbol
	grew                     bool                           // something begins to write through or to call what it is given
}

// growth is what a function of the release does with its arguments in the edit and did not before.
type growth struct {
	flows []escape.Flow
	more  bool
}

// FindEscapes reads the escape analysis of the edited build, and that of the release from the record.
func (e *Edit) FindEscapes(escapes Escapes) {
	x := &analyses{
		old: map[string]*analysis{}, new: map[string]*analysis{}, owners: map[string]string{},
		is: map[*release.Symbol]goobj.Name{}, growths: map[*release.Symbol]growth{}, forms: map[string]string{}, inlined: map[string][]string{},
	}
	oldDirs, newDirs := map[string]*analysis{}, map[string]*analysis{}
	var oldLines []gotool.Escape
	for path, p := range e.Sources {
		x.owners[goobj.PackagePrefix(e.symbolPath(path))] = path
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
	analyse(escapes.Lines, x.new, newDirs)
	analyse(oldLines, x.old, oldDirs)
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
	x.grew = e.beginsToWrite()
}

// owner splits the name of a function of a changed package, which may be a generic one that another package
// instantiates, into the package and the name within it.
func (e *Edit) owner(symbol string) (path, function, decl string, ok bool) {
	name := goobj.WithoutCopy(symbol)
	plain, _, _ := strings.Cut(name, "[")
	slash := strings.LastIndexByte(plain, '/') + 1
	dot := strings.IndexByte(plain[slash:], '.')
	if dot < 0 {
		return "", "", "", false
	}
	prefix := name[:slash+dot]
	path, ok = e.escapes.owners[prefix]
	if !ok {
		return "", "", "", false
	}
	decl, _ = e.declOf(path, name)
	return path, name[len(prefix)+1:], decl, true
}

// oldKeeps is what a function of the release does with its arguments. That of packages which are as before
// is not told.
func (e *Edit) oldKeeps(symbol string) escape.Keeps {
	path, function, decl, ok := e.owner(strings.TrimSuffix(symbol, release.MethodValue))
	if !ok || e.escapes.old[path] == nil {
		return ""
	}
	return e.escapes.old[path].keepsWith(function, decl, e.escapes.oldLiterals, symbol, e.Sources, false)
}

// newKeeps is what a function of the edited build does with its arguments.
func (e *Edit) newKeeps(symbol string) escape.Keeps {
	path, function, decl, ok := e.owner(strings.TrimSuffix(symbol, release.MethodValue))
	if !ok {
		return ""
	}
	k := e.escapes.new[path].keepsWith(function, decl, e.escapes.newLiterals, symbol, e.Sources, true)
	if p := e.Sources[path]; p.Old != nil && generic(p.New.Funcs[decl]) && (e.escapes.grew || p.Old.whole(decl) != p.New.whole(decl)) {
		// Whether an instance writes through its arguments or calls them is not printed.
		if flows, known := k.Flows(); known {
			k = escape.Of(append(flows, mayWrite(p.New.Funcs[decl].Decl)...))
		}
	}
	return k
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

// beginsToWrite reports whether some function that is no generic one begins to write through what it is
// given, or to call it.
func (e *Edit) beginsToWrite() bool {
	for path, new := range e.escapes.new {
		old := e.escapes.old[path]
		if old == nil {
			continue
		}
		if old.unknown != "" || new.unknown != "" {
			return true
		}
		for decl, l := range new.literals {
			if !slices.Equal(l, old.literals[decl]) {
				return true
			}
		}
		for _, f := range new.functions() {
			flows, more := new.keeps(f, withoutTypeArgs(f)).More(old.keeps(f, withoutTypeArgs(f)))
			if more && slices.ContainsFunc(flows, func(f escape.Flow) bool { return f.Kind == 'm' || f.Kind == 'c' }) {
				return true
			}
		}
	}
	return false
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

// mayWrite are the flows of a function that writes through its receiver and each of its parameters or calls it, but for
// what has no pointers.
func mayWrite(d *ast.FuncDecl) (flows []escape.Flow) {
	add := func(l *ast.FieldList, n int) {
		if l == nil {
			return
		}
		for _, f := range l.List {
			for range max(len(f.Names), 1) {
				if t, ok := ast.Unparen(f.Type).(*ast.Ident); !ok || !isBasic(t.Name) {
					flows = append(flows, escape.Flow{Param: n, Kind: 'm'}, escape.Flow{Param: n, Kind: 'c'})
				}
				n++
			}
		}
	}
	add(d.Recv, 0)
	add(d.Type.Params, 1)
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

// why says in words what becomes of an argument, and where.
func (e *Edit) why(symbol string, g growth) string {
	path, function, _, ok := e.owner(symbol)
	if !ok || len(g.flows) == 0 {
		return "may keep its arguments: the compiler's decisions on its package are not known in both versions"
	}
	f := g.flows[0]
	for _, other := range g.flows {
		if other.Kind == 'h' {
			f = other
			break
		}
	}
	st, told := e.escapes.new[path].steps[function][f]
	text := f.Does() + " " + f.Ordinal()
	if !told && (f.Kind == 'm' || f.Kind == 'c') {
		text = "may write through " + f.Ordinal() + " or call it: of this function that is not told"
	}
	if told {
		if st.name != "" {
			text += " " + st.name
		}
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
