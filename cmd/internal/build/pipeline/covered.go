package pipeline

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// countAsReleased replaces the sources of packages that changed, in a build with -cover, by ones that have the release's
// counters already: see edit.Recount. The go command would number them anew, and leaves what is added to the sources
// out. Where it can't be done the build stays as it is.
func (t *tree) countAsReleased(ctx context.Context, b *gotool.Build, additions *edit.Additions) (*gotool.Build, func(), error) {
	nothing := func() {}
	if b.CoverMode() == "" {
		return b, nothing, nil
	}
	packages, err := b.Resolve(ctx, t.overlay)
	if err != nil {
		return b, nothing, nil // which the build will say
	}
	var covered []string
	changed := map[string]*gotool.Covered{}
	for i := range t.rec.Packages {
		p := &t.rec.Packages[i]
		k := slices.IndexFunc(packages, func(q gotool.Package) bool { return q.ImportPath == p.Import })
		if _, counts := t.rec.Lookup(goobj.PackagePrefix(p.Path)+"."+gotool.CoverPrefix(p.Import)+"P", goobj.ABI0); !counts || k < 0 {
			continue
		}
		c, err := t.recounted(ctx, b, p, &packages[k], additions)
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		if err != nil || c == nil {
			covered = append(covered, p.Import)
			continue
		}
		changed[p.Import] = c
	}
	if len(changed) == 0 {
		return b, nothing, nil
	}
	return t.withCounters(b, covered, changed, additions)
}

// errNotRecounted says that the go command alone can count in a package.
var errNotRecounted = errors.New("the counters of this package are the go command's to make")

// recounted is a package that changed with the counters of the release, or nil if it did not change.
func (t *tree) recounted(ctx context.Context, b *gotool.Build, p *release.Package, q *gotool.Package, additions *edit.Additions) (*gotool.Covered, error) {
	if filepath.Clean(p.Dir) != filepath.Clean(q.Dir) || len(q.CgoFiles) > 0 || len(q.GoFiles) == 0 || !p.Editable {
		return nil, errNotRecounted
	}
	var old, edited []gotool.SourceText
	for _, f := range p.Files {
		switch {
		case f.Kind == "cgo" || filepath.IsAbs(f.Name):
			return nil, errNotRecounted
		case f.Kind == "go":
			old = append(old, gotool.SourceText{Path: filepath.Join(p.Dir, f.Name), Content: f.Content})
		}
	}
	changed := len(old) != len(q.GoFiles)
	for i, name := range q.GoFiles {
		f := gotool.SourceText{Path: filepath.Join(q.Dir, name)}
		var err error
		if f.Content, err = t.files.Read(f.Path); err != nil {
			return nil, err
		}
		changed = changed || f.Path != old[i].Path || !bytes.Equal(f.Content, old[i].Content) || additions.Files[f.Path] != nil
		edited = append(edited, f)
	}
	if !changed {
		return nil, nil
	}
	module, _, _ := strings.Cut(p.Module, "@")
	before, err := b.Cover(ctx, p.Import, q.Name, module, old)
	if err != nil {
		return nil, err
	}
	after, err := b.Cover(ctx, p.Import, q.Name, module, edited)
	if err != nil {
		return nil, err
	}
	c, err := edit.Recount(before, after, gotool.CoverPrefix(p.Import))
	if err != nil {
		return nil, err
	}
	for i, f := range edited { // additions are not counted
		c.Files[i].Content = slices.Concat(c.Files[i].Content, bytes.TrimPrefix(additions.Files[f.Path], f.Content))
	}
	c.Files[0].Content = slices.Concat(c.Files[0].Content, []byte("\n"), c.Vars)
	return c, nil
}

// withCounters is the build of packages that have their counters already.
func (t *tree) withCounters(b *gotool.Build, covered []string, changed map[string]*gotool.Covered, additions *edit.Additions) (*gotool.Build, func(), error) {
	dir, err := os.MkdirTemp("", "gosplice-counters-")
	if err != nil {
		return nil, nil, err
	}
	done := func() { os.RemoveAll(dir) }
	configs := map[string]string{}
	for path, c := range changed {
		configs[path] = filepath.Join(dir, gotool.CoverPrefix(path))
		if err := os.WriteFile(configs[path], c.Config, 0o600); err != nil {
			done()
			return nil, nil, err
		}
	}
	other, ok := b.Uncovered(covered, configs)
	if !ok {
		done()
		return b, func() {}, nil
	}
	for _, c := range changed {
		for _, f := range c.Files {
			additions.Files[f.Path] = f.Content
		}
	}
	return other, done, nil
}
