package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/files"
)

// peer is the process at the other end of a connection.
type peer struct {
	uid, gid, pid int
	line          syscall.RawConn // of its connection, if any
}

// mayAsk refuses a peer that may ask for nothing. Only where a patch needs a signature may the user ask with another group
// than the program's, or one that the kernel would not let trace it, or from within a sandbox: else its rights would be
// his who sends code.
func (r policy) mayAsk(p peer) error {
	if p.uid != 0 && p.uid != os.Geteuid() {
		return refused(control.ReasonNotPermitted, "user %d may not patch this program: only the user who runs it and root may", p.uid)
	}
	if len(r.trusted) == 0 {
		if why := p.laidDown(); why != "" {
			return refused(control.ReasonNotPermitted, "process %d may not patch this program, for it has fewer rights than the program, as in a sandbox: %s: ask from outside, or name a key in the program (TrustKey)", p.pid, why)
		}
	}
	return r.hears(p)
}

// hears refuses a peer for what the program is by now, which may have changed since the peer connected.
func (r policy) hears(p peer) error {
	switch {
	case p.uid == 0:
		return nil
	case manyAreNobody():
		return refused(control.ReasonNotPermitted, "user %d is any user that this program's user namespace does not map: only root may patch it", p.uid)
	case p.gid != os.Getegid() && len(r.trusted) == 0:
		return refused(control.ReasonNotPermitted, "group %d may not patch this program, which runs with group %d: ask with that group (sudo -u '#%d' -g '#%d'), or as root", p.gid, os.Getegid(), os.Geteuid(), os.Getegid())
	case len(r.trusted) == 0 && moreRights() != "": // it may have laid them down since it was started, and take them up again
		return refused(control.ReasonNotPermitted, "user %d may not patch this program, which has more rights: %s: ask as root, or name a key in the program (TrustKey)", p.uid, moreRights())
	case len(r.trusted) == 0 && keptFromUser():
		return refused(control.ReasonNotPermitted, "user %d may not patch this program, which the system keeps from its own user (PR_GET_DUMPABLE), as one that gave up root: ask as root, or name a key in the program (TrustKey)", p.uid)
	}
	return nil
}

// socketDir is the directory of the socket, for one that the program has chosen or "". The environment counts for nothing where
// the system did not let it count.
func socketDir(chosen string) (string, error) {
	switch {
	case chosen != "":
		return chosen, nil
	case !startedSecurely():
		return control.DefaultDir(), nil
	case os.Getenv(control.SocketsVariable) != "":
		return "", fmt.Errorf("%s is not followed, because the system started this program with other rights (AT_SECURE): name the directory with WithSocketDir", control.SocketsVariable)
	}
	return control.SharedDir(), nil
}

// listen opens the socket of this process in dir, which it makes when it is not there.
func listen(dir string) (*net.UnixListener, error) {
	if err := prepareDir(dir); err != nil {
		return nil, err
	}
	removeStale(dir)
	path, err := control.SocketPath(dir, os.Getpid())
	if err != nil {
		return nil, err
	}
	if answers(path) {
		return nil, fmt.Errorf("another program listens at %s: containers that share a directory have equal process IDs: give each its own with WithSocketDir", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("make a socket in %s: %w: choose another directory with WithSocketDir or GOSPLICE_SOCKETS", dir, causeOf(err))
	}
	// The mode is set before there is a name: one that others can exchange may lead to another file by then.
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = setMode(fd, 0o600) }) // the directory keeps others out in any case
	}}
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("make a socket in %s: %w: choose another directory with WithSocketDir or GOSPLICE_SOCKETS", dir, causeOf(err))
	}
	return l.(*net.UnixListener), nil
}

// causeOf is the system's part of err, without the path that the message has already.
func causeOf(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number
	}
	return err
}

// prepareDir makes dir, or checks that nobody else can enter or replace it.
func prepareDir(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the directory of the socket: %w: choose another one with WithSocketDir or GOSPLICE_SOCKETS", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("directory of the socket: %w", err)
	}
	owner, known := files.Owner(info)
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return fmt.Errorf("%s is a symbolic link, which somebody may point elsewhere: remove it, or choose another directory with WithSocketDir", dir)
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory: remove it, or choose another one with WithSocketDir", dir)
	case !known || owner != os.Geteuid():
		return fmt.Errorf("%s belongs to user %d, not to user %d who runs this program: remove it, or choose another directory with WithSocketDir", dir, owner, os.Geteuid())
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s has mode %v, so others can enter it: chmod 700 %[1]s", dir, info.Mode().Perm())
	}
	return nil
}

// removeStale removes the sockets in dir of processes that are gone. A process ID that is not known
// here may be known in another container that shares dir, so the socket must be dead as well.
func removeStale(dir string) {
	sockets, err := control.Sockets(dir)
	if err != nil {
		return // listen will say what is wrong
	}
	for pid, path := range sockets {
		if pid != os.Getpid() && !running(pid) && !answers(path) {
			// Another program may have removed it in the meantime.
			_ = os.Remove(path)
		}
	}
}

// running says whether the process with ID pid is there.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return !errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone)
}

// answers says whether a program listens at path, which need not exist.
func answers(path string) bool {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return false // a busy machine may run out of time before it says so
	}
	c, err := net.DialTimeout("unix", path, 100*time.Millisecond)
	if err == nil {
		c.Close()
		return true
	}
	return !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist)
}
