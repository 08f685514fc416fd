//go:build unix

package chain

import (
	"io/fs"
	"syscall"
)

// owned is what makes a file another one, or one that can be read now.
type owned struct {
	inode    uint64
	mode     fs.FileMode
	uid, gid uint32
}

// identity tells a file from another one that took its name, and from what it was for others before.
func identity(info fs.FileInfo) any {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return owned{uint64(s.Ino), info.Mode(), s.Uid, s.Gid}
	}
	return info.Mode()
}
