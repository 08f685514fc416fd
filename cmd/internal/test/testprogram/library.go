package testprogram

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Library is a copy of the module that programs import, by its content in the user's cache: it has the same path each time,
// so that the go command compiles it once and not for each test. Nobody may write into it.
func Library(checkout string) (dir string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	parent := filepath.Join(cache, "gosplice-test")
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return "", err
	}
	made, err := os.MkdirTemp(parent, "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(made)
	if err := CopyLibrary(made, checkout); err != nil {
		return "", err
	}
	sum, err := contentOf(made)
	if err != nil {
		return "", err
	}
	dir = filepath.Join(parent, "library-"+sum)
	if have, err := contentOf(dir); err == nil && have == sum {
		return dir, nil
	}
	if err := os.RemoveAll(dir); err != nil { // somebody has written into it
		return "", err
	}
	if err := os.Rename(made, dir); err != nil && !errors.Is(err, fs.ErrExist) { // another process was faster
		return "", err
	}
	return dir, nil
}

// contentOf identifies the files below a directory.
func contentOf(dir string) (string, error) {
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		one := sha256.Sum256(text)
		sum.Write([]byte(rel + "\x00"))
		sum.Write(one[:])
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)[:8]), err
}

// CopyLibrary copies the module that programs import, without its tests, from a checkout into the
// directory to. A test that compares builds uses a copy, so that nobody edits it meanwhile.
func CopyLibrary(to, checkout string) error {
	for _, part := range []string{".", "chain", "httpstatus", "internal", "loop"} {
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
