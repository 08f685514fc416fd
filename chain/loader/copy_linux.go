package loader

import (
	"bytes"
	"errors"
	"os"
	"syscall"
)

// stNoexec is ST_NOEXEC of statfs.
const stNoexec = 8

// mapsCode says why code in a directory can't be mapped, as on a file system mounted noexec.
func mapsCode(dir string) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return err
	}
	if fs.Flags&stNoexec != 0 {
		return errors.New("mounted noexec")
	}
	return nil
}

// isMapped says whether a file is mapped into the process. When that can't be found out it may be.
func isMapped(path string) bool {
	maps, err := os.ReadFile("/proc/self/maps")
	return err != nil || bytes.Contains(maps, []byte(path))
}

// openSelf opens the program's own file, even if it was replaced since the start.
func openSelf() (*os.File, error) { return os.Open("/proc/self/exe") }
