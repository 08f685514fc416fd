package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/link"
	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Plan is every change between a release and an edited tree, with verdicts. Close releases what it
// keeps for Patch.
type Plan struct {
	Program   string // file name of the binary
	Release   patch.Release
	Functions int   // verified in the release
	TextBytes int64 // verified in the release
	Changes   []patch.Change
	// Modules are the dependencies of which the tree has another version than the release.
	Modules []Module
	// Refused says that at least one change can't be applied.
	Refused bool
	// Empty says that no code changed.
	Empty bool
	// Declarations are those whose source differs from the release's, as users write them, each with a
	// digest of its source, which is empty for one that is gone.
	Declarations map[string]string
	// Diff is what changed in the sources, as a unified diff.
	Diff string
	// Packages are those of the edited build, in the order of their dependencies.
	Packages []gotool.Package

	edit     *edit.Edit
	redirect []*edit.Function
	left     []edit.Left
	waits    []edit.Waiting
	inits    []edit.InitFunc
	linked   *patch.Patch // of a plan that is neither refused nor empty
	progress Progress
}

// Module is a dependency of which the tree has another version than the release.
type Module struct {
	Path, Old, New string
	// Held says that the plan has it as it is in the release.
	Held bool
}

// MakePlan compares an edited tree with a release. A compile error in the edit is a
// *gotool.CompileError.
func MakePlan(ctx context.Context, o PlanOptions) (*Plan, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	return s.Plan(ctx)
}

func (t *tree) plan(ctx context.Context, b *built, choice *choice, progress Progress) (*Plan, error) {
	rec := t.rec
	p := &Plan{
		Program: rec.Program, Release: rec.Release, Functions: rec.Functions, TextBytes: rec.TextBytes, Packages: b.packages, progress: progress,
	}
	progress.step("loading objects")
	set, err := rec.Objects(b.packages, t.cache)
	if err != nil {
		return nil, err
	}
	progress.step("comparing with the release")
	e, err := edit.Find(rec, set, b.packages, t.files)
	if err != nil {
		set.Close()
		return nil, err
	}
	if err := e.CheckDirectives(t.files, t.awaited); err != nil {
		set.Close()
		return nil, err
	}
	e.FindEscapes(b.escapes)
	e.FindResets(b.added.Resets)
	e.FindDropped(t.used)
	if err := e.FindHooks(b.added.Hooks); err != nil {
		set.Close()
		return nil, t.placed(err)
	}
	if err := cmp.Or(ctx.Err(), allDefined(e, b), allInitialised(e, b.added.Inits)); err != nil {
		set.Close()
		return nil, err
	}
	v := rules.Judge(e, b.added.Inits, rules.Options{Dependencies: choice.Dependencies})
	p.edit, p.redirect, p.left, p.waits = e, v.Redirect, v.Left, v.Waits
	p.inits = inInitOrder(e, b.added.Inits)
	if !v.Refused && !v.Empty {
		progress.step("linking")
		if p.linked, err = p.link(ctx); ctx.Err() != nil {
			set.Close()
			return nil, ctx.Err()
		}
		if d := (*link.DroppedError)(nil); errors.As(err, &d) && !t.used.Has(d.Vars) {
			set.Close()
			return nil, err // compiled once more, so that it can
		}
		v.CannotLink(err)
	}
	p.Changes, p.Refused, p.Empty = v.Changes, v.Refused, v.Empty
	for _, m := range e.Modules {
		p.Modules = append(p.Modules, Module{Path: m.Path, Old: m.Old, New: m.New})
	}
	p.Modules = append(p.Modules, choice.held...)
	p.Declarations = e.Declarations()
	if p.Diff, err = t.sourceDiff(e); err != nil {
		set.Close()
		return nil, err
	}
	detach(&p.Changes)
	detach(&p.Modules)
	return p, nil
}

// allInitialised checks that every new variable with an initialiser has a function that runs it: without
// one it would be zero in the patched program, which nobody wrote.
func allInitialised(e *edit.Edit, inits []edit.InitFunc) error {
	for _, v := range e.Vars {
		has := func(i edit.InitFunc) bool { return i.Package == v.Package && slices.Contains(i.Vars, v.Name) }
		if v.Kind == edit.VarAdded && v.HasInit && !slices.ContainsFunc(inits, has) {
			return fmt.Errorf("%s:%d: the initialiser of the new variable %s.%s is not among what was compiled: %w", v.File, v.Line, v.Package, v.Name, errNotCompiled)
		}
	}
	return nil
}

// inInitOrder sorts the initialisers of each package by dependency, packages by the build's order.
func inInitOrder(e *edit.Edit, inits []edit.InitFunc) []edit.InitFunc {
	if len(inits) < 2 {
		return inits
	}
	rank := map[string]int{}
	n := 0
	for _, path := range e.Rebuilt {
		for _, v := range e.InitOrder(path) {
			n++
			rank[path+"\x00"+v] = n
		}
	}
	out := append([]edit.InitFunc(nil), inits...)
	at := func(i edit.InitFunc) int {
		if len(i.Vars) == 0 {
			return 0
		}
		return rank[i.Package+"\x00"+i.Vars[0]]
	}
	sort.SliceStable(out, func(a, b int) bool { return at(out[a]) < at(out[b]) })
	return out
}

// Close releases the objects that the plan refers to.
func (p *Plan) Close() { p.edit.Set.Close() }

var (
	// ErrRefused is returned by Patch for a plan with refused changes.
	ErrRefused = errors.New("the edit is refused: see the plan")
	// ErrEmpty is returned by Patch for a plan without changes to code.
	ErrEmpty = errors.New("no code changed: there is nothing to patch")
)

// link lays out and relocates the patch. What it can't do is refused by the plan.
func (p *Plan) link(ctx context.Context) (*patch.Patch, error) {
	return link.Link(ctx, link.Input{Edit: p.edit, Redirect: p.redirect, Left: p.left, Waits: p.waits, Inits: p.inits, Resets: p.edit.Resets, Hooks: p.edit.Hooks})
}

// Patch returns the patch of a plan that is neither refused nor empty. The patch carries
// the source diff; clear that field where it must not.
func (p *Plan) Patch(ctx context.Context, version string) (*patch.Patch, error) {
	switch {
	case p.Refused:
		return nil, ErrRefused
	case p.Empty:
		return nil, ErrEmpty
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	made := *p.linked
	out := &made
	out.Version = version
	out.Made = time.Now().UTC().Format(time.RFC3339)
	out.Changes, out.Diff = p.Changes, p.Diff
	detach(out)
	if err := out.Check(); err != nil {
		return nil, fmt.Errorf("internal: the patch that was made is malformed: %w", err)
	}
	return out, nil
}
