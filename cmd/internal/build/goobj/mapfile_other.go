//go:build !unix

package goobj

import "os"

// mapped is a file in memory.
type mapped struct {
	b     []byte
	users int
}

func mapFile(path string) (*mapped, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return &mapped{b, 1}, nil
}

func (m *mapped) close() { m.b = nil }
