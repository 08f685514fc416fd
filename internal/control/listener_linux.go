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
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return who, err
	}
	if credErr != nil {
		return who, fmt.Errorf("the system does not say who listens: SO_PEERCRED: %w", credErr)
	}
	return Listener{PID: int(cred.Pid), UID: int(cred.Uid), Known: true}, nil
}

// inItsFiles reports a path through the file system of a process in the same namespace of process IDs: /proc/PID/root/….
// Who names that means the IDs of that namespace.
func inItsFiles(socket string, pid int) bool {
	rest, _ := strings.CutPrefix(socket, "/proc/")
	of, path, _ := strings.Cut(rest, "/")
	if _, err := strconv.Atoi(of); err != nil || !strings.HasPrefix(path, "root/") {
		return false
	}
	there, err1 := os.Readlink("/proc/" + of + "/ns/pid")
	its, err2 := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
	return err1 == nil && err2 == nil && there == its
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
