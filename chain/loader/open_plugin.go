//go:build cgo && (linux || freebsd)

package loader

import (
	"fmt"
	"plugin"
)

// entryName is the function that a plugin's main package has to have.
const entryName = "Entry"

func supported() error { return nil }

// openPlugin opens a plugin and returns its entry. The file is one that no other opening uses.
func openPlugin(path string) (any, error) {
	p, err := plugin.Open(path)
	if err != nil {
		if isMapped(path) {
			return nil, &stuckError{err: err, poison: true}
		}
		return nil, err
	}
	entry, err := p.Lookup(entryName)
	if err != nil {
		return nil, &stuckError{err: fmt.Errorf("%w: declare func Entry in its main package", err)}
	}
	return entry, nil
}
