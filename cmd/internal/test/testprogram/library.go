package testprogram

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// CopyLibrary copies the module that programs import, without its tests, from a checkout into the
// directory to. A test that compares builds uses a copy, so that nobody edits it meanwhile.
func CopyLibrary(to, checkout string) error {
	for _, part := range []string{".", "chain", "httpstatus", "internal"} {
		from := filepath.Join(checkout, part)
		err := filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(checkout, file)
			if err != nil {
				return err
			}
			switch name := d.Name(); {
			case d.IsDir() && (name == "testdata" || part == "." && file != from):
				return fs.SkipDir
			case d.IsDir():
				return os.MkdirAll(filepath.Join(to, rel), 0o777)
			case strings.HasSuffix(name, "_test.go"), part == "." && name != "go.mod" && filepath.Ext(name) != ".go":
				return nil
			}
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(to, rel), text, 0o666)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
