//go:build unix

package files

import "syscall"

// Nonblocking lets pipes be opened that nobody writes to.
const Nonblocking = syscall.O_NONBLOCK
