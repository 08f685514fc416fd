// Package edits has changes to the arena that a developer might want to make while players
// are in it. Each shows in what the server answers: it raises the version of one rule.
package edits

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Edit is one change.
type Edit struct {
	Title string
	// Why says what is special about it.
	Why string
	// Rule and Version are what clients see in the replies: "tick", "damage" or "chat".
	Rule    string
	Version int
	Changes []Change
}

// Change is a change of one file of the arena. An empty Old makes a new file.
type Change struct {
	File     string // relative to examples/arena, with slashes
	Old, New string
}

// All are the edits, in an order in which they can be made one after another. Each can also be made alone.
var All = []Edit{fasterTicks, harderBlows, politeChat}

// Apply makes the edit in the tree of the arena at dir.
func (e Edit) Apply(dir string) error {
	for _, c := range e.Changes {
		if err := c.apply(dir); err != nil {
			return fmt.Errorf("edit %q: %w", e.Title, err)
		}
	}
	return nil
}

func (c Change) apply(dir string) error {
	file := filepath.Join(dir, filepath.FromSlash(c.File))
	if c.Old == "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		return create(file, c.New)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), c.Old); n != 1 {
		return fmt.Errorf("%s: the text to be replaced is there %d times", c.File, n)
	}
	return os.WriteFile(file, []byte(strings.Replace(string(text), c.Old, c.New, 1)), 0o644)
}

// create writes a file that must not be there yet.
func create(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
