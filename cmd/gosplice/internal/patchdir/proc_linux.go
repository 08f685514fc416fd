package patchdir

import (
	"os"
	"syscall"
)

const procMagic = 0x9fa0 // of linux/magic.h

// ofProcesses reports whether a directory is in a file system of processes, wherever that is mounted. Links there may lead elsewhere
// than their text says. What can't be told is taken for one.
func ofProcesses(dir *os.Root) bool {
	f, err := dir.Open(".")
	if err != nil {
		return true
	}
	defer f.Close()
	var s syscall.Statfs_t
	return syscall.Fstatfs(int(f.Fd()), &s) != nil || s.Type == procMagic
}
