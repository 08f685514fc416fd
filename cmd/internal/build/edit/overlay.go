package edit

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// Tree reads files as the go command sees them: through an overlay.
type Tree struct {
	replace map[string]string
	memory  *Memory         // nil: nothing is kept
	loops   map[string]bool // packages of the edited build, see gotool.LoopPackages
	// directives are those that stand in no source.
	directives []Directive
}

// Memory keeps what one comparison with a release has read and the next needs again: the sources of the release,
// and the declarations of packages that did not change. It is not safe for concurrent use.
type Memory struct {
	released map[string]*Source // by import path
	imports  *imports
}

// NewMemory is empty. All trees that share it have to be compared with one release.
func NewMemory() *Memory { return &Memory{released: map[string]*Source{}, imports: newImports()} }

// Remember makes the tree use what is in m, and add to it.
func (t *Tree) Remember(m *Memory) { t.memory = m }

// imports are the declarations that are known already.
func (t *Tree) imports() *imports {
	if t.memory == nil {
		return newImports()
	}
	return t.memory.imports
}

// NewTree reads a go build -overlay file; an empty name stands for no overlay.
func NewTree(overlay string) (*Tree, error) {
	t := &Tree{replace: map[string]string{}}
	if overlay == "" {
		return t, nil
	}
	b, err := os.ReadFile(overlay)
	if err != nil {
		return nil, fmt.Errorf("overlay: %w", err)
	}
	var o struct{ Replace map[string]string }
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, fmt.Errorf("overlay %s: %w", overlay, err)
	}
	for from, to := range o.Replace {
		if from, err = filepath.Abs(from); err != nil {
			return nil, err
		}
		t.replace[from] = to
	}
	return t, nil
}

// Read is the content of a file.
func (t *Tree) Read(path string) ([]byte, error) {
	if to, ok := t.replace[filepath.Clean(path)]; ok {
		return os.ReadFile(to)
	}
	return os.ReadFile(path)
}

// File is the file that Read reads for path: the user's, or the one that the overlay has in its place.
func (t *Tree) File(path string) string {
	if to, ok := t.replace[filepath.Clean(path)]; ok {
		return to
	}
	return path
}

// Replaced reports whether the overlay replaces a file of the directory.
func (t *Tree) Replaced(dir string) bool {
	for from := range t.replace {
		if filepath.Dir(from) == filepath.Clean(dir) {
			return true
		}
	}
	return false
}

// newSource reads a package of the edited tree.
func (t *Tree) newSource(p *gotool.Package) (*Source, error) {
	var files []file
	for _, name := range p.GoFiles {
		path := absolute(p.Dir, name)
		b, err := t.Read(path)
		if err != nil {
			return nil, fmt.Errorf("package %s: %w", p.ImportPath, err)
		}
		files = append(files, file{path, b})
	}
	if t.loops[p.ImportPath] {
		rewriteLoops(files)
	}
	s, err := t.parse(p.ImportPath, files)
	if err != nil {
		return nil, err
	}
	for _, g := range []struct {
		kind  string
		names []string
	}{{"cgo", p.CgoFiles}, {"asm", p.SFiles}, {"c", p.CFiles}, {"embed", p.EmbedFiles}} {
		for _, name := range g.names {
			b, err := t.Read(absolute(p.Dir, name))
			if err != nil {
				return nil, fmt.Errorf("package %s: %w", p.ImportPath, err)
			}
			if g.kind == "embed" {
				s.Embeds[name] = sha256.Sum256(b)
			} else {
				s.Other[name] = OtherFile{g.kind, sha256.Sum256(b)}
			}
		}
	}
	return s, nil
}

func absolute(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
