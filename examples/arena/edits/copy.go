package edits

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// library is gosplice, of which a copy makes use.
const library = "github.com/gosplice/gosplice"

// Copy copies the arena out of a checkout of gosplice into the new directory dst, as a module of
// its own, example.com/arena, that uses gosplice as a library. That is how a user's program looks.
func Copy(dst, checkout string) error { return CopyExample(dst, checkout, "arena") }

// CopyExample is Copy for any of the programs in examples. The module is example.com/NAME.
func CopyExample(dst, checkout, name string) error {
	checkout, err := filepath.Abs(checkout)
	if err != nil {
		return err
	}
	module := "example.com/" + name
	from := filepath.Join(checkout, "examples", name)
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
			return copySource(to, file, strings.NewReplacer(
				`"`+library+"/examples/"+name+`"`, `"`+module+`"`,
				`"`+library+"/examples/"+name+"/", `"`+module+"/"))
		}
		return nil
	}); err != nil {
		return err
	}
	return writeModFile(filepath.Join(dst, "go.mod"), module, checkout)
}

// copySource copies a Go file, with the imports that the copy needs.
func copySource(to, from string, imports *strings.Replacer) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return create(to, imports.Replace(string(text)))
}

var goLine = regexp.MustCompile(`(?m)^go \S+$`)

// writeModFile writes the go.mod of a copy.
func writeModFile(file, module, checkout string) error {
	text, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if err != nil {
		return err
	}
	return create(file, fmt.Sprintf("module %s\n\n%s\n\nrequire %s v0.0.0\n\nreplace %s => %q\n",
		module, goLine.Find(text), library, library, checkout))
}
