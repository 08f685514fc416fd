//go:build unix

package goobj

import (
	"os"
	"syscall"
)

// mapped is a file in memory.
type mapped struct {
	b     []byte
	users int
}

// mapFile maps a file, so that only what is read of it takes memory.
func mapFile(path string) (*mapped, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if st.Size() == 0 {
		return &mapped{users: 1}, nil
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(st.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: path, Err: err}
	}
	return &mapped{b, 1}, nil
}

func (m *mapped) close() {
	if m.b != nil {
		syscall.Munmap(m.b)
		m.b = nil
	}
}
