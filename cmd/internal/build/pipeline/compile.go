package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// built is an edited tree, compiled.
type built struct {
	packages []gotool.Package
	added    *edit.Additions
	escapes  edit.Escapes
	outside  []*gotool.Module // see outside
}

// tree is what is compiled: a record's build with other sources.
type tree struct {
	rec     *release.Record
	build   *gotool.Build
	overlay string // the user's
	files   *edit.Tree
	// dependencies may have other versions than in the release: those chosen, or all if none is.
	dependencies bool
	chosen       []string
	// pinned says that the build has other modules than the files on disk say; see choose.
	pinned bool
	// awaited directives may name what edits still to come declare.
	awaited bool
	cache   *goobj.Cache // nil: none
	modules string       // see gotool.ModuleFile
	used    edit.Dropped // found by a plan before, which left them without a value
}

// compile compiles the edited tree. A dependency may have been replaced since the release, and to the
// sources of such packages something may have to be added. Module files that changed announce it;
// where they don't, it shows when everything was compiled, which is done again then. So do packages that are new.
func (t *tree) compile(ctx context.Context) (*built, error) {
	moved, err := t.announced(ctx)
	if err != nil {
		return nil, err
	}
	b, err := t.compileWith(ctx, moved, nil)
	if err != nil {
		return nil, err
	}
	found := t.moved(b.packages)
	fresh, err := t.fresh(b.packages)
	if err != nil {
		return nil, err
	}
	if !slices.EqualFunc(found, moved, samePlace) || len(fresh) > 0 {
		again, err := t.compileWith(ctx, found, fresh)
		if err != nil {
			return nil, err
		}
		if err := sameBuild(b, again); err != nil {
			return nil, err
		}
		b, moved = again, found
	}
	if err := t.analyseOld(ctx, moved); err != nil {
		return nil, err
	}
	if overlaid := t.compiledOtherwise(b.packages, t.overlaid()); len(overlaid) > 0 {
		// What an overlay replaces is not analysed when the record is made. The rest of the edit may not compile without the
		// overlay: then it stays unknown.
		var wrong *gotool.CompileError
		if err := t.addEscapes(ctx, t.build, overlaid); err != nil && !errors.As(err, &wrong) {
			return nil, err
		}
	}
	return b, nil
}

// announced are the packages that lie elsewhere than in the release, if the module files changed.
func (t *tree) announced(ctx context.Context) ([]gotool.Package, error) {
	m, err := gotool.ReadModules(t.modules)
	if err != nil || m.Equal(t.rec.Modules) {
		return nil, err
	}
	packages, err := t.build.Resolve(ctx, t.overlay)
	if err != nil {
		return nil, err
	}
	return t.moved(packages), nil
}

func (t *tree) compileWith(ctx context.Context, moved, fresh []gotool.Package) (*built, error) {
	known := edit.Known{Moved: moved, Fresh: fresh, Used: t.used}
	if t.build.Test {
		var err error
		if known.Listed, err = t.build.Resolve(ctx, t.overlay); err != nil {
			return nil, err
		}
	}
	additions, err := edit.Additional(t.rec, t.files, known)
	if err != nil {
		return nil, t.placed(err)
	}
	out, err := t.outside(ctx, additions, known)
	if err != nil {
		return nil, err
	}
	defer out.done()
	var done func()
	if out.build, done, err = t.countAsReleased(ctx, out.build, additions); err != nil {
		return nil, err
	}
	defer done()
	overlay, added, cleanup, err := out.addOverlay(t, additions.Files)
	if err != nil {
		return nil, err
	}
	defer cleanup()
	patterns := append(append(recordPatterns(t.rec), t.overlaid()...), t.affected(moved)...)
	packages, escapes, analysed, err := out.build.ListEscapes(ctx, overlay, patterns)
	if err != nil {
		return nil, t.inSources(err, added)
	}
	if !analysed {
		patterns = nil
	}
	out.giveBack(packages)
	if err := allCompiled(additions, slices.Concat(moved, fresh), packages); err != nil {
		return nil, err
	}
	additions.Inits = inBuild(additions.Inits, packages)
	return &built{packages, additions, edit.Escapes{Lines: escapes, Patterns: patterns}, out.modules}, nil
}

// within reports a path that is dir or beneath it.
func within(path, dir string) bool {
	return dir != "" && (path == dir || strings.HasPrefix(path, dir+string(filepath.Separator)))
}

// inBuild leaves out the initialisers in files that are not compiled: those of other platforms and tags.
func inBuild(inits []edit.InitFunc, packages []gotool.Package) []edit.InitFunc {
	if len(inits) == 0 {
		return nil
	}
	compiled := map[string]bool{}
	for _, p := range packages {
		for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
			if !filepath.IsAbs(name) {
				name = filepath.Join(p.Dir, name)
			}
			compiled[name] = true
		}
	}
	return slices.DeleteFunc(inits, func(i edit.InitFunc) bool { return !compiled[filepath.Clean(i.File)] })
}

// placed makes an error about directives one of the compiler's kind, which whoever edits gets to see in the
// same way, with files named from the directory of the build.
func (t *tree) placed(err error) error {
	d := (*edit.DirectiveError)(nil)
	if !errors.As(err, &d) {
		return err
	}
	lines := d.Lines(t.build.Dir)
	return &gotool.CompileError{Lines: lines, Stderr: strings.Join(lines, "\n"), Dir: t.build.Dir}
}

// inSources makes a compile error name the user's files instead of the ones that were added in their place.
// These have the same lines.
func (t *tree) inSources(err error, added map[string]string) error {
	var c *gotool.CompileError
	if !errors.As(err, &c) {
		return err
	}
	for place, path := range added {
		for _, name := range namesFrom(t.build.Dir, place) {
			replaceName(c, name, t.userName(path))
		}
	}
	return err
}

// userName is a file as messages about the build name it.
func (t *tree) userName(path string) string {
	name := t.files.File(path)
	if rel, err := filepath.Rel(t.build.Dir, name); err == nil && filepath.IsLocal(rel) {
		return "./" + filepath.ToSlash(rel)
	}
	return name
}

// namesFrom are what the go command may call a file when it runs in dir: it takes the shorter name, and so may the
// compiler. The longest comes first, which the others may be part of.
func namesFrom(dir, file string) []string {
	names := []string{file}
	if rel, err := filepath.Rel(dir, file); err == nil {
		if filepath.IsLocal(rel) {
			rel = "./" + rel
		}
		names = append(names, rel)
	}
	return names
}

func replaceName(c *gotool.CompileError, from, to string) {
	for i := range c.Lines {
		c.Lines[i] = strings.ReplaceAll(c.Lines[i], from, to)
	}
	c.Stderr = strings.ReplaceAll(c.Stderr, from, to)
}

// moved are the packages that lie elsewhere than those of the release: in another version, in
// a directory that a replace directive or a workspace names, or vendored. Those with a variable to be reset, to whose
// files something is added as well, count among them.
func (t *tree) moved(packages []gotool.Package) []gotool.Package {
	var out []gotool.Package
	for _, p := range packages {
		old, ok := t.rec.PackageByPath(p.ImportPath)
		if ok && (!p.Standard && filepath.Clean(p.Dir) != filepath.Clean(old.Dir) || !Editable(p) && t.files.Resets(p.ImportPath)) {
			out = append(out, p)
		}
	}
	return out
}

// fresh are packages that the release does not have, that people edit, and to whose files something has to be added.
func (t *tree) fresh(packages []gotool.Package) ([]gotool.Package, error) {
	var out []gotool.Package
	for _, p := range packages {
		vendored := p.Module != nil && !p.Module.Main && p.Module.Dir == ""
		if _, ok := t.rec.PackageByPath(p.ImportPath); ok || vendored || !Editable(p) {
			continue
		}
		a, err := edit.Additional(&release.Record{Build: t.rec.Build}, t.files, edit.Known{Fresh: []gotool.Package{p}})
		if err != nil {
			return nil, err
		}
		if len(a.Files) > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// affected are moved packages, and those of other modules that depend on them.
func (t *tree) affected(moved []gotool.Package) []string {
	is := map[string]bool{}
	for _, p := range moved {
		is[p.ImportPath] = true
	}
	return t.withDependents(is)
}

// withDependents are packages and those that depend on them, whose code may change with what it inlines; without
// packages of which the record has the escape analysis.
func (t *tree) withDependents(is map[string]bool) []string {
	var out []string
	for _, p := range t.rec.Packages { // in dependency order
		if is[p.Import] || slices.ContainsFunc(p.Imports, func(i string) bool { return is[i] }) {
			is[p.Import] = true
			if !p.Editable {
				out = append(out, p.Import)
			}
		}
	}
	return out
}

// analyseOld completes the record with the escape analysis of packages whose sources it does not have,
// from where they were taken for the release. What can't be found again stays unknown.
func (t *tree) analyseOld(ctx context.Context, moved []gotool.Package) error {
	paths := t.affected(moved)
	if len(paths) == 0 || len(t.rec.Modules.Mod) == 0 {
		return nil
	}
	b, cleanup, err := t.build.With(t.rec.Modules)
	if err != nil {
		return err
	}
	defer cleanup()
	if err := t.addEscapes(ctx, b, paths); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// addEscapes enters the escape analysis of packages as b finds them into the record, if they are
// those of the release.
func (t *tree) addEscapes(ctx context.Context, b *gotool.Build, paths []string) error {
	packages, escapes, known, err := b.ListEscapes(ctx, "", paths)
	if err != nil || !known {
		return err
	}
	for _, q := range packages {
		p, ok := t.rec.PackageByPath(q.ImportPath)
		if !ok || !slices.Contains(paths, q.ImportPath) || release.ContentID(p.BuildID) != release.ContentID(q.BuildID) {
			continue
		}
		p.EscapesKnown = true
		for _, e := range escapes {
			if e.Package == q.ImportPath {
				p.Escapes = append(p.Escapes, e)
			}
		}
	}
	return nil
}

// overlaid are the packages of the release that are edited through an overlay alone, and those that depend on them.
func (t *tree) overlaid() []string {
	is := map[string]bool{}
	for _, p := range t.rec.Packages {
		if !p.Editable && t.files.Replaced(p.Dir) {
			is[p.Import] = true
		}
	}
	return t.withDependents(is)
}

// compiledOtherwise are those of paths whose code is not the release's.
func (t *tree) compiledOtherwise(packages []gotool.Package, paths []string) []string {
	var out []string
	for _, q := range packages {
		p, ok := t.rec.PackageByPath(q.ImportPath)
		if ok && slices.Contains(paths, q.ImportPath) && release.ContentID(p.BuildID) != release.ContentID(q.BuildID) {
			out = append(out, q.ImportPath)
		}
	}
	return out
}

// recordPatterns match the packages whose escape analysis is in the record.
func recordPatterns(rec *release.Record) []string {
	var listed []gotool.Package
	for _, p := range rec.Packages {
		if p.Editable {
			path, _, _ := strings.Cut(p.Module, "@")
			q := gotool.Package{ImportPath: p.Import}
			if path != "" {
				q.Module = &gotool.Module{Path: path, Main: true}
			}
			listed = append(listed, q)
		}
	}
	return release.EscapePatterns(listed)
}
