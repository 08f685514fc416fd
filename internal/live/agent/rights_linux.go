package agent

import (
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// moreRights says which rights this process has that its user has not, or "". Who may change its code has them too.
func moreRights() string {
	switch {
	case os.Getuid() != os.Geteuid():
		return fmt.Sprintf("it runs as user %d and was started by user %d", os.Geteuid(), os.Getuid())
	case os.Getgid() != os.Getegid():
		return fmt.Sprintf("it runs with group %d and was started with group %d", os.Getegid(), os.Getgid())
	case os.Geteuid() != 0 && permittedCapabilities() != 0:
		return fmt.Sprintf("it has capabilities (%#x)", permittedCapabilities())
	}
	// What it has laid down for a while, any code in it can take up again.
	for name, field := range map[string]string{"user": "Uid:", "group": "Gid:"} {
		value, _ := ownStatus(field)
		if ids := strings.Fields(value); len(ids) == 4 && ids[1] != ids[2] {
			return fmt.Sprintf("it can become %s %s again (the saved ID)", name, ids[2])
		}
	}
	return ""
}

// permittedCapabilities are those of this process; all if the system tells of it otherwise than known.
func permittedCapabilities() uint64 {
	value, told := ownStatus("CapPrm:")
	if !told {
		return 0 // a system without /proc, which the engine refuses
	}
	n, err := strconv.ParseUint(value, 16, 64)
	if err != nil {
		return ^uint64(0)
	}
	return n
}

// laidDown says which rights the process of a peer has given up that this one has, as one in a sandbox, or "". A sandbox
// (seccomp, Landlock) lets its processes trace nobody outside, and code in this process has what they have not.
func (p peer) laidDown() string {
	if p.pid == 0 {
		return "" // in a namespace that this process does not see
	}
	number := func(id, field string) (n int, told bool) {
		value, told := statusOf(id, field)
		n, err := strconv.Atoi(value)
		return n, told && err == nil
	}
	why, id := "", strconv.Itoa(p.pid)
	for _, c := range []struct{ field, why string }{
		{"NoNewPrivs:", "it can gain no rights (no_new_privs)"},
		{"Seccomp:", "a filter keeps system calls from it (seccomp)"},
		{"Seccomp_filters:", "more filters keep system calls from it (seccomp)"},
	} {
		theirs, told := number(id, c.field)
		if ours, _ := number("self", c.field); told && theirs > ours {
			why = c.why
			break
		}
	}
	if why == "" && outsideUsers(id) {
		why = "it is in another user namespace, and the kernel lets it trace nobody in this one"
	}
	_, told := statusOf(id, "NoNewPrivs:")
	gone := !told && (p.line == nil || syscall.Kill(p.pid, 0) == syscall.ESRCH)
	if p.line != nil && !gone { // its ID may be that of another process by now
		err := p.line.Control(func(fd uintptr) { gone = control.PeerEnded(int(fd)) })
		gone = gone || err != nil
	}
	switch {
	case gone:
		return "it has ended" // who inherited its connection may be anybody
	case !told && p.uid != 0: // /proc hides root's processes from other users (hidepid), and of their own those that they can't trace
		return "/proc does not say which rights it has"
	}
	return why
}

// outsideUsers reports that a process is in a user namespace below this process's one. Of one that may be looked at
// the kernel says in which it is. Otherwise its users tell: below there are none that this process does not know, above there are. Beside
// it there may be either, and where all users are mapped to themselves nothing tells.
func outsideUsers(id string) bool {
	const namespace = "/ns/user"
	its, err := os.Readlink("/proc/" + id + namespace)
	if own, ownErr := os.Readlink("/proc/self" + namespace); err == nil && ownErr == nil {
		return its != own
	}
	theirs, told := usersOf(id)
	ours, ownTold := usersOf("self")
	if !told || !ownTold || slices.Equal(theirs, ours) {
		return false
	}
	return !slices.ContainsFunc(theirs, func(t users) bool {
		return !slices.ContainsFunc(ours, func(o users) bool { return o.inner <= t.outer && t.outer+t.count <= o.inner+o.count })
	})
}

// users are some with consecutive IDs: what a process calls them, and what this process calls those of another one.
type users struct{ inner, outer, count int64 }

// usersOf are those that the user namespace of a process maps. It tells whether that is known.
func usersOf(id string) (all []users, told bool) {
	text, err := os.ReadFile("/proc/" + id + "/uid_map")
	if err != nil {
		return nil, false
	}
	for line := range strings.Lines(string(text)) {
		var u users
		if _, err := fmt.Sscan(line, &u.inner, &u.outer, &u.count); err != nil {
			return nil, false
		}
		all = append(all, u)
	}
	return all, true
}

// ownStatus is statusOf for this process.
func ownStatus(field string) (value string, told bool) { return statusOf("self", field) }

// statusOf is what the kernel says of a process in a line that begins with field, or "". It tells whether it says anything.
func statusOf(id, field string) (value string, told bool) {
	text, err := os.ReadFile("/proc/" + id + "/status")
	if err != nil {
		return "", false
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field); ok {
			return strings.TrimSpace(value), true
		}
	}
	return "", true
}

// keptFromUser reports that the kernel lets other processes of its user neither trace this process nor read its memory: it
// gave up root and may have kept groups or open files of that time, its file can't be read, or it has asked for that. It
// may become so after it was started.
func keptFromUser() bool {
	const (
		getDumpable = 3 // PR_GET_DUMPABLE
		byUser      = 1 // SUID_DUMP_USER
	)
	how, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, getDumpable, 0, 0)
	return err != 0 || how != byUser
}

// startedSecurely reports whether the kernel marked the start of the program as one that gained rights, or whose policy
// changed, so that its environment is not to be followed. The vector can't be read by some programs that have more
// rights, which moreRights tells.
func startedSecurely() bool {
	const atSecure = 23
	vector, err := os.ReadFile("/proc/self/auxv")
	if err != nil {
		return false
	}
	for ; len(vector) >= 16; vector = vector[16:] {
		if binary.NativeEndian.Uint64(vector) == atSecure {
			return binary.NativeEndian.Uint64(vector[8:]) != 0
		}
	}
	return false
}

// manyAreNobody reports whether this process runs as the user that stands for all that its user namespace does not
// map: the kernel gives that one's ID for any of them.
func manyAreNobody() bool {
	nobody := 65534
	if text, err := os.ReadFile("/proc/sys/kernel/overflowuid"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			nobody = n
		}
	}
	if os.Geteuid() != nobody {
		return false
	}
	text, err := os.ReadFile("/proc/self/uid_map")
	return err != nil || strings.Join(strings.Fields(string(text)), " ") != "0 0 4294967295"
}
