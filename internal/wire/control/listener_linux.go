package control

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// kernelListener asks for the credentials of the process that listens at the other end.
func kernelListener(conn net.Conn) (who Listener, err error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return who, nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return who, err
	}
	var cred *syscall.Ucred
	var credErr error
	ended := false
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
		ended = credErr == nil && (PeerEnded(int(fd)) || usedAgain(cred))
	}); err != nil {
		return who, err
	}
	if credErr != nil {
		return who, fmt.Errorf("the system does not say who listens: SO_PEERCRED: %w", credErr)
	}
	return Listener{PID: int(cred.Pid), UID: int(cred.Uid), Known: true, Ended: ended}, nil
}

const (
	soPeerPIDFD        = 77  // SO_PEERPIDFD
	sysPIDFDSendSignal = 424 // on all architectures
)

// PeerEnded reports that the process is gone which the credentials of a connection are of: who was handed its socket, or inherited
// it, listens under the ID of a process that is another one by now. Kernels before Linux 6.5 can't tell.
func PeerEnded(fd int) bool {
	process, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, soPeerPIDFD)
	if err != nil {
		return err == syscall.ESRCH || err == syscall.EINVAL // as kernels say of one that is gone; ENOPROTOOPT is said by older ones
	}
	defer syscall.Close(process)
	_, _, gone := syscall.Syscall6(sysPIDFDSendSignal, uintptr(process), 0, 0, 0, 0, 0)
	return gone == syscall.ESRCH
}

// usedAgain reports that the process with the ID in the credentials belongs to another user now. What root has made, who gave up
// its user since, is still root's.
func usedAgain(cred *syscall.Ucred) bool {
	uids := strings.Fields(statusField(int(cred.Pid), "Uid:"))
	return cred.Pid != 0 && cred.Uid != 0 && len(uids) > 1 && uids[1] != strconv.Itoa(int(cred.Uid))
}

// innerPID is the ID that a process has in its own namespace, 0 if that is not known.
func innerPID(pid int) int {
	ids := strings.Fields(statusField(pid, "NSpid:"))
	if len(ids) == 0 {
		return 0
	}
	inner, _ := strconv.Atoi(ids[len(ids)-1])
	return inner
}

// statusField is what the kernel says of a process in a line that begins with name, or "".
func statusField(pid int, name string) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
