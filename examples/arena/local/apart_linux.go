package local

import "syscall"

// apart keeps an interrupt from the keyboard away from the process, which is to be stopped in
// good order, and ends it should this program be killed.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
