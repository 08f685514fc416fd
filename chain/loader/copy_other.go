//go:build !linux

package loader

import "os"

func mapsCode(string) error { return nil }

// isMapped says whether a file is mapped into the process, which can't be found out here: it may be.
func isMapped(string) bool { return true }

func openSelf() (*os.File, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return os.Open(path)
}
