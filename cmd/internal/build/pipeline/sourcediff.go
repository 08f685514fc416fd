package pipeline

import (
	"bytes"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// maxDiff is how long a source diff may become, in bytes; it is cut off between two files.
const maxDiff = 4 << 20

// sourceDiff is what changed in the sources of the packages whose code changed, as a unified diff with names
// relative to the module.
func (t *tree) sourceDiff(e *edit.Edit) (string, error) {
	var out bytes.Buffer
	left := 0
	for _, path := range slices.Concat(e.Rebuilt, e.Added) {
		old, now, err := t.versions(e, path)
		if err != nil {
			return "", err
		}
		names := maps.Clone(old)
		maps.Copy(names, now)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			from, to := "a/"+name, "b/"+name
			if old[name] == nil {
				from = "/dev/null"
			}
			if now[name] == nil {
				to = "/dev/null"
			}
			text := diff.Diff(from, old[name], to, now[name])
			if out.Len()+len(text) > maxDiff {
				left++
				continue
			}
			out.Write(text)
		}
	}
	if left > 0 {
		fmt.Fprintf(&out, "(files with long changes that are left out: %d)\n", left)
	}
	return strings.ToValidUTF8(out.String(), "\uFFFD"), nil
}

// versions are the Go files of a package in the release and in the edited tree, by name relative to the
// module. The release's are known only of packages that people edit.
func (t *tree) versions(e *edit.Edit, path string) (old, now map[string][]byte, err error) {
	old, now = map[string][]byte{}, map[string][]byte{}
	p := e.Packages[path]
	was, had := t.rec.PackageByPath(path)
	if had && !was.Editable {
		return old, now, nil
	}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(p.Dir, name)
		}
		if now[t.relative(name, p)], err = t.files.Read(name); err != nil {
			return nil, nil, err
		}
	}
	if had {
		for _, f := range was.Files {
			if f.Kind == "go" || f.Kind == "cgo" {
				old[t.relative(inDir(was, f.Name), p)] = f.Content
			}
		}
	}
	return old, now, nil
}

func inDir(p *release.Package, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}

// relative is a file's name below the module that is built, or as much of it as says which one it is.
func (t *tree) relative(name string, p *gotool.Package) string {
	root := moduleRoot(t.build.Dir)
	if rel, err := filepath.Rel(root, name); root != "" && err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return p.ImportPath + "/" + filepath.Base(name)
}
