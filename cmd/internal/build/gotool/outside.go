package gotool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoModuleFiles says that more than a go.mod says from where a build takes its modules.
var ErrNoModuleFiles = errors.New("the build takes its modules from a workspace or a -modfile")

// Outside is the build with modules of the module cache taken from elsewhere, with the same content: the go
// command takes no overlay beneath the module cache. dirs are where each of them is found now, by its
// directory in the cache: links that stay, so that what the compiler writes into objects stays as well. cleanup removes
// the rest.
func (b *Build) Outside(ctx context.Context, modules []*Module) (other *Build, dirs map[string]string, cleanup func(), err error) {
	m, err := b.Modules(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, nil, nil, err
	}
	edit := []string{"mod", "edit"}
	file := ""
	if len(m.Mod) > 0 {
		other, cleanup, err = b.With(m)
	} else {
		edit[0] = "work"
		other, file, cleanup, err = b.withWorkspace(ctx)
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if len(m.Mod) > 0 {
		file = other.GivenModules()
	}
	defer func() {
		if err != nil {
			cleanup()
		}
	}()
	dirs = map[string]string{}
	for _, m := range modules {
		at := filepath.Join(cache, "gosplice", "modules", linkName(m))
		if err := link(m.Dir, at); err != nil {
			return nil, nil, nil, fmt.Errorf("module %s: %w", m.Path, err)
		}
		dirs[m.Dir] = at
		edit = append(edit, "-replace="+m.Path+"@"+m.Version+"="+at)
	}
	if _, err = b.output(ctx, append(edit, file)...); err != nil {
		return nil, nil, nil, err
	}
	return other, dirs, cleanup, nil
}

// linkName is the name of the link to a module, below the directory of links. What a go.mod replaces a module by may be any
// directory, and lead out of there.
func linkName(m *Module) string {
	from := m
	if m.Replace != nil && filepath.IsLocal(filepath.FromSlash(m.Replace.Path)) {
		from = m.Replace
	}
	return filepath.FromSlash(from.Path) + "+" + from.Version // go work edit takes "@" for a version
}

// link makes at a symbolic link to dir.
func link(dir, at string) error {
	if to, err := os.Readlink(at); err == nil && to == dir {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		return err
	}
	// Another command may make the same at this moment: it appears whole.
	next, err := os.MkdirTemp(filepath.Dir(at), ".link-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(next)
	if err := os.Symlink(dir, filepath.Join(next, "to")); err != nil {
		return err
	}
	return os.Rename(filepath.Join(next, "to"), at)
}
