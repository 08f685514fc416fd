package agent

import (
	"fmt"
	"net"
	"syscall"
)

// peerOf asks the kernel who is at the other end of conn.
func peerOf(conn *net.UnixConn) (peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return peer{}, err
	}
	var cred *syscall.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil {
		return peer{}, err
	}
	if credErr != nil {
		return peer{}, fmt.Errorf("SO_PEERCRED: %w", credErr)
	}
	return peer{uid: int(cred.Uid), gid: int(cred.Gid), pid: int(cred.Pid), line: raw}, nil
}

// hungUp reports whether the peer has closed its end of the connection.
func (p peer) hungUp() bool {
	if p.line == nil {
		return false
	}
	gone := false
	err := p.line.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		gone = n == 0 && err == nil || err == syscall.ECONNRESET
	})
	return gone || err != nil
}

// setMode sets the mode of what is open.
func setMode(fd uintptr, mode uint32) error { return syscall.Fchmod(int(fd), mode) }
