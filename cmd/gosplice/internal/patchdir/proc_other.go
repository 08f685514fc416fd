//go:build !linux

package patchdir

import "os"

// ofProcesses is for systems without such a file system.
func ofProcesses(*os.Root) bool { return false }
