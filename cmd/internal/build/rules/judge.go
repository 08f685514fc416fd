package rules

import (
	"cmp"
	"fmt"
	"path"
	"reflect"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Verdict is the judgement on a whole edit.
type Verdict struct {
	Changes []patch.Change
	// Redirect are the functions whose entries are to lead to their new bodies.
	Redirect []*edit.Function
	// Left are the bodies of the program that are not redirected and run old code: who is inside goes on there.
	Left []edit.Left
	// Waits are the bodies in which no goroutine may be at the switch.
	Waits   []edit.Waiting
	Refused bool
	// Empty says that no code changed.
	Empty bool
}

// Options are what the user allows.
type Options struct {
	Dependencies Dependencies
}

// Dependencies are those that may have other versions than in the release.
type Dependencies struct {
	// Taken says that they may: those of Only, by module path, or all if it is empty.
	Taken bool
	Only  []string
	// Required are modules that were to be as in the release and can't be, each with the modules that require another
	// version, as path@version.
	Required map[string][]string
}

// takes reports whether a module may have another version.
func (d Dependencies) takes(path string) bool {
	return d.Taken && (len(d.Only) == 0 || slices.Contains(d.Only, path))
}

// Judge passes the verdict on an edit. inits are the functions that initialise new variables.
func Judge(e *edit.Edit, inits []edit.InitFunc, o Options) *Verdict {
	j := &judge{e: e, options: o, v: &Verdict{}, frozen: edit.Frozen(e.Record), inits: inits, inlinedIn: map[string]int{}, inlinedPkgs: map[string]map[string]bool{}, inStatement: map[string]bool{}, initExplained: map[string]bool{}, initialOf: map[string][]patch.Change{}, shown: map[string]bool{}}
	j.types()
	j.variables()
	j.resets()
	j.enums()
	j.files()
	j.modules()
	j.functions()
	j.along()
	j.byVariable()
	j.left()
	j.keepsMore()
	j.spins()
	j.packages()
	j.hooks()
	j.startOnly()
	j.unfold()
	j.v.Empty = !j.v.Refused && len(j.v.Redirect) == 0 && j.runs == 0
	j.sort()
	return j.v
}

// CannotLink refuses an edit that passed all rules, for what linking found. err may join several errors.
func (v *Verdict) CannotLink(err error) {
	if err == nil {
		return
	}
	all := []error{err}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	for _, err := range all {
		v.Changes = append(v.Changes, patch.Change{
			Symbol: "the patch", What: "can't be linked", Verdict: Unlinkable.Verdict, ID: Unlinkable.ID,
			Reason: patch.Shown(err.Error()) + ".", WaysOut: Unlinkable.WaysOut,
		})
	}
	v.Refused = true
}

type judge struct {
	e           *edit.Edit
	v           *Verdict
	options     Options
	frozen      map[string]bool
	inits       []edit.InitFunc
	inlinedIn   map[string]int             // declaration -> functions that inline it
	inlinedPkgs map[string]map[string]bool // and their packages
	inStatement map[string]bool            // declarations that a go or defer statement's own function inlines
	// initExplained are packages of which the plan says by which functions their variables would be initialised otherwise.
	initExplained map[string]bool
	// initialOf are variables that have another initial value because of one edited function, by its declaration.
	initialOf map[string][]patch.Change
	shown     map[string]bool
	runs      int // initialisers that a patch would run, beside redirecting functions
	started   []startedChange
	folded    []folded

	plainSignatures map[string]bool             // see findHeldSignatures
	heldSignatures  map[string][]*edit.Function // see findHeldSignatures
}

// add enters a change. What it does not say of its reason and the ways out, the rule says; what plainly
// applies needs neither. Several instances of a generic function have one line, if all of it is the same.
func (j *judge) add(r Rule, c patch.Change) {
	c.ID, c.Verdict = r.ID, r.Verdict
	if r.Kind() != Applies {
		c.Reason = cmp.Or(c.Reason, r.Reason)
		if c.WaysOut == nil {
			c.WaysOut = r.WaysOut
		}
	}
	if r.Verdict == Refused {
		j.v.Refused = true
	}
	c.Show()
	if !slices.ContainsFunc(j.v.Changes, func(o patch.Change) bool { return reflect.DeepEqual(o, c) }) {
		j.v.Changes = append(j.v.Changes, c)
	}
}

func (j *judge) pkgName(importPath string) string {
	if p := j.e.Packages[importPath]; p != nil && p.Name != "" {
		return p.Name
	}
	return path.Base(importPath)
}

func (j *judge) show(importPath, name string) string { return j.pkgName(importPath) + "." + name }

func (j *judge) variables() {
	byInit := map[string]bool{}
	for _, i := range j.inits {
		for _, v := range i.Vars {
			byInit[i.Package+"."+v] = true
		}
	}
	for i := range j.e.Vars {
		v := &j.e.Vars[i]
		c := patch.Change{Module: j.module(v.Package), Symbol: j.show(v.Package, v.Name), File: v.File, Line: v.Line}
		switch v.Kind {
		case edit.VarAdded:
			if j.renamedFrom(v) != nil {
				continue // reported with the variable that is gone
			}
			c.What = "new variable"
			switch {
			case v.Same:
				c.What = "new in the program, which had no use for it"
			case v.Dropped:
				c.What = "another initial value, and new in the program, which had no use for it"
			}
			if byInit[v.Package+"."+v.Name] {
				j.runs++
				c.Reason = "Its initialiser runs once, before the switch."
				if v.Same || v.Dropped {
					c.Reason = "Its initialiser runs once, before the switch, with the functions of your edit, and the variables as they are then."
				}
				j.add(RunsInit, c)
			} else {
				j.add(NewVariable, c)
			}
		case edit.VarRemoved:
			if to := j.renamedTo(v); to != nil {
				c.What = fmt.Sprintf("gone, while %s of the same type is new", to.Name)
				c.Reason = fmt.Sprintf("If it was renamed, the patched program would start with a new %s and leave the state of %s behind.", to.Name, v.Name)
				c.WaysOut = j.renamedWays(v, to)
				j.add(VariableRename, c)
				continue
			}
			c.What = "removed"
			c.Reason = "Its value stays in memory, for what still uses it."
			if v.Initial {
				c.Reason += " Nothing but its initialiser wrote it."
			}
			j.add(RemovedVar, c)
		case edit.VarType:
			c.What = fmt.Sprintf("type %s -> %s", v.OldType, v.NewType)
			j.add(VariableType, c)
		case edit.VarRenamed:
			c.What = "renamed from " + v.OldName
			j.runs++
			j.add(RenamedVar, c)
		case edit.VarUnknown, edit.VarTaken, edit.VarStays:
			j.notRenamed(v, c)
		case edit.VarInit:
			if j.isReset(v) {
				continue // reported as such
			}
			c.What = "initial value changed"
			c.Reason = "The variable exists, and its value in the running program is left as it is."
			if of := j.e.EditedInitial(v); len(of) == 1 {
				j.initialOf[of[0]] = append(j.initialOf[of[0]], c) // said of the function
				continue
			}
			j.add(InitValue, c)
		case edit.VarBlank:
			c.What = "new initialiser without a variable"
			c.Reason = "It would run when the program starts, and is not run now."
			j.add(InitFunction, c)
		case edit.VarMoved:
			c.What = fmt.Sprintf("its package is gone, while package %s has it", v.To)
			c.Reason = fmt.Sprintf("The variable of the new package would start anew and leave the state of %s behind.", c.Symbol)
			c.WaysOut = []string{"keep the package at its old path", "restart"}
			j.add(VariableRename, c)
		case edit.VarEmbed:
			if j.isReset(v) {
				continue
			}
			c.What = "embedded content changed"
			c.Reason = "The variable exists, and its value in the running program is left as it is."
			j.add(EmbedKept, c)
		}
	}
}

// renamedWays are the ways out where a variable may have been renamed, in code that can be edited and in other code.
func (j *judge) renamedWays(gone, to *edit.Variable) []string {
	if p, ok := j.e.Record.PackageByPath(gone.Package); ok && !p.Editable {
		return []string{
			fmt.Sprintf("give --renamed %s.%s=%s if it was renamed", gone.Package, gone.Name, to.Name),
			fmt.Sprintf("give --fresh %s.%s if that is a new one", to.Package, to.Name),
			"restart",
		}
	}
	return []string{
		"keep the name",
		fmt.Sprintf("write //gosplice:renamed %s above %s if it was renamed", gone.Name, to.Name),
		"write //gosplice:fresh there if it is a new one",
		"restart",
	}
}

// enums warns of constants whose stored values would change their meaning.
func (j *judge) enums() {
	for _, x := range j.e.Enums {
		c := patch.Change{Module: j.module(x.Package), Symbol: j.show(x.Package, x.Names[0]), File: x.File, Line: x.Line}
		c.What = fmt.Sprintf("constant %s -> %s", x.Old[0], x.New[0])
		if n := len(x.Names) - 1; n > 0 {
			c.What += fmt.Sprintf(", and %d more of %s", n, x.Type)
		}
		c.Reason = fmt.Sprintf("Values in memory keep their numbers: a stored %s is %s, which new code takes for another constant.", x.Names[0], x.Old[0])
		j.add(EnumShift, c)
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
		if o.Kind == kind && mayBeRenamed(o, v) && o.Package == v.Package && o.OldShape+o.NewShape == v.OldShape+v.NewShape {
			return o
		}
	}
	return nil
}

// mayBeRenamed reports whether one of two variables, of which one is gone and one is new, may have had state that the other
// one is to have.
func mayBeRenamed(a, b *edit.Variable) bool {
	if a.Dropped || b.Dropped || a.Fresh || b.Fresh {
		return false
	}
	return !a.Initial && !b.Initial || a.Filled || b.Filled
}

// files judges the files that are not plain Go. Of a package that the program does not have nothing runs: its assembly is
// linked like other code, and its C code is judged with the package.
func (j *judge) files() {
	for _, f := range j.e.Files {
		if j.e.Sources[f.Package].Old == nil {
			continue
		}
		c := patch.Change{Module: j.module(f.Package), Symbol: f.Package, File: f.Name, What: f.Name + " " + j.became(f)}
		if f.Kind == "asm" {
			c.Reason = assemblyKeeps
			c.WaysOut = []string{"restart"}
			if _, had := j.e.Sources[f.Package].Old.Other[f.Name]; !had {
				c.Reason = "What it defines may be what the package defined before, which is in use."
				c.WaysOut = []string{"put it into a package of its own", "restart"}
			}
			j.add(Assembly, c)
		} else {
			j.add(Cgo, c)
		}
	}
}

// became says what became of a file that is not plain Go.
func (j *judge) became(f edit.File) string {
	p := j.e.Sources[f.Package]
	switch {
	case f.Kind != "cgo":
	case p.Old.Has(f.Name):
		return "imports C now"
	case p.New.Has(f.Name):
		return "does not import C any more"
	}
	if _, ok := p.Old.Other[f.Name]; !ok {
		return "is new"
	}
	if _, ok := p.New.Other[f.Name]; !ok {
		return "is gone"
	}
	return "changed"
}

// modules judges dependencies that have another version than in the release.
func (j *judge) modules() {
	for _, m := range j.e.Modules {
		c := patch.Change{Module: m.Path, Symbol: m.Path, What: m.Old + " -> " + m.New}
		const most = 5
		names := m.Packages[:min(most, len(m.Packages))]
		c.Reason = "Code that comes with it: " + strings.Join(names, ", ")
		if n := len(m.Packages) - len(names); n > 0 {
			c.Reason += fmt.Sprintf(" and %d more packages", n)
		}
		by := j.options.Dependencies.Required[m.Path]
		switch {
		case j.options.Dependencies.takes(m.Path):
			c.Reason += "."
			j.add(DependencyMoved, c)
			continue
		case len(by) > 0:
			c.Reason += fmt.Sprintf(". It is not among the modules to take along, and can't stay as in the release: %s this version.", requires(by))
		default:
			c.Reason += ". The edit is more than what was edited here."
		}
		along := "take it along with --with-deps"
		if only := j.options.Dependencies.Only; len(only) > 0 {
			along += "=" + strings.Join(append(slices.Clone(only), m.Path), ",")
		}
		if c.WaysOut = []string{along, "restart"}; len(by) == 0 {
			c.WaysOut = append([]string{"require " + m.Old + " as the release does"}, c.WaysOut...)
		}
		j.add(DependencyDrift, c)
	}
}

// requires says that modules require something: "a requires", "a and b require".
func requires(modules []string) string {
	if len(modules) == 1 {
		return modules[0] + " requires"
	}
	last := len(modules) - 1
	return strings.Join(modules[:last], ", ") + " and " + modules[last] + " require"
}

// standardModule is what the go command calls the standard library among modules.
const standardModule = "std"

// module is the path of the module that a package is in, or "".
func (j *judge) module(importPath string) string {
	p := j.e.Packages[importPath]
	if importPath == "main" {
		p = j.e.Packages[j.mainPackage()]
	}
	if p == nil {
		old, ok := j.e.Record.PackageByPath(importPath)
		switch {
		case !ok:
			return ""
		case old.Standard:
			return standardModule
		}
		path, _, _ := strings.Cut(old.Module, "@")
		return path
	}
	switch {
	case p.Standard:
		return standardModule
	case p.Module == nil:
		return ""
	}
	return p.Module.Path
}

func (j *judge) packages() {
	for _, p := range j.e.Added {
		c := patch.Change{Module: j.module(p), Symbol: p, What: "new package"}
		if j.hasC(p) {
			switch {
			case p == "runtime/cgo" && slices.ContainsFunc(j.e.Added, func(q string) bool { return q != p && j.hasC(q) }):
				continue // it comes with the other
			case p != "runtime/cgo" && j.e.Packages[p].Standard:
				c.WaysOut = []string{"build the release with CGO_ENABLED=0, with which the standard library does without C", "restart"}
			}
			j.add(CgoPackage, c)
			continue
		}
		if len(j.e.Set.InitFuncs(p)) == 0 {
			j.add(NewPackage, c)
			continue
		}
		j.runs++
		j.add(RunsPackage, c)
	}
	j.gonePackages()
}

// hasC reports a new package with C code.
func (j *judge) hasC(path string) bool {
	src := j.e.Sources[path].New
	return src != nil && hasKind(src, "cgo", "c")
}

// gonePackages reports packages that nothing imports any more. Their code is as it was for what holds it.
func (j *judge) gonePackages() {
	for _, path := range j.e.Gone() {
		if p, ok := j.e.Record.PackageByPath(path); !ok || p.Standard {
			continue
		}
		functions := j.e.GoneFunctions(path)
		if len(functions) == 0 {
			continue
		}
		for _, f := range functions {
			j.v.Left = append(j.v.Left, edit.Left{Old: f.Old})
		}
		j.add(GonePackage, patch.Change{Module: j.module(path), Symbol: path, What: "package is not imported any more", Reason: "Its code and its variables stay in the program as they are for what still holds them, with the functions that were inlined into it."})
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
	if decl := j.e.PushedDecl(f); decl != "" {
		return j.show(f.Package, decl)
	}
	prefix := goobj.PackagePrefix(f.Package)
	name := goobj.WithoutCopy(f.Name.Name)
	for _, p := range []string{prefix + ".", "main."} {
		if rest, ok := strings.CutPrefix(name, p); ok {
			return j.show(f.Package, rest)
		}
	}
	return name
}
