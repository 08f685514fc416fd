package edit

import (
	"go/ast"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// What leads to a function: in the release by the record, in the edit by the symbols of changed packages.

// callers are the functions of the release that lead to one.
func (e *Edit) callers(s *release.Symbol) []*release.Symbol {
	if e.reversed == nil {
		e.reversed = e.Record.Reverse()
	}
	return e.reversed.Callers(s)
}

// entrances are the functions of the release that lead to one or its method value, or have it inlined.
func (e *Edit) entrances(s *release.Symbol) []*release.Symbol {
	out := slices.Clone(e.callers(s))
	for i, c := range out {
		if c.Name == s.Name+goobj.MethodValue {
			out = slices.Concat(out[:i], out[i+1:], e.callers(c))
			break
		}
	}
	for _, name := range e.Record.Inlined[s.Name] {
		if c, ok := e.Record.Lookup(name, goobj.ABIInternal); ok && !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// newlyNamed reports whether something of the edited build leads to a function beside its callers in the release.
func (e *Edit) newlyNamed(s *release.Symbol, callers []*release.Symbol) bool {
	y, ok := e.Set.Lookup(s.Name, s.ABI)
	if !ok || !e.Set.Defined(y) {
		return false // of a package that is as before, as are those that import it
	}
	return e.namedBeside(y, callers, nil)
}

// namedBeside reports whether something of the edited build leads to a function beside some of the release, and beside
// what the program has as a part of them alone.
func (e *Edit) namedBeside(y goobj.Sym, callers []*release.Symbol, within []goobj.Sym) bool {
	is := func(name string) func(*release.Symbol) bool {
		return func(c *release.Symbol) bool { return c.Name == name }
	}
	return slices.ContainsFunc(e.namers(y), func(z goobj.Sym) bool {
		name := e.Set.NameOf(z)
		if slices.ContainsFunc(callers, is(name.Name)) || slices.Contains(within, z) {
			return false
		}
		_, has := e.Record.Lookup(name.Name, name.ABI)
		if !has && withoutTypeArgs(name.Name) == withoutTypeArgs(e.Set.NameOf(y).Name) {
			return e.namedBeside(z, callers, append(within, y)) // it calls an instance with a dictionary
		}
		into := e.Record.Inlined[name.Name]
		return has || len(into) == 0 || slices.ContainsFunc(into, func(f string) bool { return !slices.ContainsFunc(callers, is(f)) }) ||
			e.namedBeside(z, callers, append(within, y))
	})
}

// namers are the symbols of changed and new packages that refer to a function, directly or as a func value, or have it
// inlined. The tables of methods that types have are left out.
func (e *Edit) namers(y goobj.Sym) []goobj.Sym { return e.leading(y, e.names) }

// Referred reports whether code or data of the edited packages refers to a function, other than by having it inlined and
// by the method tables of types.
func (e *Edit) Referred(y goobj.Sym) bool { return len(e.leading(y, e.refersTo)) > 0 }

// leading are the symbols of changed and new packages that lead to a function, or to its func value, in a way.
func (e *Edit) leading(y goobj.Sym, way func(z, y goobj.Sym, value string) bool) (out []goobj.Sym) {
	name := e.Set.NameOf(y).Name
	value := name + release.FuncValue
	own := []string{value, name + wrapInfo, name + goobj.MethodValue, name + goobj.MethodValue + release.FuncValue}
	for _, o := range e.objects(slices.Concat(e.Rebuilt, e.Added)) {
		for z := range e.Set.AllDefinitions(o) {
			kind := e.Set.Kind(z)
			if z != y && (kind.IsText() || kind.IsRodata() || kind.IsVar()) && !slices.Contains(own, e.Set.NameOf(z).Name) && !makesMethodValue(e.Set.NameOf(z).Name) && way(z, y, value) {
				out = append(out, z)
			}
		}
	}
	return out
}

// wrapInfo ends the name of the data that tells the runtime which function a go or defer statement's own one calls.
const wrapInfo = ".wrapinfo"

// refersTo reports whether z refers to function y, its func value, or what stands for it as a method value.
func (e *Edit) refersTo(z, y goobj.Sym, value string) bool {
	bound := e.Set.NameOf(y).Name + goobj.MethodValue
	for _, r := range e.Set.Relocs(z) {
		if r.Sym == 0 || r.Size == 0 || r.Type == goobj.RMethodOff {
			continue
		}
		if name := e.Set.NameOf(r.Sym).Name; r.Sym == y || name == value || name == bound || name == bound+release.FuncValue {
			return true
		}
	}
	return false
}

// names reports whether z refers to function y or its func value, or has it inlined.
func (e *Edit) names(z, y goobj.Sym, value string) bool {
	if e.refersTo(z, y, value) {
		return true
	}
	fi, ok := e.Set.FuncInfo(z)
	return ok && slices.ContainsFunc(fi.Inline, func(n goobj.InlineNode) bool { return n.Func == y })
}

// Named reports whether something of the edited packages refers to a function, other than the method tables of types.
func (e *Edit) Named(y goobj.Sym) bool { return len(e.namers(y)) > 0 }

// NamedAtStart reports a function of the edit to which nothing leads but main and init functions, which have run.
func (e *Edit) NamedAtStart(f *Function) bool {
	namers := e.namers(f.Sym)
	return len(namers) > 0 && !slices.ContainsFunc(namers, func(z goobj.Sym) bool {
		name := e.Set.NameOf(z).Name
		if around, ok := statement(name); ok && strings.HasPrefix(name[len(around):], ".gowrap") {
			name = around
		}
		_, old := e.Record.Lookup(name, goobj.ABIInternal)
		return !old || !startsProgram(name, strings.HasPrefix(name, "main."))
	})
}

// InProgram reports whether the program has a function that is compiled from a declaration of a changed package, be it
// inlined.
func (e *Edit) InProgram(path, decl string) bool {
	if e.inProgram == nil {
		e.inProgram = map[[2]string]bool{}
		add := func(symbol string) {
			if path, _, decl, ok := e.owner(symbol); ok {
				e.inProgram[[2]string{path, decl}] = true
			}
		}
		for i := range e.Record.Symbols {
			if s := &e.Record.Symbols[i]; s.Kind.IsText() {
				add(s.Name)
				if path := e.importPath(s.Package); e.pushedDecl(path, s.Name) != "" {
					e.inProgram[[2]string{path, e.pushedDecl(path, s.Name)}] = true
				}
			}
		}
		for symbol := range e.Record.Inlined {
			add(symbol)
		}
	}
	return e.inProgram[[2]string{path, decl}]
}

// onlyCalled reports a function of a changed package of which no func value is made but for a go statement, or for what
// calls it once: other packages can't name it, and its own one names it in calls alone. A method is also in a table, so no interface may ask for it.
func (e *Edit) onlyCalled(s *release.Symbol) bool {
	path := e.importPath(s.Package)
	decl, _ := e.declOf(path, s.Name)
	source := e.Sources[path].Old
	_, name, method := cutLast(decl)
	if source == nil || source.Funcs[decl] == nil || (path != e.importPath("main") || method) && ast.IsExported(name) {
		return false
	}
	if method && (e.asked(name) || source.promotes(decl)) {
		return false
	}
	called := map[*ast.Ident]bool{}
	value := false
	info := e.oldDecl.bodies(path)
	for _, f := range source.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				called[n.Name] = true
			case *ast.CallExpr:
				switch fun := n.Fun.(type) {
				case *ast.Ident:
					called[fun] = true
				case *ast.SelectorExpr:
					called[fun.Sel] = method
				}
				if len(n.Args) == 1 && (source.callsOnceOnly(n, info, true) || e.callsItsArgument(path, n, false)) {
					switch arg := ast.Unparen(n.Args[0]).(type) {
					case *ast.Ident:
						called[arg] = true
					case *ast.SelectorExpr:
						called[arg.Sel] = method
					}
				}
			case *ast.Ident:
				value = value || n.Name == name && !called[n]
			}
			return true
		})
	}
	return !value
}

// asked reports whether an interface, of the program or of a changed package, has a method of that name.
func (e *Edit) asked(method string) bool {
	for m := range e.Record.Live.IfaceMethods {
		if m.Name == method || strings.HasSuffix(m.Name, "."+method) {
			return true
		}
	}
	if e.Record.Live.GenericMethods[method] {
		return true
	}
	for _, p := range e.Sources {
		found := false
		for _, f := range p.New.Files {
			ast.Inspect(f, func(n ast.Node) bool {
				i, ok := n.(*ast.InterfaceType)
				found = found || ok && slices.ContainsFunc(i.Methods.List, func(f *ast.Field) bool {
					return slices.ContainsFunc(f.Names, func(id *ast.Ident) bool { return id.Name == method })
				})
				return !found
			})
		}
		if found {
			return true
		}
	}
	return false
}

// promotes reports whether a struct of the package embeds the type of a method, which others may call it by.
func (s *Source) promotes(decl string) (found bool) {
	receiver := receiverOf(decl)
	for _, f := range s.Files {
		ast.Inspect(f, func(n ast.Node) bool {
			st, ok := n.(*ast.StructType)
			if !ok || found {
				return !found
			}
			for _, field := range st.Fields.List {
				t := field.Type
				if star, ok := t.(*ast.StarExpr); ok {
					t = star.X
				}
				id, ok := t.(*ast.Ident)
				found = found || len(field.Names) == 0 && (!ok || id.Name == receiver)
			}
			return !found
		})
	}
	return found
}
