package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// outside is a build that takes modules of the module cache from elsewhere, where the go command accepts an overlay.
// Nobody else sees that: files and packages go by their names in the module cache.
type outside struct {
	build   *gotool.Build
	modules []*gotool.Module  // as the build without this has them
	dirs    map[string]string // where each is taken from, by its directory in the cache
	done    func()
}

// outside takes the modules of moved packages from elsewhere to whose files something has to be added.
func (t *tree) outside(ctx context.Context, additions *edit.Additions, known edit.Known) (*outside, error) {
	plain := &outside{build: t.build, done: func() {}}
	if len(known.Moved) == 0 {
		return plain, nil
	}
	env, err := t.build.Variables(ctx, "GOMODCACHE")
	if err != nil {
		return nil, err
	}
	if p := downloaded(known.Moved, env["GOMODCACHE"]); p != "" {
		return nil, &gotool.UnsupportedError{
			What: "a reset of a variable of package", Have: p,
			Do: "this Go was downloaded into the module cache, over which the go command takes no overlay: build the release with an installed Go, or give the variable its value in a function that is called again",
		}
	}
	modules := inCache(additions, known.Moved, env["GOMODCACHE"])
	if len(modules) == 0 {
		return plain, nil
	}
	b, dirs, done, err := t.build.Outside(ctx, modules)
	if errors.Is(err, gotool.ErrNoModuleFiles) {
		why := "has another version than in the release, with variables that a patch has to initialise"
		if slices.ContainsFunc(known.Moved, func(p gotool.Package) bool { return p.Module == modules[0] && t.files.Resets(p.ImportPath) }) {
			why = "has variables that are to be reset"
		}
		err = fmt.Errorf("module %s %s, and %w: replace the module by a copy of it", modules[0].Path, why, err)
	}
	if err != nil {
		return nil, err
	}
	return &outside{b, modules, dirs, done}, nil
}

// downloaded is the first of packages that belongs to a standard library in the module cache, or "".
func downloaded(moved []gotool.Package, cache string) string {
	for _, p := range moved {
		if p.Standard && within(p.Dir, cache) {
			return p.ImportPath
		}
	}
	return ""
}

// inCache lists the modules in the module cache to whose files something is added.
func inCache(additions *edit.Additions, moved []gotool.Package, cache string) (modules []*gotool.Module) {
	for _, p := range moved {
		if p.Module == nil || !within(p.Module.Dir, cache) || slices.ContainsFunc(modules, func(m *gotool.Module) bool { return m.Dir == p.Module.Dir }) {
			continue
		}
		for file := range additions.Files {
			if within(file, p.Module.Dir) {
				modules = append(modules, p.Module)
				break
			}
		}
	}
	return modules
}

// place is where the build finds a file of the module cache.
func (o *outside) place(file string) string {
	for from, to := range o.dirs {
		if within(file, from) {
			return to + strings.TrimPrefix(file, from)
		}
	}
	return file
}

// giveBack enters in packages where they are for everybody else.
func (o *outside) giveBack(packages []gotool.Package) {
	for i := range packages {
		p := &packages[i]
		for _, m := range o.modules {
			if to := o.dirs[m.Dir]; within(p.Dir, to) {
				p.Dir, p.Module = m.Dir+strings.TrimPrefix(p.Dir, to), m
				break
			}
		}
	}
}

// replacements are files that the build takes from temporary places.
type replacements struct {
	dir     string            // of the places
	replace map[string]string // the places, by what the build replaces
	sources map[string]string // the user's files, by the places of what is added to them
}

// put puts content in the place of a file.
func (r *replacements) put(path string, content []byte) error {
	to := filepath.Join(r.dir, addedDir, fmt.Sprintf("%d-%s", len(r.replace), filepath.Base(path)))
	r.replace[path] = to
	return os.WriteFile(to, content, 0o600)
}

// write writes what is added to files to temporary places.
func (o *outside) write(files map[string][]byte) (*replacements, error) {
	dir, err := os.MkdirTemp("", "gosplice-overlay-")
	if err != nil {
		return nil, err
	}
	r := &replacements{dir, map[string]string{}, map[string]string{}}
	if err := o.fill(r, files); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return r, nil
}

func (o *outside) fill(r *replacements, files map[string][]byte) error {
	if err := os.Mkdir(filepath.Join(r.dir, addedDir), 0o700); err != nil {
		return err
	}
	for path, content := range files {
		at := o.place(path)
		if err := r.put(at, content); err != nil {
			return err
		}
		r.sources[r.replace[at]] = path
	}
	for _, m := range o.modules {
		// The go command makes one up for modules that have none, but for those in the module cache alone.
		if _, err := os.Stat(filepath.Join(m.Dir, "go.mod")); !os.IsNotExist(err) {
			continue
		}
		if err := r.put(filepath.Join(o.dirs[m.Dir], "go.mod"), []byte("module "+quoted(m.Path)+"\n")); err != nil {
			return err
		}
	}
	return nil
}

// addOverlay has the build take files from temporary places, and joins them with the overlay of t. added are the files
// by what the go command may call them in its messages.
func (o *outside) addOverlay(t *tree, files map[string][]byte) (overlay string, added map[string]string, cleanup func(), err error) {
	added = map[string]string{}
	for from, to := range o.dirs {
		added[to] = from
	}
	if len(files) == 0 {
		return t.overlay, added, func() {}, nil
	}
	r, err := o.write(files)
	if err != nil {
		return "", nil, nil, err
	}
	remove := func() { os.RemoveAll(r.dir) }
	maps.Copy(added, r.sources)
	if err := t.embedSources(o, r); err != nil {
		remove()
		return "", nil, nil, err
	}
	file, done, err := gotool.MergeOverlay(t.overlay, r.replace)
	if err != nil {
		remove()
		return "", nil, nil, err
	}
	return file, added, func() { done(); remove() }, nil
}

// quoted is a module path as a go.mod has it.
func quoted(path string) string {
	b, err := json.Marshal(path)
	if err != nil {
		return path
	}
	return string(b)
}
