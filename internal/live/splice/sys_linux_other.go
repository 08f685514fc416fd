//go:build linux && !amd64 && !arm64

package splice

// Arm refuses these architectures before any of the numbers is used.
const (
	sysMmap        = ^uintptr(0)
	sysFstat       = ^uintptr(0)
	sysMemfdCreate = ^uintptr(0)
	sysMembarrier  = ^uintptr(0)
)
