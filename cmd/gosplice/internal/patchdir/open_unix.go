//go:build unix

package patchdir

import "syscall"

// nonblocking lets pipes be opened that nobody writes to.
const nonblocking = syscall.O_NONBLOCK
