package edits

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// library is gosplice, of which a copy makes use.
const library = "github.com/gosplice/gosplice"

// Checkout is the directory of gosplice's sources that this package was compiled from: a checkout, or
// a version in the module cache. It is empty if the compiler was told to forget it (-trimpath).
func Checkout() string {
	_, file, _, _ := runtime.Caller(0)
	if !filepath.IsAbs(file) {
		return ""
	}
	return filepath.Join(filepath.Dir(file), "../../..")
}

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
