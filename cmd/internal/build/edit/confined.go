package edit

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// A type may be laid out anew if no value of the old layout outlives the switch. What is proven of the release is
// that values of the type, and of all types that hold one or lead to one, are reached from frames of known functions
// alone. A pointer to such a value lies in a frame, in a package variable, or in memory that was allocated with the
// description of a type which names it: what has no pointers may be allocated without a description, but then
// something has to lead to it. So it is enough that no package variable has such a type, that the program
// describes none of them, and that nothing takes them for something else: no generic code, whose shapes have no names,
// no unsafe, no assembly. Then the switch waits until nobody is inside of these functions.
//
// After the switch a body of the program handles the old layout, one of the patch the new one, and neither calls the
// other with such a value: unchanged functions that take one are exchanged too.

// Confined are the types of a package that are laid out anew, and whose values are in frames alone.
type Confined struct {
	Package string   // import path
	Types   []string // names
	Layout  string   // equal for equal layouts in the edit
	// Inside are the functions of the program that may have values in their frames.
	Inside []*release.Symbol
	// Takes are those of Inside that get or return values.
	Takes map[*release.Symbol]bool
	// Alone are unchanged functions that take values, to be exchanged for their own copies.
	Alone []*Function

	edited  *reach
	members map[string]bool // the types, and those that hold one or lead to one
	handles map[string]bool // declarations of the edit that handle values
	takes   map[string]bool // those that get or return them
}

// findConfined finds out of which types that are laid out anew no value outlives the switch. For the others
// Type.Held says why there may be one.
func (e *Edit) findConfined() {
	byPath := map[string][]*Type{}
	for i := range e.Types {
		if t := &e.Types[i]; t.Old != nil && t.Func == "" && !t.Nowhere {
			byPath[t.Package] = append(byPath[t.Package], t)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		e.findConfinedOf(path, byPath[path])
	}
}

// manyTypes are so many types of a package that it is not looked for what holds each of them.
const manyTypes = 50

// findConfinedOf judges the types of one package: each by itself, unless nothing holds any of them.
func (e *Edit) findConfinedOf(path string, changed []*Type) {
	confined := changed
	c, held := e.confine(path, changed)
	if held != "" && len(changed) > manyTypes {
		return
	}
	if held != "" {
		confined = nil
		for _, t := range changed {
			if _, t.Held = e.confine(path, []*Type{t}); t.Held == "" {
				confined = append(confined, t)
			}
		}
		if len(confined) == 0 {
			return
		}
		c, held = e.confine(path, confined)
	}
	for _, t := range confined {
		t.Held, t.Confined = held, held == ""
	}
	if held == "" {
		e.Confined = append(e.Confined, *c)
	}
}

// ConfinedAlone is what would be known of one type of x if no other one were laid out anew.
func (e *Edit) ConfinedAlone(x *Confined, t *Type) *Confined {
	if len(x.Types) > 1 {
		if alone, held := e.confine(x.Package, []*Type{t}); held == "" {
			return alone
		}
	}
	return x
}

// confine proves that the types of a package which are laid out anew are confined, or says what holds values.
func (e *Edit) confine(path string, changed []*Type) (c *Confined, held string) {
	p, ok := e.Record.PackageByPath(path)
	if !ok || !p.Editable {
		return nil, "the release's record says too little of package " + path
	}
	var names []string
	for _, t := range changed {
		switch spec := e.Sources[path].New.Types[t.Name]; {
		case spec == nil:
			return nil, t.Name + " is declared in another way"
		case spec.Assign.IsValid():
			return nil, t.Name + " is another name of a type"
		case !plainLayout(t.Old) || !plainLayout(t.New):
			return nil, t.Name + " is not a struct, an array or a basic type, before and after the edit"
		case t.OldSize < 0:
			return nil, "the size of a " + t.Name + " depends on type arguments"
		case t.OldSize == 0:
			return nil, "a value of 0 bytes leaves nothing by which that could be told"
		}
		names = append(names, t.Name)
	}
	was := e.newReach(path, e.Sources[path].Old, e.oldDecl, names)
	is := e.newReach(path, e.Sources[path].New, e.newDecl, names)
	if was == nil || is == nil {
		return nil, "package " + path + " can't be type-checked as a whole"
	}
	if held := was.heldBySource(e.usedBy(path)); held != "" {
		return nil, held
	}
	if held := e.heldByDescription(path, was); held != "" {
		return nil, held
	}
	c = &Confined{Package: path, Types: names, edited: is, members: map[string]bool{}}
	for _, r := range []*reach{was, is} {
		for tn := range r.members {
			c.members[tn.Name()] = true
		}
	}
	var layout strings.Builder
	for _, t := range changed {
		fmt.Fprintln(&layout, t.Name, shape(t.New))
	}
	c.Layout = hashText(layout.String())
	oldHandles, oldTakes := was.declarations()
	c.handles, c.takes = is.declarations()
	if held := e.inside(c, oldHandles, oldTakes); held != "" {
		return nil, held
	}
	return c, ""
}

// plainLayout reports types whose values hold what they consist of.
func plainLayout(t types.Type) bool {
	switch t.(type) {
	case *types.Struct, *types.Array, *types.Basic:
		return true
	}
	return false
}

// reach is what values of some types can be part of, in one version of a package.
type reach struct {
	path    string
	src     *Source
	info    *types.Info
	scope   *types.Scope
	members map[*types.TypeName]bool
	changed map[*types.TypeName]bool // those of the members that are laid out anew themselves
}

// newReach follows the types of the names to all types of the package that hold one or lead to one. It is nil for a
// package with errors.
func (e *Edit) newReach(path string, src *Source, c *checker, names []string) *reach {
	r := &reach{path: path, src: src, info: c.bodies(path), members: map[*types.TypeName]bool{}, changed: map[*types.TypeName]bool{}}
	if c.faulty[path] {
		return nil
	}
	for _, name := range names {
		spec := src.Types[name]
		if spec == nil {
			return nil
		}
		tn, ok := r.info.Defs[spec.Name].(*types.TypeName)
		if !ok || tn.IsAlias() || tn.Parent() == nil {
			return nil
		}
		r.members[tn], r.changed[tn], r.scope = true, true, tn.Parent()
	}
	for grown := true; grown; {
		grown = false
		for _, o := range r.info.Defs {
			tn, ok := o.(*types.TypeName)
			if !ok || tn.IsAlias() || r.members[tn] {
				continue
			}
			if n, ok := tn.Type().(*types.Named); ok && r.holds(n.Underlying()) {
				r.members[tn], grown = true, true
			}
		}
	}
	return r
}

// holds reports types whose values hold members, lead to them, or can be called with them.
func (r *reach) holds(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		for a := range t.TypeArgs().Types() {
			if r.holds(a) {
				return true
			}
		}
		return r.members[t.Obj()]
	case *types.Pointer:
		return r.holds(t.Elem())
	case *types.Slice:
		return r.holds(t.Elem())
	case *types.Array:
		return r.holds(t.Elem())
	case *types.Chan:
		return r.holds(t.Elem())
	case *types.Map:
		return r.holds(t.Key()) || r.holds(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if r.holds(f.Type()) {
				return true
			}
		}
	case *types.Tuple:
		for v := range t.Variables() {
			if r.holds(v.Type()) {
				return true
			}
		}
	case *types.Signature:
		return r.holds(t.Params()) || r.holds(t.Results())
	case *types.Interface:
		for m := range t.Methods() {
			if r.holds(m.Type()) {
				return true
			}
		}
		for x := range t.EmbeddedTypes() {
			if r.holds(x) {
				return true
			}
		}
	case *types.Union:
		for x := range t.Terms() {
			if r.holds(x.Type()) {
				return true
			}
		}
	}
	return false
}

// beyond says which part of a type may hold members beyond frames; "" if there is none.
func (r *reach) beyond(t types.Type) string {
	if !r.holds(t) {
		return ""
	}
	switch t := types.Unalias(t).(type) {
	case *types.Named:
		if t.TypeArgs().Len() > 0 {
			return "a generic type is made with it"
		}
	case *types.Pointer:
		return r.beyond(t.Elem())
	case *types.Slice:
		return r.beyond(t.Elem())
	case *types.Array:
		return r.beyond(t.Elem())
	case *types.Struct:
		for f := range t.Fields() {
			if s := r.beyond(f.Type()); s != "" {
				return s
			}
		}
	case *types.Tuple:
		for v := range t.Variables() {
			if s := r.beyond(v.Type()); s != "" {
				return s
			}
		}
	case *types.Map:
		return "a map holds it"
	case *types.Chan:
		return "a channel carries it"
	case *types.Signature:
		return "a func value is called with it"
	case *types.Interface:
		return "an interface has a method with it"
	default:
		return "something else is made of it"
	}
	return ""
}

// place is " (file.go:3)".
func (r *reach) place(p token.Pos) string {
	at := r.src.Fset.Position(p)
	return fmt.Sprintf(" (%s:%d)", filepath.Base(at.Filename), at.Line)
}

// usedBy is usedElsewhere for what a package exports. Nothing imports a main package.
func (e *Edit) usedBy(path string) func(name string, method bool) string {
	return func(name string, method bool) string {
		if !ast.IsExported(name) || e.symbolPath(path) == "main" {
			return ""
		}
		return e.usedElsewhere(path, name, method)
	}
}

// heldBySource says what in the source may hold members beyond frames, or makes them something else. used says which
// other package uses a name.
func (r *reach) heldBySource(used func(name string, method bool) string) string {
	if len(r.src.Other) > 0 {
		return "the package has assembly, C or cgo files, which may use it"
	}
	members := slices.SortedFunc(maps.Keys(r.members), func(a, b *types.TypeName) int { return int(a.Pos() - b.Pos()) })
	for _, tn := range members {
		named := tn.Type().(*types.Named)
		switch {
		case named.TypeParams().Len() > 0 && r.changed[tn]:
			return fmt.Sprintf("%s is generic, and values of its instances are not followed%s", tn.Name(), r.place(tn.Pos()))
		case named.TypeParams().Len() > 0:
			return fmt.Sprintf("the generic type %s holds one or leads to one%s", tn.Name(), r.place(tn.Pos()))
		case tn.Parent() != r.scope:
			return fmt.Sprintf("the type %s that a function declares holds one or leads to one%s", tn.Name(), r.place(tn.Pos()))
		}
		if user := used(tn.Name(), false); user != "" {
			if !r.changed[tn] {
				return fmt.Sprintf("%s, which holds one or leads to one%s, is exported, and %s", tn.Name(), r.place(tn.Pos()), user)
			}
			return fmt.Sprintf("%s is exported, and %s", tn.Name(), user)
		}
		if part := r.beyond(named.Underlying()); part != "" {
			return fmt.Sprintf("%s: in type %s%s", part, tn.Name(), r.place(tn.Pos()))
		}
	}
	for _, name := range r.scope.Names() {
		if held := r.heldByObject(r.scope.Lookup(name), used); held != "" {
			return held
		}
	}
	for _, f := range r.src.Files {
		if held := r.heldByFile(f); held != "" {
			return held
		}
	}
	return ""
}

// heldByObject looks at what a package declares. What is exported may be used by other packages.
func (r *reach) heldByObject(o types.Object, used func(name string, method bool) string) string {
	switch o := o.(type) {
	case *types.Var:
		if r.holds(o.Type()) {
			return fmt.Sprintf("the package variable %s may hold one%s", o.Name(), r.place(o.Pos()))
		}
	case *types.TypeName:
		n, ok := o.Type().(*types.Named)
		if o.IsAlias() && r.holds(o.Type()) {
			if user := used(o.Name(), false); user != "" {
				return fmt.Sprintf("the exported name %s stands for it, and %s", o.Name(), user)
			}
		}
		if !ok || o.IsAlias() {
			return ""
		}
		for m := range n.Methods() {
			if !r.holds(m.Type()) {
				continue
			}
			if user := used(m.Name(), true); user != "" {
				return fmt.Sprintf("the exported method %s.%s passes it to others, and %s", o.Name(), m.Name(), user)
			}
		}
	default:
		if r.holds(o.Type()) {
			if user := used(o.Name(), false); user != "" {
				return fmt.Sprintf("the exported %s passes it to others, and %s", o.Name(), user)
			}
		}
	}
	return ""
}

// heldByFile looks at all expressions.
func (r *reach) heldByFile(f *ast.File) (held string) {
	called := map[ast.Expr]bool{} // functions and methods, where they are called
	say := func(p token.Pos, format string, args ...any) {
		if held == "" {
			held = fmt.Sprintf(format, args...) + r.place(p)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if t := r.info.Types[n.Fun]; t.IsType() && len(n.Args) == 1 {
				to, from := t.Type, r.info.TypeOf(n.Args[0])
				if isUnsafe(to) && r.holds(from) || isUnsafe(from) && r.holds(to) {
					say(n.Pos(), "it is converted to or from unsafe.Pointer")
				}
			}
			r.markCalled(n.Fun, called)
		case *ast.FuncDecl:
			if fn, ok := r.info.Defs[n.Name].(*types.Func); ok && n.Body == nil && r.holds(fn.Type()) {
				say(n.Pos(), "%s has no body in Go", n.Name.Name)
			}
		case *ast.Ident:
			if in, ok := r.info.Instances[n]; ok {
				for a := range in.TypeArgs.Types() {
					if r.holds(a) {
						say(n.Pos(), "generic code is used with it: %s", n.Name)
					}
				}
			}
			if v, ok := r.info.Defs[n].(*types.Var); ok {
				if part := r.beyond(v.Type()); part != "" {
					say(n.Pos(), "%s: %s", part, n.Name)
				}
			}
		}
		if x, ok := n.(ast.Expr); ok && !called[x] {
			if t, ok := r.info.Types[x]; ok && !t.IsType() && !t.IsBuiltin() && t.Type != nil {
				if part := r.beyond(t.Type); part != "" {
					say(x.Pos(), "%s", part)
				}
			}
		}
		return held == ""
	})
	return held
}

// markCalled enters the parts of a call's operand that name a declared function or method.
func (r *reach) markCalled(fun ast.Expr, called map[ast.Expr]bool) {
	x := fun
	for {
		paren, ok := x.(*ast.ParenExpr)
		if !ok {
			break
		}
		called[x], x = true, paren.X
	}
	id, ok := x.(*ast.Ident)
	if sel, isSel := x.(*ast.SelectorExpr); isSel {
		if s := r.info.Selections[sel]; s != nil && s.Kind() != types.MethodVal {
			return // a method expression, or a field
		}
		id, ok = sel.Sel, true
	}
	if !ok {
		return
	}
	if _, declared := r.info.Uses[id].(*types.Func); declared {
		called[x], called[id] = true, true
	}
}

func isUnsafe(t types.Type) bool {
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.UnsafePointer
}

// declarations lists the functions of the package that handle members, and those of them that get or return them.
func (r *reach) declarations() (handles, takes map[string]bool) {
	handles, takes = map[string]bool{}, map[string]bool{}
	for name, f := range r.src.Funcs {
		if fn, ok := r.info.Defs[f.Decl.Name].(*types.Func); ok {
			g := fn.Signature()
			takes[name] = r.holds(g) || g.Recv() != nil && r.holds(g.Recv().Type())
		}
		handles[name] = takes[name] || r.mentioned(f.Decl)
	}
	for _, v := range r.src.Vars {
		if v.Value != nil && r.mentioned(v.Value) {
			handles[varInit] = true
		}
	}
	return handles, takes
}

// mentioned reports expressions and variables of members in n.
func (r *reach) mentioned(n ast.Node) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if x, ok := n.(ast.Expr); ok && !found {
			t := r.info.TypeOf(x)
			found = t != nil && r.holds(t)
		}
		return !found
	})
	return found
}

// heldByDescription says which of the program's type descriptions name a member: such values may be on the heap.
func (e *Edit) heldByDescription(path string, r *reach) string {
	prefix := goobj.PackagePrefix(e.symbolPath(path)) + "."
	var itself, captured, other string
	for i := range e.Record.Symbols {
		symbol := e.Record.Symbols[i].Name
		if !goobj.IsType(symbol) || !strings.Contains(symbol, prefix) {
			continue
		}
		for tn := range r.members {
			if !mentions(symbol, prefix+tn.Name()) {
				continue
			}
			switch name := strings.TrimPrefix(symbol, "type:"); {
			case strings.Contains(name, "F uintptr"):
				captured = "closures capture it"
			case strings.TrimLeft(name, "*[]0123456789") == prefix+tn.Name():
				itself = "it is converted to an interface or allocated on the heap"
			default:
				other = "the program has values of the type " + strings.TrimPrefix(name, "noalg.")
			}
		}
	}
	if itself+captured+other == "" {
		return ""
	}
	if at := e.heapPlace(path, r); at != "" {
		return "a variable or value of it is allocated on the heap " + at
	}
	return cmp.Or(captured, other, itself)
}

// heapPlace is a place where the compiler said that a member's variable or literal is on the heap, if there is one.
func (e *Edit) heapPlace(path string, r *reach) string {
	p, ok := e.Record.PackageByPath(path)
	if !ok {
		return ""
	}
	type at struct {
		file string
		line int
		name string
	}
	vars := map[at]bool{} // with the type of a member
	for id, o := range r.info.Defs {
		if v, ok := o.(*types.Var); ok && r.holds(v.Type()) {
			pos := r.src.Fset.Position(id.Pos())
			vars[at{filepath.Base(pos.Filename), pos.Line, id.Name}] = true
		}
	}
	for _, x := range p.Escapes {
		if x.Kind != gotool.OnHeap {
			continue
		}
		file := filepath.Base(x.File)
		if isIdentifier(x.Text) && vars[at{file, x.Line, x.Text}] {
			return fmt.Sprintf("(%s:%d)", file, x.Line)
		}
		for tn := range r.members {
			if strings.HasPrefix(x.Text, "&"+tn.Name()+"{") || x.Text == "new("+tn.Name()+")" {
				return fmt.Sprintf("(%s:%d)", file, x.Line)
			}
		}
	}
	return ""
}

// inside enters the functions of the program that may have members in their frames, and those that take them. It
// says why that can't be told.
func (e *Edit) inside(c *Confined, handles, takes map[string]bool) (held string) {
	c.Takes = map[*release.Symbol]bool{}
	prefix := goobj.PackagePrefix(e.symbolPath(c.Package))
	decl := func(symbol string) (d, path string, in bool) {
		if !strings.HasPrefix(symbol, prefix+".") {
			return "", "", false
		}
		d, path = e.declOf(c.Package, symbol)
		return d, path, handles[d] || c.members[receiverOf(d)]
	}
	hosts := map[string]bool{} // functions that others were inlined into
	for callee, into := range e.Record.Inlined {
		if _, _, in := decl(callee); !in {
			continue
		}
		for _, host := range into {
			if strings.Contains(host, ".gowrap") {
				return "a go statement starts a function that has it (" + goobj.WithoutCopy(host) + ")"
			}
			hosts[enclosing(host)] = true
		}
	}
	for i := range e.Record.Symbols {
		s := &e.Record.Symbols[i]
		if !s.Kind.IsText() || s.Size == 0 {
			continue
		}
		d, path, in := decl(s.Name)
		if !in && !within(s.Name, hosts) {
			continue
		}
		c.Inside = append(c.Inside, s)
		if in && (takes[d] || c.takes[d] || c.members[receiverOf(d)]) && (path == "" || path == "-fm") {
			c.Takes[s] = true
			if s.Linkname {
				return d + " may be called under another name: it has a linkname directive"
			}
		}
	}
	e.alone(c)
	return ""
}

// alone builds what has to be exchanged though it is as before.
func (e *Edit) alone(c *Confined) {
	changed := map[*release.Symbol]bool{}
	for i := range e.Functions {
		changed[e.Functions[i].Old] = true
	}
	for _, s := range c.Inside {
		if !c.Takes[s] || changed[s] {
			continue
		}
		y, ok := e.Set.Lookup(s.Name, s.ABI)
		if !ok || !e.Set.Defined(y) || e.Set.Size(y) == 0 {
			continue
		}
		_, flag2 := e.Set.Flags(y)
		f := &Function{
			Name: goobj.Name{Name: s.Name, ABI: s.ABI}, Sym: y, Old: s, Package: c.Package,
			Class:   classify(goobj.PackagePrefix(e.symbolPath(c.Package)), goobj.Name{Name: s.Name, ABI: s.ABI}, flag2),
			Follows: true, Asm: s.Asm, FIPS: e.Set.Kind(y).IsFIPS(), SameClosure: true, NewSig: s.Type, OldSig: s.Type,
		}
		f.Decl, _ = e.declOf(c.Package, s.Name)
		e.describeSource(f)
		f.Edited = false
		c.Alone = append(c.Alone, f)
	}
}

// receiverOf is the type of a method's declaration.
func receiverOf(decl string) string {
	t, _, ok := strings.Cut(strings.TrimPrefix(decl, "("), ".")
	if !ok {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(t, "*"), ")")
}

// loopOrDeferred is what the compiler makes of the body of a loop, and of a deferred call: it runs while the
// function around it does.
var loopOrDeferred = regexp.MustCompile(`(-range\d+|\.deferwrap\d+)$`)

// enclosing is the function that has to be left so that nobody enters a function again that is part of it.
func enclosing(symbol string) string {
	symbol = goobj.WithoutCopy(symbol)
	for {
		outer := loopOrDeferred.ReplaceAllString(symbol, "")
		if outer == symbol {
			return symbol
		}
		symbol = outer
	}
}

// within reports one of the functions, and what is compiled as a part of it.
func within(symbol string, functions map[string]bool) bool {
	symbol = goobj.WithoutCopy(symbol)
	for i := range len(symbol) {
		if (symbol[i] == '.' || symbol[i] == '-') && functions[symbol[:i]] {
			return true
		}
	}
	return functions[symbol]
}

// Confinement says what a function of the edit has to do with values of confined types: whether they may be in
// its frames, and whether they are passed to it.
func (e *Edit) Confinement(y goobj.Sym) (handles, takes bool) {
	if len(e.Confined) == 0 {
		return false, false
	}
	n := e.Set.NameOf(y)
	for i := range e.Confined {
		c := &e.Confined[i]
		if e.handled(c, n.Name) {
			handles = true
			takes = takes || e.taken(c, y, n)
		}
		if fi, ok := e.Set.FuncInfo(y); ok {
			for _, in := range fi.Inline {
				handles = handles || e.handled(c, e.Set.NameOf(in.Func).Name)
			}
		}
	}
	return handles, takes
}

// Roams reports a function that may be entered by what holds it after the functions around it were left: not what
// the compiler makes of statements, and nothing of the standard library, whose code handles values of other packages
// in instances alone.
func (e *Edit) Roams(y goobj.Sym) bool {
	pkg, n := e.Set.Object(y).Pkg, e.Set.NameOf(y)
	_, flag2 := e.Set.Flags(y)
	switch classify(goobj.PackagePrefix(pkg), n, flag2) {
	case GoWrapper, RangeBody:
		return false
	}
	p := e.Packages[e.importPath(pkg)]
	return p == nil || !p.Standard || strings.Contains(n.Name, "[")
}

// handled reports a function of the edit whose declaration handles values.
func (e *Edit) handled(c *Confined, symbol string) bool {
	if !strings.HasPrefix(symbol, goobj.PackagePrefix(e.symbolPath(c.Package))+".") {
		return false
	}
	d, _ := e.declOf(c.Package, symbol)
	return c.handles[d] || c.members[receiverOf(d)]
}

// taken reports a function that gets values as arguments or captures, or returns them. Of a closure only the source
// tells the captures.
func (e *Edit) taken(c *Confined, y goobj.Sym, n goobj.Name) bool {
	d, path := e.declOf(c.Package, n.Name)
	if path == "" || path == "-fm" {
		return c.takes[d] || c.members[receiverOf(d)]
	}
	at, ok := e.closures.literal[y]
	if !ok || at.path != c.Package {
		return true
	}
	r := c.edited
	l, _, info := e.source(at.literalOf, true)
	t := info.TypeOf(l.node)
	if l.loop != nil {
		t = info.TypeOf(l.loop.X)
	}
	if t == nil || r.holds(t) {
		return true
	}
	found := false
	ast.Inspect(l.node, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			v, ok := info.Uses[id].(*types.Var)
			found = found || ok && !v.IsField() && (v.Pos() < l.node.Pos() || v.Pos() >= l.node.End()) && r.holds(v.Type())
		}
		return !found
	})
	return found
}
