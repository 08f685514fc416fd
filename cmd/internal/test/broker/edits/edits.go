// Package edits has changes that an operator might want to make to the broker while clients are
// connected: all of them in the broker's own packages, which nobody here wrote.
package edits

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Module is the broker's module.
const Module = "github.com/mochi-mqtt/server/v2"

// Edit is one change.
type Edit struct {
	Name string
	// Why says what is special about it for a patch.
	Why     string
	Changes []Change
}

// Change is a change of one file of the module. An empty Old makes a new file.
type Change struct {
	File     string // relative to the module, with slashes
	Old, New string
}

// The edits can be made one after another in any order, and each alone.
var (
	Renamed  = renamed
	Largest  = largest
	Buffers  = buffers
	Tidy     = tidy
	Closed   = closed
	Busiest  = busiest
	Farewell = farewell
)

// Overlay writes edited copies of the files of the module at dir into the directory to, and an
// overlay for go build -overlay that puts them in place. It returns the overlay's file.
func Overlay(dir, to string, edits ...Edit) (string, error) {
	texts, err := edited(dir, edits)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for file, text := range texts {
		copied := filepath.Join(to, strings.ReplaceAll(file, "/", "_"))
		if err := os.WriteFile(copied, []byte(text), 0o644); err != nil {
			return "", err
		}
		replace[filepath.Join(dir, filepath.FromSlash(file))] = copied
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(to, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o644)
}

// Copy makes the edits of the module at dir in a copy of it at to.
func Copy(dir, to string, edits ...Edit) error {
	texts, err := edited(dir, edits)
	if err != nil {
		return err
	}
	for file, text := range texts {
		if err := os.WriteFile(filepath.Join(to, filepath.FromSlash(file)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// edited are the texts of the files of the module at dir that the edits change.
func edited(dir string, edits []Edit) (map[string]string, error) {
	texts := map[string]string{}
	for _, e := range edits {
		for _, c := range e.Changes {
			text, err := c.apply(dir, texts)
			if err != nil {
				return nil, fmt.Errorf("edit %q: %w", e.Name, err)
			}
			texts[c.File] = text
		}
	}
	return texts, nil
}

// apply is the file's text after the change. texts has those that other changes left.
func (c Change) apply(dir string, texts map[string]string) (string, error) {
	file := filepath.Join(dir, filepath.FromSlash(c.File))
	text, changed := texts[c.File]
	if c.Old == "" {
		if _, err := os.Stat(file); changed || err == nil {
			return "", fmt.Errorf("%s is there already", c.File)
		}
		return c.New, nil
	}
	if !changed {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		text = string(b)
	}
	if n := strings.Count(text, c.Old); n != 1 {
		return "", fmt.Errorf("%s: the text to be replaced is there %d times", c.File, n)
	}
	return strings.Replace(text, c.Old, c.New, 1), nil
}
