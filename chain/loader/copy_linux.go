package loader

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
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

// isMapped says whether a copy is mapped into the process. When that can't be found out it may be. The
// directory does not count, since links in it are resolved there; the name is one that no other file has.
func isMapped(path string) bool {
	maps, err := os.ReadFile("/proc/self/maps")
	return err != nil || bytes.Contains(maps, []byte("/"+filepath.Base(path)))
}

// openSelf opens the program's own file, even if it was replaced since the start.
func openSelf() (*os.File, error) { return os.Open("/proc/self/exe") }
