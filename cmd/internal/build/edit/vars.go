package edit

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// findVars compares the package variables.
func (e *Edit) findVars() error {
	for _, path := range e.Rebuilt {
		o, n := e.oldDecl.check(path), e.newDecl.check(path)
		src := e.Sources[path]
		for name, v := range src.New.Vars {
			c := Variable{Package: path, Name: name, File: v.Pos.Filename, Line: v.Pos.Line, HasInit: v.Value != nil && !isConstant(v.Value), Fresh: v.Fresh}
			if is := n.Scope().Lookup(name); is != nil {
				c.NewType, c.NewShape = typeText(is.Type()), shape(is.Type())
			}
			c.OldName = v.Renamed
			if src.Old.Vars[name] != nil && src.Old.Vars[v.Renamed] == nil {
				c.OldName = "" // the release was renamed already
			}
			old := src.Old.Vars[cmp.Or(c.OldName, name)]
			if old == nil {
				c.Kind = VarAdded
				if c.OldName != "" {
					c.Kind = VarUnknown
				}
				e.Vars = append(e.Vars, c)
				continue
			}
			was := o.Scope().Lookup(cmp.Or(c.OldName, name))
			if was != nil {
				c.OldType, c.OldShape = typeText(was.Type()), shape(was.Type())
			}
			e.describedVar(&c, was, n.Scope().Lookup(name))
			switch {
			case c.OldName != "" && src.Old.Vars[name] != nil:
				c.Kind = VarTaken
			case c.OldName != "" && src.New.Vars[c.OldName] != nil:
				c.Kind = VarStays
			case c.OldName != "" && c.OldShape == c.NewShape:
				c.Kind = VarRenamed
				e.rename(path, name, c.OldName)
			case c.OldShape != c.NewShape:
				c.Kind = VarType
				if c.OldType == c.NewType && e.notKnown(was, n.Scope().Lookup(name)) == "" { // an alias stands for something else
					c.OldType, c.NewType = typeText(types.Unalias(was.Type())), typeText(types.Unalias(n.Scope().Lookup(name).Type()))
				}
			case old.Text != e.initialiserText(path, v) || !v.Literals && e.dataChanged(path, name) && !e.onlyRelaid(path, name):
				c.Kind = VarInit
			case old.Embed != v.Embed:
				c.Kind = VarEmbed
			default:
				continue
			}
			if v.Embed != "" && c.Kind == VarInit {
				c.Kind = VarEmbed
			}
			if (c.Kind == VarInit || c.Kind == VarEmbed) && dropped(e.Record, e.symbolPath(path), src.Old, name) {
				c.Kind, c.Dropped = VarAdded, true // there is no value that could stay
			}
			e.Vars = append(e.Vars, c)
		}
		for name, v := range src.Old.Vars {
			if src.New.Vars[name] == nil && !src.New.renames(name) {
				c := Variable{Package: path, Name: name, Kind: VarRemoved, Dropped: dropped(e.Record, e.symbolPath(path), src.Old, name), File: v.Pos.Filename, Line: v.Pos.Line}
				if was := o.Scope().Lookup(name); was != nil {
					c.OldType, c.OldShape = typeText(was.Type()), shape(was.Type())
				}
				e.Vars = append(e.Vars, c)
			}
		}
	}
	e.findInitial()
	e.findBlank()
	if err := e.findMoved(); err != nil {
		return err
	}
	e.sortVars()
	return nil
}

// FindDropped adds the variables that the release's linker had left out, and that the edit initialises anew although their
// initialisers are as they were: what these are made of changed.
func (e *Edit) FindDropped(used Dropped) {
	for v := range used {
		src := e.Sources[v[0]].New
		if src == nil || src.Vars[v[1]] == nil || slices.ContainsFunc(e.Vars, func(c Variable) bool { return c.Package == v[0] && c.Name == v[1] }) {
			continue
		}
		if _, linked := e.Linked(e.symbolPath(v[0]), v[1]); linked {
			continue // the value is that of the release
		}
		n := src.Vars[v[1]]
		e.Vars = append(e.Vars, Variable{
			Package: v[0], Name: v[1], Kind: VarAdded, Dropped: true, Same: true, HasInit: e.Computed(v[0], v[1]), File: n.Pos.Filename, Line: n.Pos.Line,
		})
	}
	e.sortVars()
}

func (e *Edit) sortVars() {
	sort.Slice(e.Vars, func(i, j int) bool {
		return e.Vars[i].Package+"."+e.Vars[i].Name < e.Vars[j].Package+"."+e.Vars[j].Name
	})
}

// findBlank finds what would run when a program starts for the sake of what it does, as in var _ = register().
func (e *Edit) findBlank() {
	for _, path := range e.Rebuilt {
		src := e.Sources[path]
		had := map[string]int{}
		for _, spec := range src.Old.blank {
			had[printed(spec)]++
		}
		for _, spec := range src.New.blank {
			text := printed(spec)
			if had[text]--; had[text] >= 0 || !e.calls(path, spec) {
				continue
			}
			at := src.New.Fset.Position(spec.Pos())
			e.Vars = append(e.Vars, Variable{Package: path, Name: "_", Kind: VarBlank, File: at.Filename, Line: at.Line})
		}
	}
}

// calls reports that initialisers of the edit call functions; conversions and what is built in are no calls.
func (e *Edit) calls(path string, spec *ast.ValueSpec) bool {
	info := e.newDecl.bodies(path)
	found := false
	for _, x := range spec.Values {
		ast.Inspect(x, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.CallExpr:
				t := info.Types[n.Fun]
				_, literal := ast.Unparen(n.Fun).(*ast.FuncLit)
				found = found || literal || !t.IsType() && !t.IsBuiltin()
			case *ast.UnaryExpr:
				found = found || n.Op == token.ARROW
			}
			return true
		})
	}
	return found
}

// renames reports that a variable has the directive that names old.
func (s *Source) renames(old string) bool {
	for _, v := range s.Vars {
		if v.Renamed == old {
			return true
		}
	}
	return false
}

// rename notes that a variable of the edit is one of the release under another name.
func (e *Edit) rename(path, name, old string) {
	prefix := goobj.PackagePrefix(e.symbolPath(path)) + "."
	e.renamed[prefix+name] = prefix + old
}

// StorageName is the name that the variable of a symbol has in the program: another one if it was
// renamed.
func (e *Edit) StorageName(symbol string) string { return cmp.Or(e.renamed[symbol], symbol) }

// typeText is a type as users write it.
func typeText(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Name() })
}

// dataChanged reports a variable whose initial value is data that differs, such as by a constant that
// it is made of.
func (e *Edit) dataChanged(path, name string) bool {
	symbol := goobj.PackagePrefix(e.symbolPath(path)) + "." + name
	old, ok := e.Record.Lookup(symbol, goobj.ABI0)
	y, defined := e.Set.Lookup(symbol, goobj.ABI0)
	return ok && defined && old.Fingerprint != goobj.Fingerprint{} && old.Fingerprint != e.Prints.Of(y)
}

// InitialValue identifies the initial value of a package variable, as far as source and data tell; "" where it is not
// known.
func (e *Edit) InitialValue(y goobj.Sym) string {
	pkg := e.Set.Object(y).Pkg
	name, ok := strings.CutPrefix(e.Set.NameOf(y).Name, goobj.PackagePrefix(pkg)+".")
	src := e.Sources[e.importPath(pkg)].New
	if !ok || src == nil || src.Vars[name] == nil {
		return ""
	}
	v := src.Vars[name]
	text := e.initialiserText(e.importPath(pkg), v)
	if v.Literals {
		return hashText(text)
	}
	return hashText(fmt.Sprintf("%s %x", text, e.Prints.Of(y)))
}

// findMoved finds the variables of packages that are gone in packages that are new.
func (e *Edit) findMoved() error {
	for i := range e.Record.Packages {
		p := &e.Record.Packages[i]
		if e.Packages[p.Import] != nil || !p.Editable || len(e.Added) == 0 {
			continue
		}
		old, err := oldSource(p)
		if err != nil {
			return err
		}
		for name, v := range old.Vars {
			for _, to := range e.Added {
				if e.Sources[to].New.Vars[name] != nil {
					e.Vars = append(e.Vars, Variable{Package: p.Import, Name: name, Kind: VarMoved, To: to, File: v.Pos.Filename, Line: v.Pos.Line})
				}
			}
		}
	}
	return nil
}

// findEnums finds constants that are counted up by iota and have other values than before.
func (e *Edit) findEnums() {
	for _, path := range e.Rebuilt {
		o, n := e.oldDecl.check(path), e.newDecl.check(path)
		src := e.Sources[path].New
		byType := map[string]*Enum{}
		var order []string
		for _, id := range src.enumNames() {
			was, ok1 := o.Scope().Lookup(id.Name).(*types.Const)
			is, ok2 := n.Scope().Lookup(id.Name).(*types.Const)
			if !ok1 || !ok2 || e.notKnown(was, is) == "" && constant.Compare(was.Val(), token.EQL, is.Val()) {
				continue
			}
			t := typeText(is.Type())
			x := byType[t]
			if x == nil {
				at := src.Fset.Position(id.Pos())
				x = &Enum{Package: path, Type: t, File: at.Filename, Line: at.Line}
				byType[t] = x
				order = append(order, t)
			}
			x.Names = append(x.Names, id.Name)
			x.Old, x.New = append(x.Old, e.oldDecl.value(was)), append(x.New, e.newDecl.value(is))
		}
		for _, t := range order {
			e.Enums = append(e.Enums, *byType[t])
		}
	}
}

// enumNames are the constants in groups that use iota.
func (s *Source) enumNames() []*ast.Ident {
	var out []*ast.Ident
	for _, f := range s.Files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			counts := false
			ast.Inspect(g, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				counts = counts || ok && id.Name == "iota"
				return !counts
			})
			for _, spec := range g.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && counts {
					out = append(out, v.Names...)
				}
			}
		}
	}
	return out
}
