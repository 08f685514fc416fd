package rules

import (
	"fmt"
	"go/types"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/internal/edit"
	"github.com/gosplice/gosplice/internal/goobj"
	"github.com/gosplice/gosplice/internal/patch"
)

// Verdict is the judgement on a whole edit.
type Verdict struct {
	Changes []patch.Change
	// Redirect are the functions whose entries are to lead to their new bodies.
	Redirect []*edit.Function
	// Stale are functions that changed and are not redirected: what runs them goes on there.
	Stale   []*edit.Function
	Refused bool
	// Empty says that no code changed.
	Empty bool
}

// Judge passes the verdict on an edit. inits are the functions that initialise new variables.
func Judge(e *edit.Edit, inits []edit.InitFunc) *Verdict {
	j := &judge{e: e, v: &Verdict{}, frozen: frozenPackages(e), inits: inits, inlinedIn: map[string]int{}, shown: map[string]bool{}}
	j.types()
	j.variables()
	j.files()
	j.functions()
	j.keepsMore()
	j.packages()
	j.startOnly()
	j.v.Empty = !j.v.Refused && len(j.v.Redirect) == 0 && j.added == 0
	j.sort()
	return j.v
}

type judge struct {
	e         *edit.Edit
	v         *Verdict
	frozen    map[string]bool
	inits     []edit.InitFunc
	inlinedIn map[string]int // declaration -> functions that inline it
	shown     map[string]bool
	added     int // things that a patch would bring beside redirected functions
	started   []patch.Change
}

func (j *judge) add(r Rule, c patch.Change) {
	c.ID, c.Verdict = r.ID, r.Verdict
	if r.Verdict == Refused {
		j.v.Refused = true
	}
	j.v.Changes = append(j.v.Changes, c)
}

// show is a symbol as users write it: the last element of the import path and the name.
func show(pkg, name string) string { return path.Base(pkg) + "." + name }

func (j *judge) pkgName(importPath string) string {
	if p := j.e.Packages[importPath]; p != nil && p.Name != "" {
		return p.Name
	}
	return path.Base(importPath)
}

func (j *judge) show(importPath, name string) string { return j.pkgName(importPath) + "." + name }

// frozenPackages are the packages that a running program can't do without at any moment: the
// runtime with all that it imports, and the part of gosplice that does the patching.
func frozenPackages(e *edit.Edit) map[string]bool {
	imports := map[string][]string{}
	for _, p := range e.Record.Packages {
		imports[p.Import] = p.Imports
	}
	out := map[string]bool{}
	var visit func(string)
	visit = func(p string) {
		if !out[p] {
			out[p] = true
			for _, i := range imports[p] {
				visit(i)
			}
		}
	}
	visit("runtime")
	for p := range imports {
		if strings.HasPrefix(p, "runtime/") || strings.HasPrefix(p, "internal/runtime/") || p == "internal/abi" || p == "syscall" || p == "internal/runtime/syscall" {
			out[p] = true
		}
	}
	const own = "github.com/gosplice/gosplice"
	for _, p := range []string{own, own + "/internal/agent", own + "/internal/splice", own + "/internal/patch", own + "/internal/control"} {
		out[p] = true
	}
	return out
}

func (j *judge) types() {
	for i := range j.e.Types {
		t := &j.e.Types[i]
		c := patch.Change{Symbol: j.show(t.Package, t.Name), File: t.File, Line: t.Line}
		switch {
		case t.Object:
			c.Symbol = t.Name
			c.What = "layout"
			c.Detail = "Values of this type in memory have the layout of the running program; the edit lays them out differently.\nInstead: use a new type for the new layout, or restart."
			j.add(Layout, c)
		case t.Old != nil:
			r, what, detail := layoutChange(t)
			c.What, c.Detail = what, detail
			j.add(r, c)
		case t.Receiver != "":
			c.Symbol += "." + t.Receiver
			c.What = "receiver changed between value and pointer"
			c.Detail = fmt.Sprintf("Interface values that hold a %s were made for the other kind of receiver.\nInstead: keep the receiver and add a method with another name, or restart.", t.Name)
			j.add(Receiver, c)
		default:
			for _, m := range t.Methods {
				c := c
				c.Symbol += "." + m
				c.What = "new method"
				c.Detail = "Direct calls find it. Type assertions, fmt and reflection on this type do not see it until the program is restarted."
				j.add(MethodUnseen, c)
			}
		}
	}
}

// layoutChange tells what happened to a type.
func layoutChange(t *edit.Type) (r Rule, what, detail string) {
	sizes := ""
	if t.OldSize >= 0 && t.NewSize >= 0 && t.OldSize != t.NewSize {
		sizes = fmt.Sprintf("%s is %d bytes in the running program and %d in your edit: code of the edit would read past every %s already in memory.\n", t.Name, t.OldSize, t.NewSize, t.Name)
	} else {
		sizes = fmt.Sprintf("Every %s already in memory has the old layout, and the code of the edit would misread it.\n", t.Name)
	}
	both := fmt.Sprintf("Running: %s\nEdit:    %s\n", short(t.Old), short(t.New))
	o, ok1 := t.Old.(*types.Struct)
	n, ok2 := t.New.(*types.Struct)
	if ok1 && ok2 {
		r, what, way := structChange(t, o, n)
		return r, what, sizes + way
	}
	if _, ok := t.Old.(*types.Interface); ok {
		return Interface, "methods of the interface changed", "Values of this interface in memory carry tables with the old methods.\n" + both + "Instead: declare a second interface with the new methods and ask for it by a type assertion, or restart."
	}
	oa, ok1 := t.Old.(*types.Array)
	na, ok2 := t.New.(*types.Array)
	if ok1 && ok2 && oa.Len() != na.Len() {
		return ArrayLength, fmt.Sprintf("array length %d -> %d", oa.Len(), na.Len()), sizes + "Instead: use a slice, or a new type for the longer array, or restart."
	}
	return Layout, "underlying type changed", sizes + both + "Instead: use a new type, or restart."
}

func short(t types.Type) string {
	s := types.TypeString(t, func(p *types.Package) string { return p.Name() })
	if len(s) > 160 {
		s = s[:157] + "..."
	}
	return s
}

func structChange(t *edit.Type, o, n *types.Struct) (r Rule, what, way string) {
	had, has := map[string]int{}, map[string]int{}
	for i := range o.NumFields() {
		had[o.Field(i).Name()] = i
	}
	for i := range n.NumFields() {
		has[n.Field(i).Name()] = i
	}
	side := fmt.Sprintf("keep it in a map keyed by *%s", t.Name)
	for i := range n.NumFields() {
		f := n.Field(i)
		if _, ok := had[f.Name()]; !ok {
			place := ""
			if t.File != "" {
				place = fmt.Sprintf(" (%s:%d)", filepath.Base(t.File), t.Line)
			}
			return Layout, fmt.Sprintf("field %s %s added", f.Name(), short(f.Type())), fmt.Sprintf("Instead: %s%s, or restart.", strings.Replace(side, "it", f.Name(), 1), place)
		}
	}
	for i := range o.NumFields() {
		f := o.Field(i)
		if _, ok := has[f.Name()]; !ok {
			return FieldRemoved, fmt.Sprintf("field %s removed", f.Name()), "Instead: leave the field in place, unused, until the next restart."
		}
	}
	for i := range o.NumFields() {
		f, k := o.Field(i), has[o.Field(i).Name()]
		was, is := short(f.Type()), short(n.Field(k).Type())
		if was != is {
			oa, ok1 := f.Type().Underlying().(*types.Array)
			na, ok2 := n.Field(k).Type().Underlying().(*types.Array)
			if ok1 && ok2 && oa.Len() != na.Len() {
				return ArrayLength, fmt.Sprintf("field %s: %s -> %s", f.Name(), was, is), "Instead: use a slice in a new place, or restart."
			}
			return FieldType, fmt.Sprintf("field %s: %s -> %s", f.Name(), was, is), fmt.Sprintf("Instead: %s under the new type, or restart.", side)
		}
	}
	for i := range o.NumFields() {
		if n.Field(i).Name() != o.Field(i).Name() {
			return FieldOrder, "fields reordered", "Instead: keep the order of the running program until the next restart."
		}
	}
	for i := range o.NumFields() {
		if o.Tag(i) != n.Tag(i) {
			return Tag, fmt.Sprintf("tag of field %s changed", o.Field(i).Name()), "Reflection, and what caches it, has seen the old tag.\nInstead: use a new type with the new tag where it is marshalled, or restart."
		}
	}
	return Layout, "struct changed", "Instead: use a new type, or restart."
}

func (j *judge) variables() {
	byInit := map[string]bool{}
	for _, i := range j.inits {
		for _, v := range i.Vars {
			byInit[i.Package+"."+v] = true
		}
	}
	for i := range j.e.Vars {
		v := &j.e.Vars[i]
		c := patch.Change{Symbol: j.show(v.Package, v.Name), File: v.File, Line: v.Line}
		switch v.Kind {
		case edit.VarAdded:
			if j.renamedFrom(v) != nil {
				continue // reported with the variable that is gone
			}
			j.added++
			c.What = "new variable"
			if byInit[v.Package+"."+v.Name] {
				c.Detail = "Its initialiser runs once, before the switch."
				j.add(RunsInit, c)
			} else {
				j.add(NewVariable, c)
			}
		case edit.VarRemoved:
			if to := j.renamedTo(v); to != nil {
				c.What = fmt.Sprintf("gone, while %s of the same type is new", to.Name)
				c.Detail = fmt.Sprintf("If it was renamed, the patched program would start with a new %s and leave the state of %s behind.\nInstead: keep the name, or restart.", to.Name, v.Name)
				j.add(VariableRename, c)
				continue
			}
			c.What = "removed"
			j.add(RemovedVar, c)
		case edit.VarType:
			c.What = fmt.Sprintf("type %s -> %s", v.OldType, v.NewType)
			c.Detail = "The variable's value in memory has the old type.\nInstead: add a variable of the new type under another name, or restart."
			j.add(VariableType, c)
		case edit.VarInit:
			c.What = "initial value changed"
			c.Detail = "The variable exists, and its value in the running program is left as it is."
			j.add(InitValue, c)
		case edit.VarEmbed:
			c.What = "embedded content changed"
			c.Detail = "The variable exists, and its value in the running program is left as it is."
			j.add(EmbedKept, c)
		}
	}
}

func (j *judge) renamedTo(gone *edit.Variable) *edit.Variable {
	return j.counterpart(gone, edit.VarAdded)
}
func (j *judge) renamedFrom(added *edit.Variable) *edit.Variable {
	return j.counterpart(added, edit.VarRemoved)
}

func (j *judge) counterpart(v *edit.Variable, kind edit.VarKind) *edit.Variable {
	for i := range j.e.Vars {
		o := &j.e.Vars[i]
		if o.Kind == kind && o.Package == v.Package && o.OldType+o.NewType == v.OldType+v.NewType {
			return o
		}
	}
	return nil
}

func (j *judge) files() {
	for _, f := range j.e.Files {
		c := patch.Change{Symbol: f.Package, File: f.Name, What: f.Name + " changed"}
		if f.Kind == "asm" {
			c.Detail = "Assembly says nothing of what it keeps where, so a running function can't be exchanged safely.\nInstead: restart."
			j.add(Assembly, c)
		} else {
			c.Detail = "C code is compiled and linked by other tools, which leave no relocations to check.\nInstead: restart."
			j.add(Cgo, c)
		}
	}
}

func (j *judge) packages() {
	for _, p := range j.e.Added {
		j.added++
		c := patch.Change{Symbol: p, What: "new package"}
		if src := j.e.Sources[p].New; src != nil && (len(src.Other) > 0 && hasKind(src, "cgo", "c")) {
			c.Detail = "It uses cgo, and C code can't be linked into a running program.\nInstead: restart."
			j.add(Cgo, c)
			continue
		}
		j.add(RunsPackage, c)
	}
}

func hasKind(s *edit.Source, kinds ...string) bool {
	for _, f := range s.Other {
		for _, k := range kinds {
			if f.Kind == k {
				return true
			}
		}
	}
	return false
}

func (j *judge) sort() {
	rank := func(c patch.Change) int {
		switch {
		case c.Verdict == Refused:
			return 2
		case strings.HasPrefix(c.ID, "GS2"):
			return 1
		}
		return 0
	}
	sort.SliceStable(j.v.Changes, func(a, b int) bool { return rank(j.v.Changes[a]) < rank(j.v.Changes[b]) })
}

// declOf is a function's key in inlinedIn and shown.
func declOf(f *edit.Function) string { return f.Package + "\x00" + f.Decl }

// symbolText is how a plan shows a function.
func (j *judge) symbolText(f *edit.Function) string {
	prefix := goobj.PackagePrefix(f.Package)
	name := f.Name.Name
	for _, p := range []string{prefix + ".", "main."} {
		if rest, ok := strings.CutPrefix(name, p); ok {
			return j.show(f.Package, rest)
		}
	}
	return name
}
