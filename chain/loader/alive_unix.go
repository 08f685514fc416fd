//go:build unix

package loader

import (
	"errors"
	"syscall"
)

// alive says whether there may be a process of an ID.
func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }
