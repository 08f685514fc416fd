package splice

import "syscall"

// System calls that package syscall lacks on some architectures.
const (
	sysMmap        = syscall.SYS_MMAP
	sysFstat       = syscall.SYS_FSTAT
	sysMemfdCreate = 279
	sysMembarrier  = 283
)
