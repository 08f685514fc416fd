package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/cmd/internal/build/rules"
)

// UnknownModuleError says that a module was named which neither the release nor the tree has.
type UnknownModuleError struct {
	Module string
	Moved  []string // modules that have another version than in the release
	Near   string   // the module of which the name is most like it, or ""
}

func (e *UnknownModuleError) Error() string {
	text := fmt.Sprintf("no module %s is in the program", e.Module)
	switch {
	case e.Near != "":
		return text + ": did you mean " + e.Near + "?"
	case len(e.Moved) > 0:
		return text + ": those with another version than in the release are " + strings.Join(e.Moved, ", ")
	}
	return text + ", and none has another version than in the release"
}

// choice is which dependencies are taken in the versions of the tree, and what became of the others.
type choice struct {
	rules.Dependencies
	held []Module
	done func()
}

// choose makes the build take only the chosen dependencies in the versions of the tree, and the others in those of the
// release, as far as they go together. What does not is refused by its rule.
func (t *tree) choose(ctx context.Context) (*choice, error) {
	c := &choice{Dependencies: rules.Dependencies{Taken: t.dependencies, Only: t.chosen}, done: func() {}}
	if !t.dependencies || len(t.chosen) == 0 {
		return c, nil
	}
	was := versionsOfRecord(t.rec)
	if m, err := gotool.ReadModules(t.modules); err != nil || t.modules != "" && m.Equal(t.rec.Modules) {
		if err == nil {
			err = unknownModule(t.chosen, was, nil, nil)
		}
		return c, err
	}
	packages, err := t.build.Resolve(ctx, t.overlay)
	if err != nil {
		return nil, err
	}
	is := versionsOf(packages)
	var moved, pinned []gotool.Version
	for _, path := range slices.Sorted(maps.Keys(is)) {
		old, had := was[path]
		if !had || old == is[path] || old == "" || is[path] == "" {
			continue
		}
		v := is[path]
		if !slices.Contains(t.chosen, path) {
			c.held = append(c.held, Module{Path: path, Old: old, New: is[path], Held: true})
			v = old
		}
		moved, pinned = append(moved, gotool.Version{Path: path}), append(pinned, versionOf(path, v))
	}
	if err := unknownModule(t.chosen, was, is, moved); err != nil {
		return nil, err
	}
	if len(c.held) == 0 {
		return c, nil
	}
	if slices.ContainsFunc(packages, vendored) {
		return nil, errors.New("--with-deps can't choose among vendored modules, whose other versions are not there: take all along with --with-deps, or build with -mod=mod")
	}
	return c, t.hold(ctx, c, pinned)
}

// hold builds with the modules in the given versions.
func (t *tree) hold(ctx context.Context, c *choice, versions []gotool.Version) error {
	b, done, err := t.build.Require(ctx, versions, t.rec.Modules.Sum)
	if errors.Is(err, gotool.ErrNoModuleFiles) {
		return fmt.Errorf("--with-deps can't choose modules, for %w: take all along with --with-deps", err)
	}
	if err != nil {
		return c.heldError(err)
	}
	c.done = done
	packages, err := b.Resolve(ctx, t.overlay)
	if err != nil {
		done()
		return c.heldError(err)
	}
	got := versionsOf(packages)
	c.Required = map[string][]string{}
	for _, m := range c.held {
		version, ok := got[m.Path]
		if !ok || version == m.Old {
			continue
		}
		// One that is taken requires it.
		plain, _, _ := strings.Cut(version, " => ")
		if c.Required[m.Path], err = b.Requiring(ctx, m.Path, plain); err != nil {
			done()
			return err
		}
	}
	c.held = slices.DeleteFunc(c.held, func(m Module) bool { return c.Required[m.Path] != nil })
	t.build, t.pinned = b, true
	t.modules = b.GivenModules()
	return nil
}

// heldError says of a build that failed which modules it had in other versions than the tree.
func (c *choice) heldError(err error) error {
	if err == nil || len(c.held) == 0 {
		return err
	}
	var lines []string
	for _, m := range c.held {
		lines = append(lines, fmt.Sprintf("%s was %s here, as in the release, and the tree has %s: --with-deps=%s takes that along", m.Path, m.Old, m.New, strings.Join(append(slices.Clone(c.Only), m.Path), ",")))
	}
	var wrong *gotool.CompileError
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%w; %s", err, strings.Join(lines, "; "))
	}
	more := *wrong
	more.Lines = append(slices.Clone(wrong.Lines), lines...)
	more.Stderr = strings.TrimRight(wrong.Stderr, "\n") + "\n" + strings.Join(lines, "\n") + "\n"
	return &more
}

// unknownModule is an error if one of the chosen modules is in neither version of the program.
func unknownModule(chosen []string, was, is map[string]string, moved []gotool.Version) error {
	for _, path := range chosen {
		_, ok1 := was[path]
		_, ok2 := is[path]
		if ok1 || ok2 {
			continue
		}
		e := &UnknownModuleError{Module: path, Near: edit.Nearest(path, slices.Concat(slices.Sorted(maps.Keys(was)), slices.Sorted(maps.Keys(is))))}
		for _, m := range moved {
			e.Moved = append(e.Moved, m.Path)
		}
		return e
	}
	return nil
}

func vendored(p gotool.Package) bool {
	return !p.Standard && p.Module != nil && !p.Module.Main && p.Module.Dir == ""
}

// versionOf is a version as ModuleOf of package release writes it, without the path.
func versionOf(path, text string) gotool.Version {
	version, by, _ := strings.Cut(text, " => ")
	v := gotool.Version{Path: path, Version: version}
	v.By, v.ByVersion, _ = strings.Cut(by, "@")
	return v
}

// versionsOfRecord are the versions of the modules of the release, by path; "" of the main module.
func versionsOfRecord(rec *release.Record) map[string]string {
	out := map[string]string{}
	for _, p := range rec.Packages {
		if path, version, ok := strings.Cut(p.Module, "@"); ok {
			out[path] = version
		}
	}
	return out
}

// versionsOf are the same of the edited build.
func versionsOf(packages []gotool.Package) map[string]string {
	out := map[string]string{}
	for _, p := range packages {
		if path, version, ok := strings.Cut(release.ModuleOf(p), "@"); ok {
			out[path] = version
		}
	}
	return out
}
