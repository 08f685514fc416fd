// Package link lays out and relocates the image of a patch. Each pass has a file of its own:
// place.go decides what has to be in the image, methods.go what the program's method tables lack,
// layout.go gives everything an offset, relocate.go writes the bytes, pclntab.go and module.go
// describe the image to the runtime.
package link

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/machine"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Input says what to link.
type Input struct {
	Edit *edit.Edit
	// Redirect are the functions whose entries in the program lead to the image.
	Redirect []*edit.Function
	// Left are the bodies of the program that run old code, and are not exchanged.
	Left []edit.Left
	// Waits are the bodies in which no goroutine may be at the switch.
	Waits []edit.Waiting
	// Inits are the functions that initialise new variables, in the order in which they run.
	Inits []edit.InitFunc
	// Resets are the variables that get their initial value, Hooks the functions that the source asks to
	// be run.
	Resets []edit.Reset
	Hooks  []edit.Hook
}

// Link returns the patch, without version and changes.
func Link(ctx context.Context, in Input) (*patch.Patch, error) {
	rel, err := gorelease.Of(in.Edit.Record.Release.GoVersion)
	if err != nil {
		return nil, err
	}
	arch, err := machine.Of(in.Edit.Record.Release.GOARCH)
	if err != nil {
		return nil, err
	}
	imported, err := in.Edit.Set.Imported()
	if err != nil {
		return nil, err
	}
	l := &linker{
		release: rel, imported: imported, arch: arch, in: in, edit: in.Edit, rec: in.Edit.Record, set: in.Edit.Set, far: in.Edit.Record.Far,
		placed: map[goobj.Sym]*placed{}, rebuilt: map[string]bool{}, stays: map[goobj.Sym]bool{},
		moving: map[goobj.Sym]bool{}, leads: map[*release.Symbol]goobj.Sym{}, alone: map[goobj.Sym]bool{}, itabs: map[goobj.Sym]*itab{}, funcTypes: map[string]bool{}, filled: map[fillKey]bool{},
		dropped: dropped{map[goobj.Sym]uint64{}, map[*goobj.Object]map[goobj.Sym]bool{}, map[*goobj.Object]map[goobj.Sym][]goobj.Sym{}, 0},
	}
	for _, p := range slices.Concat(in.Edit.Rebuilt, in.Edit.Added) {
		l.rebuilt[l.symbolPath(p)] = true
	}
	for _, c := range in.Edit.Confined {
		for _, f := range c.Alone {
			l.alone[f.Sym] = true
		}
	}
	l.copyLive()
	l.placeAll()
	if d := l.unmade(); len(d) > 0 && len(l.errs) == 0 {
		return nil, &DroppedError{d}
	}
	for _, pass := range []func(){l.checkStacks, l.layout, l.writeFunctable, l.module, l.relocate, l.moduledata, l.finish} {
		pass()
		if err := errors.Join(l.errs...); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return &l.out, nil
}

type linker struct {
	release *gorelease.Release
	arch    machine.Arch

	in   Input
	edit *edit.Edit
	rec  *release.Record
	set  *goobj.Set

	rebuilt map[string]bool // symbol paths of packages whose objects differ
	placed  map[goobj.Sym]*placed
	order   []*placed
	work    []*placed
	stays   map[goobj.Sym]bool // memo of staysInProgram
	// imported are what C code defines, which only the program can have.
	imported map[string]bool
	moving   map[goobj.Sym]bool // memo of moved
	leads    map[*release.Symbol]goobj.Sym
	alone    map[goobj.Sym]bool // unchanged, and not to be shared with the program
	itabs    map[goobj.Sym]*itab
	itabSeq  []*itab
	inits    []initUnit
	hooks    []hook
	dropped  dropped

	live release.Live
	// completing says that what is placed from now on is not used yet.
	completing bool
	funcTypes  map[string]bool // function types that the image brings along
	fills      []fill
	tables     []*methodTable
	filled     map[fillKey]bool

	sharedBy []*placed // by index of patch.Symbol

	// far says that jumps do not lead to the program; veneers are the code that does, in its place.
	far     bool
	veneers veneers

	text, types, ro, data, noptr, bss, noptrbss []*placed
	img                                         image
	pcln                                        pcln
	relocs                                      []patch.Reloc

	out  patch.Patch
	errs []error
}

// placed is a symbol in the image.
type placed struct {
	sym  goobj.Sym
	name goobj.Name
	kind goobj.Kind
	off  uint64
	// shared is the index of the patch.Symbol plus 1 for variables and types, else 0.
	shared int
}

// itab is an interface table that the image refers to and the program lacks.
type itab struct {
	sym   goobj.Sym
	name  string
	slot  uint64   // in the image, for code
	slots []uint64 // all words that receive the address
}

// hook is a function that runs because the source asks for it.
type hook struct {
	edit.Hook
	sym goobj.Sym
}

// initUnit is code that runs before the switch.
type initUnit struct {
	name  string
	value string // see patch.Init
	after string
	first bool   // before all others of its package
	byMap bool   // by a map's own initialiser, which the compiler puts apart
	pkg   string // its path in symbols
	vars  []goobj.Sym
	funcs []goobj.Sym
	file  string
	line  int
}

func (l *linker) fail(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	for _, e := range l.errs {
		if e.Error() == err.Error() {
			return
		}
	}
	l.errs = append(l.errs, err)
}

func (l *linker) symbolPath(importPath string) string {
	if importPath == l.rec.Packages[len(l.rec.Packages)-1].Import {
		return "main"
	}
	return importPath
}

func (l *linker) name(y goobj.Sym) string { return l.set.NameOf(y).String() }
