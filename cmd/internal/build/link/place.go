package link

import (
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// placeAll decides what has to be in the image: what is redirected, what initialises, and all
// that they refer to and the program does not have in this form.
func (l *linker) placeAll() {
	for _, f := range l.in.Redirect {
		l.leads[f.Old] = f.Sym
	}
	for _, f := range l.in.Redirect {
		l.place(f.Sym)
	}
	l.placeInits()
	l.placeDirectives()
	l.placeMethods()
	l.mark()
	l.orderInits()
}

// placeInits plans the code that runs before the switch, in the order in which packages depend on
// each other: the initialisation of packages that the program does not have, and that of new
// variables.
func (l *linker) placeInits() {
	added := map[string]bool{}
	for _, path := range l.edit.Added {
		added[path] = true
	}
	for _, path := range l.edit.Order {
		if added[path] {
			l.placePackageInit(path)
		}
		for _, i := range l.in.Inits {
			if i.Package == path {
				l.placeVariableInit(i)
			}
		}
	}
}

func (l *linker) placePackageInit(path string) {
	funcs := l.set.InitFuncs(path)
	if len(funcs) == 0 {
		return
	}
	for _, y := range funcs {
		l.place(y)
	}
	l.inits = append(l.inits, initUnit{name: packageUnit(path), value: l.initValue(path), pkg: l.symbolPath(path), funcs: funcs})
}

// initValue identifies what initialises a package: its init functions and, of a dependency, its version, since variables
// that only people's own packages gain have initialisers of their own.
func (l *linker) initValue(path string) string {
	value := l.edit.Sources[path].New.InitFunctions()
	if p := l.edit.Packages[path]; p != nil && !p.Standard && !release.Editable(*p) {
		value += "@" + release.ModuleOf(*p)
	}
	return value
}

// packageUnit is the name of the initialisation of a package.
func packageUnit(path string) string { return "package " + path }

func (l *linker) placeVariableInit(i edit.InitFunc) {
	prefix := goobj.PackagePrefix(l.symbolPath(i.Package))
	y, ok := l.set.Lookup(prefix+"."+i.Func, goobj.ABIInternal)
	if !ok {
		l.fail("%s:%d: the initialiser of %s is not among the compiled objects, so the variable would stay without a value; initialise it where it is first used, or restart", i.File, i.Line, strings.Join(i.Vars, ", "))
		return
	}
	u := initUnit{name: "var " + strings.Join(i.Vars, ", ") + " of " + i.Package, pkg: l.symbolPath(i.Package), first: i.Linked, funcs: []goobj.Sym{y}, file: i.File, line: i.Line}
	if i.Fresh {
		u.after = packageUnit(i.Package)
	}
	for _, v := range i.Vars {
		if s, ok := l.set.Lookup(prefix+"."+v, goobj.ABI0); ok {
			u.vars = append(u.vars, s)
			l.target(s, y)
		}
	}
	l.place(y)
	l.inits = append(l.inits, u)
}

// placeDirectives plans what the directives of the source ask for. The code runs before the switch, so it
// is the image's own, even where the program has the same.
func (l *linker) placeDirectives() {
	for _, r := range l.in.Resets {
		l.place(r.Func)
		l.place(r.Swap)
		for _, v := range r.Vars {
			l.target(v, r.Func)
		}
	}
	for _, h := range l.in.Hooks {
		name := goobj.PackagePrefix(l.symbolPath(h.Package)) + "." + h.Func
		y, ok := l.set.Lookup(name, goobj.ABIInternal)
		if !ok || !l.set.Kind(y).IsText() {
			l.fail("%s: the code of func %s is not among the compiled objects, so it can't be a hook", h.File, name)
			continue
		}
		l.place(y)
		l.hooks = append(l.hooks, hook{h, y})
	}
}

// mark follows references until nothing new is needed, by the linker's rule for methods: those of a
// type are needed when something calls them. New types then get the others as well, because a later
// patch may call them; but what only these use is not used.
func (l *linker) mark() {
	for len(l.work) > 0 || l.fillMethods() || l.callMethods() || l.placeSharers() {
		l.visitAll()
	}
	l.completing = true
	for i := 0; i < len(l.order); i++ {
		l.completeMethods(l.order[i])
		l.visitAll()
		for i == len(l.order)-1 && (l.fillMethods() || l.placeSharers()) {
			l.visitAll()
		}
	}
}

func (l *linker) visitAll() {
	for len(l.work) > 0 {
		p := l.work[len(l.work)-1]
		l.work = l.work[:len(l.work)-1]
		l.visit(p)
	}
}

// callMethods places the methods of new types that the image can call through interfaces or find by
// reflection, and reports whether there were any.
func (l *linker) callMethods() bool {
	before := len(l.order)
	for _, p := range l.order[:before] {
		if !l.live.UsedInIface[p.name.Name] {
			continue
		}
		t, ok := l.set.Type(p.sym)
		if !ok {
			continue
		}
		for _, m := range t.Methods() {
			if l.reached(m.Name, l.set.NameOf(m.Type).Name) {
				l.target(m.Type, p.sym)
				l.target(m.Func, p.sym)
				l.target(m.IfaceFunc, p.sym)
			}
		}
	}
	return len(l.order) > before
}

// completeMethods places what the method table of a new type leads to.
func (l *linker) completeMethods(p *placed) {
	for _, r := range l.set.Relocs(p.sym) {
		if r.Type == goobj.RMethodOff && r.Sym != 0 {
			l.target(r.Sym, p.sym)
		}
	}
}

func (l *linker) visit(p *placed) {
	if !l.completing {
		l.visitUses(p)
	}
	for _, r := range l.set.Relocs(p.sym) {
		switch {
		case r.Sym == 0 || r.Type.IsTLS():
		case r.Type == goobj.RMethodOff: // see callMethods and completeMethods
		case r.Type == goobj.RKeep && p.kind.IsVar():
			l.keepMapInit(p, r.Sym)
		case r.Size == 0:
		case l.isWeak(p, r):
		default:
			l.target(r.Sym, p.sym)
			if l.readsItab(p, r) {
				l.place(r.Sym)
			}
		}
	}
	if p.kind.IsText() {
		l.visitFuncdata(p)
	}
}

// visitUses notes which types p converts to interfaces and which methods it calls through them.
func (l *linker) visitUses(p *placed) {
	l.live.MarkUses(l.set, p.sym, l.linked)
	flag, flag2 := l.set.Flags(p.sym)
	if flag&goobj.FlagReflectMethod != 0 {
		l.live.Reflect = true
	}
	if flag2&goobj.Flag2UsedInIface != 0 {
		l.live.Use(l.set, p.sym, l.linked)
	}
	if l.live.UsedInIface[p.name.Name] {
		l.live.UseParts(l.set, p.sym, l.linked)
	}
}

// isWeak reports a reference that keeps nothing in the program. The methods of an interface table that
// is read are needed, although its references to them are weak.
func (l *linker) isWeak(p *placed, r goobj.Reloc) bool {
	return r.Weak && !r.Type.IsCall() && !goobj.IsItab(p.name.Name)
}

// readsItab reports code that reads an interface table which the program lacks: the method of a value
// whose type the compiler knows. Such code gets a copy of the table to read, with the same content
// as the runtime's.
func (l *linker) readsItab(p *placed, r goobj.Reloc) bool {
	return l.itabs[r.Sym] != nil && p.kind.IsText() && r.Type.IsPCRel() &&
		!l.arch.ComputesAddress(l.set.Data(p.sym), r.Off)
}

// visitFuncdata follows the references of stack maps, to the types of objects on the stack.
func (l *linker) visitFuncdata(p *placed) {
	for a := range l.set.Auxs(p.sym) {
		if a.Type != goobj.AuxFuncdata || a.Sym == 0 {
			continue
		}
		for _, r := range l.set.Relocs(a.Sym) {
			if r.Size > 0 && r.Sym != 0 {
				l.target(r.Sym, p.sym)
			}
		}
	}
}

// keepMapInit plans the initialiser of a map variable that the program's linker had dropped
// together with the variable. In packages that are new as a whole the package's init calls it.
func (l *linker) keepMapInit(v *placed, init goobj.Sym) {
	if !l.set.Kind(init).IsText() {
		return
	}
	pkg := l.set.Object(v.sym).Pkg
	for _, added := range l.edit.Added {
		if added == pkg {
			return
		}
	}
	for _, u := range l.inits {
		for _, s := range u.vars {
			if s == v.sym {
				return
			}
		}
	}
	l.place(init)
	l.inits = append(l.inits, initUnit{name: "var " + v.name.Name, pkg: pkg, vars: []goobj.Sym{v.sym}, funcs: []goobj.Sym{init}, byMap: true})
}

// location is where a reference leads: into the program, or into the image.
type location struct {
	host uint64
	in   *placed
	itab *itab
	none bool
}

// target decides where a reference to y leads, and places y when it has to be in the image.
func (l *linker) target(y, from goobj.Sym) location {
	n := l.set.NameOf(y)
	if goobj.IsItab(n.Name) {
		return l.itabTarget(y, n)
	}
	if p := l.placed[y]; p != nil {
		return location{in: p}
	}
	if a := l.dropped.parts[y]; a != 0 {
		return location{host: a}
	}
	defined := l.set.Defined(y)
	if defined && l.set.ByContent(y) {
		if l.set.Kind(y).IsRodata() {
			if a, ok := l.rec.Content[l.edit.Prints.Of(y)]; ok && l.staysInProgram(y) {
				return location{host: a}
			}
		}
		return location{in: l.placeFor(y, from)}
	}
	old, inProgram := l.rec.Lookup(l.edit.StorageName(n.Name), n.ABI)
	switch {
	case !defined && inProgram:
		return location{host: old.Addr}
	case !defined:
		l.fail("%s refers to %s, which neither the program nor the edited build defines", l.name(from), n)
		return location{none: true}
	case !inProgram && l.imported[n.Name]:
		l.missingC(n.Name, from)
		return location{none: true}
	case !inProgram:
		return location{in: l.placeFor(y, from)}
	}
	k := l.set.Kind(y)
	switch {
	case k.IsText():
		if !l.moved(y) {
			return location{host: old.Addr}
		}
	case goobj.IsType(n.Name):
		return location{host: old.Addr}
	case k.IsVar():
		if old.Size != l.set.Size(y) && old.Kind.IsVar() {
			l.fail("variable %s is %d bytes in the running program and %d in your edit", n, old.Size, l.set.Size(y))
		}
		return location{host: old.Addr}
	default:
		if old.Fingerprint == l.edit.Prints.Of(y) && l.staysInProgram(y) {
			return location{host: old.Addr}
		}
	}
	return location{in: l.placeFor(y, from)}
}

// missingC refuses a reference to what C code defines and the program's linker left out. What only makes a new type whole
// is not used, and can't be before another patch uses it, which is refused then.
func (l *linker) missingC(name string, from goobj.Sym) {
	if l.completing {
		return
	}
	l.fail("package %s needs %s, which C code defines, and the running program does not have it, because nothing used it: leave out what needs it, or restart with a release that uses it", l.set.Object(from).Pkg, cName(name))
}

// cName is the name in C of what cgo calls name.
func cName(name string) string {
	rest, ok := strings.CutPrefix(name, "_cgo_")
	if !ok {
		return name
	}
	for _, kind := range []string{"_Cfunc_", "_C2func_", "_Cmacro_"} {
		if _, c, ok := strings.Cut(rest, kind); ok {
			return c
		}
	}
	return name
}

// moved reports that function y is not in the program, or differs there.
func (l *linker) moved(y goobj.Sym) bool {
	if m, ok := l.moving[y]; ok {
		return m
	}
	n := l.set.NameOf(y)
	old, ok := l.rec.Lookup(n.Name, n.ABI)
	// An entry in the program that is redirected leads to y for as long as the patch is applied, or to a closure that has
	// another number now.
	_, led := l.leads[old]
	m := !ok || led || l.alone[y]
	if !m && l.set.Defined(y) && l.rebuilt[l.set.Object(y).Pkg] && old.Fingerprint != l.edit.Prints.Of(y) {
		m = true
		for _, d := range l.set.Dups(y) {
			m = m && l.edit.Prints.Of(d) != old.Fingerprint
		}
	}
	l.moving[y] = m
	return m
}

// staysInProgram reports that the program's copy of read-only data can be used: nothing in it
// leads to a function that differs. The program's copy of a jump table would lead into the old body.
func (l *linker) staysInProgram(y goobj.Sym) bool {
	if s, ok := l.stays[y]; ok {
		return s
	}
	l.stays[y] = true // against cycles
	stays := true
	for _, r := range l.set.Relocs(y) {
		switch {
		case r.Size == 0 || r.Sym == 0 || !stays:
		case l.set.Kind(r.Sym).IsText():
			stays = !l.moved(r.Sym)
		case l.set.Temporary(r.Sym):
			stays = false // there may be others with the same content
		case l.set.Kind(r.Sym).IsRodata() && !goobj.IsType(l.set.NameOf(r.Sym).Name) && !goobj.IsItab(l.set.NameOf(r.Sym).Name):
			stays = l.staysInProgram(r.Sym)
		}
	}
	l.stays[y] = stays
	return stays
}

func (l *linker) itabTarget(y goobj.Sym, n goobj.Name) location {
	if old, ok := l.rec.Lookup(n.Name, n.ABI); ok {
		return location{host: old.Addr}
	}
	t := l.itabs[y]
	if t == nil {
		t = &itab{sym: y, name: strings.TrimPrefix(n.Name, "go:itab.")}
		l.itabs[y] = t
		l.itabSeq = append(l.itabSeq, t)
		for _, r := range l.set.Relocs(y) {
			if r.Size == 8 && (r.Off == 0 || r.Off == 8) {
				l.target(r.Sym, y)
			}
		}
		l.checkItab(t)
		l.showMethods(y)
		l.live.Use(l.set, release.ItabType(l.set, y), l.linked)
	}
	return location{itab: t}
}

// showMethods makes the methods of an interface visible in the method tables of the program. The table that y is can't
// be made otherwise, also where only code uses it that nothing calls yet.
func (l *linker) showMethods(y goobj.Sym) {
	inter, ok := l.set.Type(l.set.Reloc(y, 0).Sym)
	if !ok {
		return
	}
	for _, m := range inter.IfaceMethods() {
		l.funcTypes[l.set.NameOf(m.Type).Name] = true
	}
}

// place puts y into the image.
func (l *linker) place(y goobj.Sym) *placed { return l.placeFor(y, 0) }

// placeFor puts y into the image because from refers to it.
func (l *linker) placeFor(y, from goobj.Sym) *placed {
	if p := l.placed[y]; p != nil {
		return p
	}
	p := &placed{sym: y, name: l.set.NameOf(y), kind: l.set.Kind(y)}
	if p.kind.IsFIPS() {
		l.checkFIPS(p, from)
	}
	l.placed[y] = p
	l.order = append(l.order, p)
	l.work = append(l.work, p)
	if !l.completing && strings.HasPrefix(p.name.Name, "type:func(") {
		l.funcTypes[p.name.Name] = true
	}
	if p.kind.IsVar() {
		l.adoptParts(p)
	}
	return p
}

// checkFIPS refuses to bring code or data of the FIPS 140 module along, which checks itself when the program starts. What
// only makes the types of the module whole, such as the text of an error, may come.
func (l *linker) checkFIPS(p *placed, from goobj.Sym) {
	if _, changed := l.rec.Lookup(p.name.Name, p.name.ABI); changed {
		l.fail("%s belongs to the FIPS 140 module, whose code checks itself and must not be replaced", p.name)
		return
	}
	user := l.set.NameOf(from).Name
	if l.rec.Build.FIPS() && !l.set.Kind(from).IsFIPS() && !goobj.IsType(user) && !goobj.IsItab(user) {
		l.fail("%s belongs to the FIPS 140 module, and the program was linked without it: in a program built with GOFIPS140 all of the module's code has to be there when the module checks itself; use it in the release, and restart", p.name)
	}
}

// linked reports a symbol that the patched program has.
func (l *linker) linked(y goobj.Sym) bool {
	if l.placed[y] != nil {
		return true
	}
	n := l.set.NameOf(y)
	_, ok := l.rec.Lookup(n.Name, n.ABI)
	return ok
}

// shareable reports a variable or type that later patches have to find again.
func (l *linker) shareable(p *placed) bool {
	if l.set.ByContent(p.sym) || p.name.Name == "" {
		return false
	}
	if pkg := goobj.PackagePrefix(l.set.Object(p.sym).Pkg) + "."; edit.IsAdded(strings.TrimPrefix(p.name.Name, pkg)) {
		return false // each patch brings its own
	}
	return p.kind.IsVar() || goobj.IsType(p.name.Name)
}

// checkItab refuses a table that needs a method which the type has only in the edit, when the method
// table of the type in the program is not exchanged.
func (l *linker) checkItab(t *itab) {
	typ := release.ItabType(l.set, t.sym)
	name := l.set.NameOf(typ).Name
	if _, ok := l.rec.Lookup(name, goobj.ABI0); !ok {
		return
	}
	inter, ok := l.set.Type(l.set.Reloc(t.sym, 0).Sym)
	if !ok {
		return
	}
	for _, added := range l.edit.Types {
		if added.Unseen == "" || !added.Describes(name) {
			continue
		}
		for _, m := range inter.IfaceMethods() {
			if added.Lacks(m.Name) {
				l.fail("%s gains method %s and is converted to an interface that needs it; the method table of the running program can't get it: call the method directly, or restart", strings.TrimPrefix(name, "type:"), m.Name)
			}
		}
	}
}
