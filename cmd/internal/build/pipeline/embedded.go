package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
)

// Directories beside each other, under the same file names: files with what is added to them, and the user's.
const (
	addedDir = "added"
	userDir  = "user"
)

// embedSources has the compiler embed Go files as the user wrote them: the overlay would have it embed what is added
// to them as well.
func (t *tree) embedSources(o *outside, r *replacements) error {
	if !t.mayEmbed(r.sources) {
		return nil
	}
	if err := os.Mkdir(filepath.Join(r.dir, userDir), 0o700); err != nil {
		return err
	}
	for place, path := range r.sources {
		content, err := t.files.Read(path)
		if os.IsNotExist(err) {
			continue // all of it is added, and nobody's to embed
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.dir, userDir, filepath.Base(place)), content, 0o600); err != nil {
			return err
		}
	}
	b, err := o.build.EmbedFrom(r.dir, addedDir, userDir)
	if err == nil {
		o.build = b
	}
	return err
}

// mayEmbed reports that a Go file beside one of sources, or in a directory above it, may embed something.
func (t *tree) mayEmbed(sources map[string]string) bool {
	if t.build.Test {
		return true // the files of tests are not looked at
	}
	seen := map[string]bool{}
	for _, path := range sources {
		for dir := filepath.Dir(path); !seen[dir]; dir = filepath.Dir(dir) {
			seen[dir] = true
			if t.embedsIn(dir) {
				return true
			}
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break // packages embed files of their own module alone
			}
		}
	}
	return false
}

func (t *tree) embedsIn(dir string) bool {
	names, err := t.files.GoFiles(dir)
	if err != nil {
		return false
	}
	for _, name := range names {
		if content, err := t.files.Read(name); err == nil && bytes.Contains(content, []byte("//go:embed ")) {
			return true
		}
	}
	return false
}
