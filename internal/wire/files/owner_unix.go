//go:build unix

package files

import (
	"io/fs"
	"syscall"
)

// Owner is the user ID that owns a file, and whether the system knows of owners.
func Owner(info fs.FileInfo) (uid int, known bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(stat.Uid), true
}
