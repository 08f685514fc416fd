//go:build linux && amd64

package resilience

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// nobody is a user who owns nothing.
const nobody = 65534

// TestOtherUser asks as a user who may not. Root alone can become another user.
func TestOtherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	h := startHost(t)
	before := h.state()
	h.as(nobody, "status").fails(failed, "no program answers at "+h.socket, "permission denied")
	// Somebody opens the door. The agent looks who comes in.
	for file, mode := range map[string]os.FileMode{filepath.Dir(h.socket): 0o755, h.socket: 0o666} {
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{{"status"}, {"apply", patchFile("v1")}, {"rollback"}} {
		h.as(nobody, args...).fails(refused, "user 65534 may not patch this program: only the user who runs it and root may")
	}
	h.stays(before)
	h.works()
}

// TestUnprivileged patches a program of a user without any rights, as this user.
func TestUnprivileged(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	cmd := exec.Command(fixture.program)
	cmd.Dir, cmd.SysProcAttr = "/", user(nobody)
	h := startCommand(t, cmd)
	h.as(nobody, "apply", patchFile("v1")).succeeds("release -> v1")
	h.answers(1)
	h.as(nobody-1, "rollback").fails(failed, "permission denied")
	h.as(nobody, "rollback").succeeds("v1 -> release")
	h.answers(0)
	if got := h.status().WriteMode; got != "proc-mem" {
		t.Errorf("code is written by %s", got)
	}
	h.works() // root may too
}

// as runs the command as another user.
func (h *host) as(uid uint32, args ...string) *ended {
	h.t.Helper()
	cmd := exec.Command(fixture.command, append(args, "--socket", h.socket)...)
	cmd.Dir, cmd.SysProcAttr = "/", user(uid)
	return finish(h.t, cmd)
}

// user makes a process one of a user with no group but its own.
func user(uid uint32) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
}

// connect opens a connection on which a test says what it likes.
func (h *host) connect() *net.UnixConn {
	h.t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: h.socket, Net: "unix"})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// TestGarbageOnTheSocket sends what is no message, or a part of one.
func TestGarbageOnTheSocket(t *testing.T) {
	h := startHost(t)
	before := h.state()
	random := rand.New(rand.NewPCG(7, 8))
	var whole message
	if err := control.WriteRequest(&whole, &control.Request{Verb: control.VerbApply, Patch: readPatch(t, "v1")}); err != nil {
		t.Fatal(err)
	}
	for range rounds(300, 10000) {
		c := h.connect()
		switch random.IntN(4) {
		case 0: // anything
			b := make([]byte, random.IntN(4096))
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			c.Write(b)
		case 1: // a message that ends too early
			c.Write(whole[:random.IntN(len(whole))])
		case 2: // a message that announces more than there is
			b := append(message(nil), whole...)
			b[4+random.IntN(8)] ^= 1 << random.IntN(8)
			c.Write(b)
		case 3: // a message whose request makes no sense
			b := append(message(nil), whole[:60]...)
			b[12+random.IntN(len(b)-12)] ^= 1 << random.IntN(8)
			c.Write(b)
		}
		c.CloseWrite()
		c.SetReadDeadline(time.Now().Add(patience))
		if _, err := io.Copy(io.Discard, c); os.IsTimeout(err) {
			t.Fatal("the program keeps a connection that has ended")
		}
		c.Close()
	}
	if got := h.status().Version; got != "release" {
		t.Fatalf("garbage led to version %s", got)
	}
	h.stays(before)
	h.works()
}

// message is the bytes of a message.
type message []byte

func (m *message) Write(b []byte) (int, error) {
	*m = append(*m, b...)
	return len(b), nil
}

// TestIdleConnections holds 500 connections open, of which some sent half a message.
func TestIdleConnections(t *testing.T) {
	h := startHost(t)
	before := h.state()
	var idle []*net.UnixConn
	for i := range 500 {
		c := h.connect()
		if i%3 == 0 {
			c.Write([]byte("gspl\x10\x00"))
		}
		idle = append(idle, c)
	}
	h.answers(0)
	h.gosplice("apply", patchFile("v1")).fails(refused, "256 connections to this program are open", "close some, or ask again in 30s")
	for _, c := range idle {
		c.Close()
	}
	h.stays(before)
	h.works()
}

// TestSocketRemoved takes the program's socket away.
func TestSocketRemoved(t *testing.T) {
	h := startHost(t)
	h.gosplice("apply", patchFile("v1")).succeeds("-> v1")
	if err := os.Remove(h.socket); err != nil {
		t.Fatal(err)
	}
	h.gosplice("status").fails(failed, "no program answers at "+h.socket, "no such file or directory")
	h.answers(1)
}

// TestStoppedProgram asks a program that does not run.
func TestStoppedProgram(t *testing.T) {
	h := startHost(t)
	before := h.state()
	h.signal(syscall.SIGSTOP)
	h.gosplice("apply", patchFile("v1")).fails(failed, "the program at "+h.socket+" does not answer within 5s: is it stopped, or out of file descriptors?")
	h.signal(syscall.SIGCONT)
	h.stays(before)
	h.works()
}

func (h *host) signal(s syscall.Signal) {
	h.t.Helper()
	if err := h.cmd.Process.Signal(s); err != nil {
		h.t.Fatal(err)
	}
}

// TestNoFileDescriptors asks a program that can't open files.
func TestNoFileDescriptors(t *testing.T) {
	h := startHost(t)
	before := h.state()
	c := h.dial()
	// An answer shows that the program has accepted the connection, which takes a descriptor.
	if _, err := c.Hello(t.Context()); err != nil {
		t.Fatal(err)
	}
	if answer := h.ask("files off"); answer != "<nil>" {
		t.Fatal(answer)
	}
	if _, answer := h.apply(c, readPatch(t, "v1")); answer == nil || answer.Code != control.Failed || !strings.Contains(answer.Message, "too many open files") {
		t.Errorf("%+v", answer)
	}
	h.answers(0)
	if answer := h.ask("files on"); answer != "<nil>" {
		t.Fatal(answer)
	}
	c.Close()
	h.stays(before)
	h.works()
}

// TestSecondName has another user make the directory of a user first, in the real /tmp: the program listens in one with a second name,
// and all commands find it there without being told, those of root too.
func TestSecondName(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	const uid, other = 54321, 54322 // nobody has them
	first := fmt.Sprint("/tmp/gosplice-", uid)
	if found, _ := filepath.Glob(first + "*"); found != nil {
		t.Skipf("there are %q", found)
	}
	t.Cleanup(func() {
		found, _ := filepath.Glob(first + "*") // the pattern is well formed
		for _, dir := range found {
			os.RemoveAll(dir)
		}
	})
	// One to be taken for the first name, and some for the second.
	for name, mode := range map[string]os.FileMode{first: 0o777, first + "-AAAAAAAAAAAA": 0o777, first + "-ZZZZZZZZZZZZ": 0o700} {
		if err := os.Mkdir(name, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(name, other, other); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc", first+"-LINK"); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(fixture.program)
	cmd.Dir, cmd.SysProcAttr = "/", user(uid)
	plain := []string{"HOST_SOCKETS=", control.SocketsVariable + "=", "XDG_RUNTIME_DIR="}
	h := startCommand(t, cmd, plain...)
	found, _ := filepath.Glob(fmt.Sprint(first, "-*/", h.cmd.Process.Pid, ".sock"))
	if len(found) != 1 || filepath.Dir(found[0]) == first+"-AAAAAAAAAAAA" {
		t.Fatalf("the sockets are %q", found)
	}
	h.socket = found[0]
	asked := func(as uint32, args ...string) *ended {
		t.Helper()
		cmd := exec.Command(fixture.command, args...)
		cmd.Dir, cmd.SysProcAttr, cmd.Env = "/", user(as), append(os.Environ(), plain...)
		return finish(t, cmd)
	}
	pid := fmt.Sprint(h.cmd.Process.Pid)
	for _, as := range []uint32{uid, 0} {
		asked(as, "ps").succeeds(pid)
		asked(as, "status", "--pid", pid).succeeds("release")
		asked(as, "apply", patchFile("v1"), "--pid", pid).succeeds("release -> v1")
		h.answers(1)
		asked(as, "status", "--pid", pid, "--json").succeeds(`"Version": "v1"`)
		asked(as, "log", "--pid", pid).succeeds("release -> v1")
		asked(as, "rollback", "--pid", pid).succeeds("v1 -> release")
		asked(as, "rollback", "--to", "v1", "--pid", pid).succeeds("release -> v1")
		asked(as, "rollback", "--to", "release", "--pid", pid).succeeds("v1 -> release")
		h.answers(0)
		cmd := exec.Command(fixture.command, "__complete", "status", "")
		cmd.SysProcAttr, cmd.Dir, cmd.Env = user(as), "/", append(os.Environ(), plain...)
		if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), pid+"\t") {
			t.Errorf("user %d: completion offers %q, %v", as, out, err)
		}
	}
	asked(uid, "status").succeeds("release") // the only one of this user
	asked(uid, "apply", patchFile("v1")).succeeds("release -> v1")
	asked(uid, "rollback").succeeds("v1 -> release")
	asked(uid, "install", patchFile("v1"), "--pid", pid).fails(failed, "looks nowhere for patches")
	asked(other, "status", "--pid", pid).fails(failed, "process "+pid+" ")
	// The other user's directory goes away; the program stays where it is, and is found.
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	asked(uid, "status", "--pid", pid).succeeds("release")
	asked(0, "status", "--pid", pid).succeeds("release")
	h.works()
}
