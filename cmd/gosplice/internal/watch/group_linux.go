package watch

import "syscall"

// ownGroup starts a process in a group of its own. The system asks one that is tied to the loop to end if the loop is
// killed.
func ownGroup(tied bool) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	if tied {
		a.Pdeathsig = syscall.SIGTERM
	}
	return a
}
