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
func kernelListener(conn net.Conn) (who Listener, known bool, err error) {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return who, false, nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return who, false, err
	}
	var cred *syscall.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return who, false, err
	}
	if credErr != nil {
		return who, false, fmt.Errorf("the system does not say who listens: SO_PEERCRED: %w", credErr)
	}
	return Listener{PID: int(cred.Pid), UID: int(cred.Uid)}, true, nil
}

// innerPID is the ID that a process has in its own namespace, 0 if that is not known.
func innerPID(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if ids, ok := strings.CutPrefix(line, "NSpid:"); ok {
			fields := strings.Fields(ids)
			inner, _ := strconv.Atoi(fields[len(fields)-1])
			return inner
		}
	}
	return 0
}
