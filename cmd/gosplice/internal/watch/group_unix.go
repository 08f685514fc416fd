//go:build unix

package watch

import "syscall"

// signalGroup sends a signal to the processes of a group.
func signalGroup(leader int, s syscall.Signal) { syscall.Kill(-leader, s) }
