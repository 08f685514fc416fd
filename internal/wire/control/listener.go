package control

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/files"
)

// Anybody can listen on a socket with any name in a directory of his own. Who does is told by the kernel alone, so it is
// compared with what the name of the socket and the owner of its directory say.

// Listener is the process that listens on a socket, as the kernel tells, if it is Known. PID is 0 for one that this process
// can't see, such as one in another container.
type Listener struct {
	PID, UID int
	Known    bool
	// Ended says that the process that made the socket has ended. Who has it now is not known, and another process may
	// have the ID.
	Ended bool
}

// ListenerOf asks the kernel who listens at the other end of a connection. It is a variable for tests, which listen in the
// place of programs.
var ListenerOf = kernelListener

// connect connects to a socket, and not to what a link leads to, if it belongs to the process that it is named after and
// to the owner of its directory.
func connect(dial func(path string) (net.Conn, error), socket string) (net.Conn, Listener, error) {
	info, err := os.Lstat(socket)
	if err == nil && info.Mode()&fs.ModeSocket == 0 {
		return nil, Listener{}, &ImpostorError{Socket: socket, why: fmt.Sprintf("%s is no socket, so no program listens there: name the socket itself, not a link to it", socket)}
	}
	conn, err := dial(socket)
	if err != nil {
		return nil, Listener{}, fmt.Errorf("no program answers at %s: %w", socket, err)
	}
	who, err := ListenerOf(conn)
	if err == nil && who.Known {
		err = verify(socket, who)
	}
	if err != nil {
		conn.Close()
		return nil, Listener{}, err
	}
	return conn, who, nil
}

// ImpostorError says that a socket does not belong to the program that it is named after.
type ImpostorError struct {
	Socket string
	Listener
	why string
}

func (e *ImpostorError) Error() string { return e.why }

// verify compares who listens with the socket.
func verify(socket string, who Listener) error {
	impostor := func(format string, args ...any) error {
		return &ImpostorError{socket, who, fmt.Sprintf(format, args...)}
	}
	if who.Ended {
		return impostor("process %d, which made %s, has ended, and another one listens there: nothing was sent to it", who.PID, socket)
	}
	info, err := os.Stat(filepath.Dir(socket))
	if err != nil {
		return fmt.Errorf("directory of %s: %w", socket, err)
	}
	if owner, known := files.Owner(info); !known || owner != who.UID {
		return impostor("user %d listens at %s, in a directory of user %d: it is not the program of that user, and nothing was sent to it", who.UID, socket, owner)
	}
	pid, named := SocketPID(filepath.Base(socket))
	through := filesOf(socket)
	if through != 0 && !sameIDs(through, who.PID) {
		return impostor("process %d listens at %s, in another namespace of process IDs than process %d, through whose files that leads: a link in them may lead elsewhere, and nothing was sent to it", who.PID, socket, through)
	}
	switch {
	case !named || who.PID == pid:
		return nil
	case who.PID == 0 && who.UID == os.Geteuid():
		return nil // in another container, and of the user who could do anything to it
	case who.PID == 0:
		return impostor("a process that can't be seen from here listens at %s, as user %d: ask where its process ID is %d, or as that user", socket, who.UID, pid)
	case innerPID(who.PID) == pid && (who.UID == os.Geteuid() || through != 0):
		return nil // whoever can make namespaces has any process ID in one
	}
	return impostor("process %d listens at %s, which is named after process %d: it is not that program, and nothing was sent to it", who.PID, socket, pid)
}

// filesOf is the process through whose file system a path leads, such as /proc/PID/root/…, or 0. Who names that means the IDs of
// the namespace that the process is in, but links there are that one's, and lead from here.
func filesOf(path string) int {
	path, err := filepath.Abs(path)
	if err != nil {
		return 0
	}
	rest, in := strings.CutPrefix(path, "/proc/")
	of, _, _ := strings.Cut(rest, "/")
	pid, err := strconv.Atoi(of)
	if !in || err != nil {
		return 0
	}
	return pid
}

// sameIDs reports whether two processes are in the same namespace of process IDs.
func sameIDs(a, b int) bool {
	its := namespaceOf(strconv.Itoa(a))
	return a == b || its != "" && its == namespaceOf(strconv.Itoa(b))
}

// Own reports whether the program belongs to the user of this process, or whether that is not known. Of others only what
// the kernel says is believed.
func (l Listener) Own() bool { return !l.Known || l.UID == os.Geteuid() }

// correct replaces what an answer says of the process by what the kernel says, and leaves out where another user's
// program would have files.
func (l Listener) correct(h *Hello, socket string) error {
	if pid, named := SocketPID(filepath.Base(socket)); named && h.PID != pid {
		return fmt.Errorf("the program at %s says that it is process %d: it is not believed", socket, h.PID)
	}
	if !l.Own() {
		h.UID, h.PatchDir = l.UID, ""
	}
	return nil
}

// SocketPID is the process ID in the name of a socket.
func SocketPID(name string) (int, bool) {
	if filepath.Ext(name) != socketSuffix {
		return 0, false
	}
	pid, err := strconv.Atoi(name[:len(name)-len(socketSuffix)])
	return pid, err == nil && pid > 0
}
