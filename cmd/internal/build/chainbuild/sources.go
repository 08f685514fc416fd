package chainbuild

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chainfile"
)

// hashSize is how many bytes of a SHA-256 a manifest keeps of each package.
const hashSize = 16

// hashes are the hashes of the sources of all packages outside of the standard library, by import path.
func (t *tree) hashes() (map[string]string, error) {
	hashes := make(map[string]string)
	for i := range t.packages {
		p := &t.packages[i]
		if p.Standard {
			continue
		}
		hash, err := t.hash(p)
		if err != nil {
			return nil, err
		}
		hashes[p.ImportPath] = hash
	}
	return hashes, nil
}

// hash is the hash of everything that a package is compiled from: its files, what they are to the go
// command, and the version of the language.
func (t *tree) hash(p *gotool.Package) (string, error) {
	h := sha256.New()
	language := ""
	if p.Module != nil {
		language = p.Module.GoVersion
	}
	fmt.Fprintf(h, "package %q name %q language %q\n", p.ImportPath, p.Name, language)
	fmt.Fprintf(h, "cgo %q embed %q\n", p.CgoFiles, p.EmbedPatterns)
	for _, name := range filesOf(p) {
		content, err := t.read(filepath.Join(p.Dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%q %x\n", name, sha256.Sum256(content))
	}
	return hex.EncodeToString(h.Sum(nil)[:hashSize]), nil
}

// ErrChanging is wrapped when sources changed while they were compiled.
var ErrChanging = errors.New("changed while it was compiled: build again")

// unchanged makes sure that what was compiled is what was hashed.
func (t *tree) unchanged(before map[string]string) error {
	after, err := t.hashes()
	if err != nil {
		return err
	}
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if before[path] != after[path] {
			return fmt.Errorf("package %s %w", path, ErrChanging)
		}
	}
	return nil
}

// newTag tells this build apart from all others, or if it is to be reproducible from those of other sources.
func newTag(reproducible bool, sources map[string]string, t *chainfile.Toolchain) string {
	sum := make([]byte, 5)
	if !reproducible {
		rand.Read(sum) // never fails
		return hex.EncodeToString(sum)
	}
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(sources)) {
		fmt.Fprintf(h, "%q %s\n", path, sources[path])
	}
	fmt.Fprintf(h, "%q", *t)
	return hex.EncodeToString(h.Sum(nil)[:len(sum)])
}
