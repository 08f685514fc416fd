package edit

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/types"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// findTypes compares the named types of every rebuilt package, in source and in descriptors.
func (e *Edit) findTypes(packages []gotool.Package, tree *Tree) {
	imports := tree.imports()
	olds, news := map[string]*Source{}, map[string]*Source{}
	for path, p := range e.Sources {
		if p.Old != nil {
			olds[path] = p.Old
		}
		news[path] = p.New
	}
	imports.of(packages)
	e.oldDecl = newChecker(olds, imports, e.Record.Release.GoVersion)
	e.newDecl = newChecker(news, imports, e.Record.Release.GoVersion)
	e.findGone(tree)
	seen := map[string]bool{}
	for _, path := range e.Rebuilt {
		o, n := e.oldDecl.check(path), e.newDecl.check(path)
		for _, name := range o.Scope().Names() {
			was, ok1 := o.Scope().Lookup(name).(*types.TypeName)
			is, ok2 := n.Scope().Lookup(name).(*types.TypeName)
			if ok1 && ok2 && e.compareTypes(path, was, is) {
				seen[goobj.PackagePrefix(e.symbolPath(path))+"."+name] = true
			}
		}
		for _, name := range n.Scope().Names() {
			if is, ok := n.Scope().Lookup(name).(*types.TypeName); ok && o.Scope().Lookup(name) == nil && !is.IsAlias() {
				t := Type{Package: path, Name: name, Added: true}
				e.position(&t)
				e.Types = append(e.Types, t)
			}
		}
		e.compareLocals(path, seen)
	}
	e.findUnnamed()
	e.compareDescriptors(seen)
}

func (e *Edit) compareTypes(path string, was, is *types.TypeName) bool {
	t := Type{Package: path, Name: is.Name()}
	spec := e.position(&t)
	why, alike := e.doubtful(path, was, is)
	if why != "" {
		t.Unknown = why
		e.Types = append(e.Types, t)
		return true
	}
	if was.IsAlias() && is.IsAlias() {
		return false // what is of a type by this name is compared by the type that it stands for
	}
	anew := !alike && (was.IsAlias() != is.IsAlias() || laidOutAnew(was.Type(), is.Type()))
	if anew && was.IsAlias() == is.IsAlias() {
		t.Fields = renamedFields(was.Type(), is.Type())
	}
	if anew && len(t.Fields) == 0 {
		t.Old, t.New = was.Type().Underlying(), is.Type().Underlying()
		t.OldSize, t.NewSize = sizeOf(was.Type()), sizeOf(is.Type())
		if spec != nil {
			t.Users = e.users(path, spec, t.Old, t.New)
		}
		e.Types = append(e.Types, t)
		return true
	}
	o, ok1 := types.Unalias(was.Type()).(*types.Named)
	n, ok2 := types.Unalias(is.Type()).(*types.Named)
	if !ok1 || !ok2 || types.IsInterface(o) {
		return false
	}
	t.Descriptor = goobj.PackagePrefix(e.symbolPath(path)) + "." + t.Name
	e.compareMethods(&t, o, n)
	if t.otherMethods() || len(t.Fields) > 0 {
		e.Types = append(e.Types, t)
	}
	return false
}

// position enters where a type is declared, and returns the declaration, nil when there is none.
func (e *Edit) position(t *Type) *ast.TypeSpec {
	src := e.Sources[t.Package].New
	spec := src.Types[t.Name]
	if spec != nil {
		p := src.Fset.Position(spec.Pos())
		t.File, t.Line = p.Filename, p.Line
	}
	return spec
}

// laidOutAnew compares two types. An interface that only constrains type arguments has no values.
func laidOutAnew(was, is types.Type) bool {
	if o, ok := was.Underlying().(*types.Interface); ok && !o.IsMethodSet() {
		return false
	}
	return shape(was.Underlying()) != shape(is.Underlying())
}

// compareMethods compares the method sets of pointers to a type, so that promoted methods count.
func (e *Edit) compareMethods(t *Type, o, n *types.Named) {
	had, has := methods(o), methods(n)
	for name, m := range has {
		old := had[name]
		switch {
		case old == nil && !declares(n, name):
			t.Promoted = append(t.Promoted, name)
		case old == nil:
			t.Methods = append(t.Methods, name)
		case declares(o, name) && declares(n, name) && pointerReceiver(old) != pointerReceiver(m):
			t.Receivers = append(t.Receivers, name)
		case shape(old.Type()) != shape(m.Type()):
			t.Resigned = append(t.Resigned, name)
		}
	}
	pkg, name := t.Descriptor[:len(t.Descriptor)-len(t.descriptorName())], t.descriptorName()
	for m, f := range had {
		if has[m] != nil {
			continue
		}
		t.lost = append(t.lost, m)
		if by := declaringType(f); by != nil && by.Obj().Pkg() != nil && !declares(o, m) {
			if t.lostBy == nil {
				t.lostBy = map[string]string{}
			}
			t.lostBy[m] = e.typeName(by.Obj().Pkg().Path(), by.Obj().Name())
		}
		if e.inTable(pkg+name+"."+m, pkg+"(*"+name+")."+m) {
			t.Gone = append(t.Gone, m)
		}
	}
	for _, list := range [][]string{t.Receivers, t.Methods, t.Promoted, t.Resigned, t.Gone, t.lost} {
		sort.Strings(list)
	}
}

// otherMethods reports a type whose methods changed in some way.
func (t *Type) otherMethods() bool {
	return len(t.Receivers)+len(t.Methods)+len(t.Promoted)+len(t.Resigned)+len(t.lost) > 0
}

// descriptorName is the end of the descriptor's name behind the package: the type's name, and its number.
func (t *Type) descriptorName() string {
	return t.Descriptor[strings.LastIndexByte(t.Descriptor, '.')+1:]
}

func methods(t *types.Named) map[string]*types.Func {
	out := map[string]*types.Func{}
	set := types.NewMethodSet(types.NewPointer(t))
	for i := range set.Len() {
		if f, ok := set.At(i).Obj().(*types.Func); ok {
			out[f.Name()] = f
		}
	}
	return out
}

// declares reports that a type declares a method itself.
func declares(t *types.Named, method string) bool {
	for i := range t.NumMethods() {
		if t.Method(i).Name() == method {
			return true
		}
	}
	return false
}

// declaringType is the type that declares a method, nil for a method of an interface without a name.
func declaringType(f *types.Func) *types.Named {
	t := types.Unalias(f.Signature().Recv().Type())
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, _ := t.(*types.Named)
	return n
}

// LosesBy reports that a type loses a method because t does, which it embeds.
func (e *Edit) LosesBy(of, t *Type, method string) bool {
	return of.lostBy[method] != "" && of.lostBy[method] == e.typeName(t.Package, t.Name) && t.Func == "" && slices.Contains(t.Gone, method)
}

func pointerReceiver(f *types.Func) bool {
	r := f.Type().(*types.Signature).Recv()
	_, ok := types.Unalias(r.Type()).(*types.Pointer)
	return ok
}

// sizeOf is -1 for types whose size depends on type parameters.
func sizeOf(t types.Type) (n int64) {
	defer func() {
		if recover() != nil { // go/types panics on type parameters
			n = -1
		}
	}()
	return sizes.Sizeof(t)
}

// Offsets are the places of the fields of a struct in bytes, nil when they depend on type parameters.
func Offsets(t *types.Struct) (offsets []int64) {
	defer func() {
		if recover() != nil { // go/types panics on type parameters
			offsets = nil
		}
	}()
	fields := make([]*types.Var, t.NumFields())
	for i := range fields {
		fields[i] = t.Field(i)
	}
	return sizes.Offsetsof(fields)
}

// users lists the functions that use the fields of a struct that are new or have another type.
func (e *Edit) users(path string, spec *ast.TypeSpec, was, is types.Type) []string {
	o, ok1 := was.(*types.Struct)
	n, ok2 := is.(*types.Struct)
	if !ok1 || !ok2 {
		return nil
	}
	had := map[string]string{}
	for i := range o.NumFields() {
		had[o.Field(i).Name()] = shape(o.Field(i).Type())
	}
	differs := map[string]bool{}
	for i := range n.NumFields() {
		f := n.Field(i)
		differs[f.Name()] = had[f.Name()] != shape(f.Type())
	}
	var out []string
	for in, p := range e.Sources {
		info := e.newDecl.bodies(in)
		for name, f := range p.New.Funcs {
			found := false
			ast.Inspect(f.Decl, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					v, ok := info.Uses[id].(*types.Var)
					found = found || ok && v.IsField() && differs[v.Name()] && v.Pkg() != nil && v.Pkg().Path() == path && spec.Pos() <= v.Pos() && v.Pos() < spec.End()
				}
				return !found
			})
			if found {
				out = append(out, p.New.name()+"."+name)
			}
		}
	}
	sort.Strings(out)
	return out
}

// name is the package's name.
func (s *Source) name() string {
	if len(s.Files) == 0 {
		return s.Path
	}
	return s.Files[0].Name.Name
}

// localType is a type that a function declares.
type localType struct {
	name, decl string
	number     int // the compiler's, through the package
	nth        int // among those of that name in the declaration
	spec       *ast.TypeSpec
}

// localTypeList lists the local types of a package in the order of the compiler's numbers.
func (s *Source) localTypeList() []localType {
	var out []localType
	add := func(decl string, n ast.Node) {
		count := map[string]int{}
		ast.Inspect(n, func(n ast.Node) bool {
			if t, ok := n.(*ast.TypeSpec); ok && !t.Assign.IsValid() {
				out = append(out, localType{t.Name.Name, decl, len(out) + 1, count[t.Name.Name], t})
				count[t.Name.Name]++
			}
			return true
		})
	}
	names := map[*ast.FuncDecl]string{}
	for name, f := range s.Funcs {
		names[f.Decl] = name
	}
	for _, f := range s.Files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Body != nil {
					add(names[d], d.Body)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if v, ok := spec.(*ast.ValueSpec); ok {
						add(varInit, v)
					}
				}
			}
		}
	}
	return out
}

// compareLocals compares the types that functions declare. The program knows them by numbers, which
// a type that is added or removed before them shifts.
func (e *Edit) compareLocals(path string, seen map[string]bool) {
	p := e.Sources[path]
	olds, news := p.Old.localTypeList(), p.New.localTypeList()
	if len(olds) == 0 {
		return
	}
	prefix := goobj.PackagePrefix(e.symbolPath(path)) + "."
	type key struct {
		decl, name string
		nth        int
	}
	now := map[key]localType{}
	for _, l := range news {
		now[key{l.decl, l.name, l.nth}] = l
	}
	for _, o := range olds {
		was := fmt.Sprintf("%s·%d", o.name, o.number)
		if !e.hasDescriptor(prefix+o.name, fmt.Sprintf("·%d", o.number)) {
			continue
		}
		n, ok := now[key{o.decl, o.name, o.nth}]
		if !ok {
			continue
		}
		at := p.New.Fset.Position(n.spec.Pos())
		t := Type{Package: path, Name: o.name, Func: p.New.name() + "." + o.decl, File: at.Filename, Line: at.Line}
		if n.number != o.number {
			t.Renumbered, t.Renamed = was, fmt.Sprintf("%s·%d", n.name, n.number)
			seen[prefix+was], seen[prefix+t.Renamed] = true, true
			e.Types = append(e.Types, t)
			continue
		}
		oldType, ok1 := e.oldDecl.bodies(path).Defs[o.spec.Name].(*types.TypeName)
		newType, ok2 := e.newDecl.bodies(path).Defs[n.spec.Name].(*types.TypeName)
		if !ok1 || !ok2 {
			continue
		}
		if why := e.notKnown(oldType, newType); why != "" || !e.oldDecl.sure(path, o.spec) || !e.newDecl.sure(path, n.spec) {
			if same, ok := e.describedAlike(prefix + was); !ok || !same {
				t.Unknown = cmp.Or(why, "something that it is made of was not found")
				seen[prefix+was] = true
				e.Types = append(e.Types, t)
			}
			continue
		}
		if laidOutAnew(oldType.Type(), newType.Type()) {
			t.Fields = renamedFields(oldType.Type(), newType.Type())
		}
		if laidOutAnew(oldType.Type(), newType.Type()) && len(t.Fields) == 0 {
			t.Old, t.New = oldType.Type().Underlying(), newType.Type().Underlying()
			t.OldSize, t.NewSize = sizeOf(oldType.Type()), sizeOf(newType.Type())
			t.Users = e.users(path, n.spec, t.Old, t.New)
			seen[prefix+was] = true
			e.Types = append(e.Types, t)
			continue
		}
		o1, ok1 := types.Unalias(oldType.Type()).(*types.Named)
		n1, ok2 := types.Unalias(newType.Type()).(*types.Named)
		if !ok1 || !ok2 || types.IsInterface(o1) {
			continue
		}
		t.Descriptor = prefix + was
		if e.compareMethods(&t, o1, n1); t.otherMethods() || len(t.Fields) > 0 {
			e.Types = append(e.Types, t)
		}
	}
}

// hasDescriptor reports that the program has a descriptor of a local type or of one made from it.
func (e *Edit) hasDescriptor(name, number string) bool {
	for i := range e.Record.Symbols {
		if s := e.Record.Symbols[i].Name; goobj.IsType(s) && (mentions(s, name+number) || mentionsInstance(s, name, number)) {
			return true
		}
	}
	return false
}

// mentionsInstance reports that a type's name holds that of a local type of a generic function, which has the type
// arguments before the number.
func mentionsInstance(symbol, name, number string) bool {
	for {
		i := strings.Index(symbol, name+"[")
		if i < 0 {
			return false
		}
		symbol = symbol[i+len(name):]
		depth := 0
		for k := range len(symbol) {
			switch symbol[k] {
			case '[':
				depth++
			case ']':
				depth--
			}
			if depth == 0 {
				rest, ok := strings.CutPrefix(symbol[k+1:], number)
				if ok && (rest == "" || rest[0] < '0' || rest[0] > '9') {
					return true
				}
				break
			}
		}
	}
}

// mentions reports that a type's name holds another one's as a whole word.
func mentions(symbol, name string) bool {
	for {
		i := strings.Index(symbol, name)
		if i < 0 {
			return false
		}
		rest := symbol[i+len(name):]
		if rest == "" || !strings.ContainsRune("0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ·", []rune(rest)[0]) {
			return true
		}
		symbol = rest
	}
}

// compareDescriptors compares the type descriptors in rebuilt objects with those of the release: the second line of
// defence, which sees instances too.
func (e *Edit) compareDescriptors(seen map[string]bool) {
	found := map[string]bool{}
	for _, o := range e.rebuiltObjects() {
		for y := range e.Set.AllDefinitions(o) {
			n := e.Set.NameOf(y)
			if !goobj.IsType(n.Name) || found[n.Name] {
				continue
			}
			d, ok := e.Set.Type(y)
			if !ok || !d.Named() {
				continue
			}
			was, ok := e.releaseLayout(n.Name)
			if !ok {
				continue
			}
			if l, ok := e.Prints.TypeLayout(y); !ok || l == was {
				continue
			}
			if l, ok := e.ReleaseLayout(y); ok && l == was {
				continue
			}
			found[n.Name] = true
			if _, linked := e.Record.Lookup(n.Name, n.ABI); !linked && e.explained(n.Name, seen) {
				continue
			}
			if !e.onlyMentions(n.Name, seen) {
				name := strings.TrimLeft(strings.TrimPrefix(n.Name, "type:"), "*[]")
				e.Types = append(e.Types, Type{Package: o.Pkg, Name: name, Object: true, Differs: e.differs(n.Name, d), part: e.partOf(n.Name, seen)})
			}
		}
	}
}

// rebuiltObjects are the objects of rebuilt packages.
func (e *Edit) rebuiltObjects() []*goobj.Object { return e.objects(e.Rebuilt) }

func (e *Edit) objects(paths []string) []*goobj.Object {
	in := map[string]bool{}
	for _, p := range paths {
		in[e.symbolPath(p)] = true
	}
	var out []*goobj.Object
	for _, o := range e.Set.Objects {
		if in[o.Pkg] {
			out = append(out, o)
		}
	}
	return out
}

// onlyMentions reports a descriptor that differs because a type is part of it that was found
// already.
func (e *Edit) onlyMentions(name string, seen map[string]bool) bool {
	for t := range seen {
		if mentions(name, t) {
			return true
		}
	}
	return false
}

// findConversions finds the interface tables in changed code for which a type has the methods only in
// the edit. The program can't make such a table: its description of the type lacks them.
func (e *Edit) findConversions() {
	lacking := map[string]*Type{}
	for i := range e.Types {
		if t := &e.Types[i]; t.Unseen != "" {
			lacking[t.Descriptor] = t
		}
	}
	if len(lacking) == 0 {
		return
	}
	for i := range e.Functions {
		f := &e.Functions[i]
		if f.Sym == 0 {
			continue
		}
		seen := map[goobj.Sym]bool{}
		var visit func(y goobj.Sym)
		visit = func(y goobj.Sym) {
			for _, r := range e.Set.Relocs(y) {
				if r.Size == 0 || r.Sym == 0 || seen[r.Sym] {
					continue
				}
				seen[r.Sym] = true
				n := e.Set.NameOf(r.Sym).Name
				switch {
				case goobj.IsItab(n):
					e.conversion(f, r.Sym, lacking)
				case e.Set.Kind(r.Sym).IsRodata() && !goobj.IsType(n):
					visit(r.Sym)
				}
			}
		}
		visit(f.Sym)
	}
}

func (e *Edit) conversion(f *Function, itab goobj.Sym, lacking map[string]*Type) {
	if _, ok := e.Record.Lookup(e.Set.NameOf(itab).Name, goobj.ABI0); ok {
		return
	}
	y := release.ItabType(e.Set, itab)
	name := strings.TrimPrefix(e.Set.NameOf(y).Name, "type:")
	bare := strings.TrimLeft(name, "*")
	t := cmp.Or(lacking[bare], lacking[withoutTypeArgs(bare)])
	if _, ok := e.Record.Lookup("type:"+name, goobj.ABI0); t == nil || !ok {
		return
	}
	to := e.Set.Reloc(itab, 0).Sym
	inter, ok := e.Set.Type(to)
	if !ok {
		return
	}
	for _, m := range inter.IfaceMethods() {
		if t.Lacks(m.Name) {
			c := Conversion{Func: e.Sources[f.Package].New.name() + "." + f.Decl, Method: m.Name, File: f.File, Line: f.Line}
			c.Interface = strings.TrimPrefix(e.Set.NameOf(to).Name, "type:")
			t.Conversions = append(t.Conversions, c)
			return
		}
	}
}
