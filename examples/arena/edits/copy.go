package edits

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Module is the module path of a copy.
const Module = "example.com/arena"

// Where the arena is inside gosplice.
const (
	library   = "github.com/gosplice/gosplice"
	arenaPath = "examples/arena"
)

// Copy copies the arena out of a checkout of gosplice into the new directory dst, as a module of
// its own that uses gosplice as a library. That is how a user's program looks.
func Copy(dst, checkout string) error {
	checkout, err := filepath.Abs(checkout)
	if err != nil {
		return err
	}
	from := filepath.Join(checkout, filepath.FromSlash(arenaPath))
	if err := filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		to := filepath.Join(dst, rel)
		switch {
		case d.IsDir():
			return os.Mkdir(to, 0o777)
		case filepath.Ext(file) == ".go" && !strings.HasSuffix(file, "_test.go"):
			return copySource(to, file)
		}
		return nil
	}); err != nil {
		return err
	}
	return writeModFile(filepath.Join(dst, "go.mod"), checkout)
}

// copySource copies a Go file, with the imports that the copy needs.
func copySource(to, from string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	moved := strings.ReplaceAll(string(text), `"`+library+"/"+arenaPath, `"`+Module)
	return create(to, moved)
}

var goLine = regexp.MustCompile(`(?m)^go \S+$`)

// writeModFile writes the go.mod of a copy.
func writeModFile(file, checkout string) error {
	text, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		return err
	}
	return create(file, fmt.Sprintf("module %s\n\n%s\n\nrequire %s v0.0.0\n\nreplace %s => %q\n",
		Module, goLine.Find(text), library, library, checkout))
}
