package watch

import (
	"os"
	"syscall"
)

// ownGroup starts a process in a group of its own. Nothing ends one if the loop is killed.
func ownGroup(bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// signalGroup ends a process: the system has no other signal that one process sends another.
func signalGroup(leader int, _ syscall.Signal) {
	if p, err := os.FindProcess(leader); err == nil {
		p.Kill()
	}
}
