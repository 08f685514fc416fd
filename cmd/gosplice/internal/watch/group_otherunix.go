//go:build unix && !linux

package watch

import "syscall"

// ownGroup starts a process in a group of its own. Nothing ends one if the loop is killed.
func ownGroup(bool) *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
