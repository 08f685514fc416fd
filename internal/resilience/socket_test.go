//go:build linux && amd64

package resilience

import (
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

	"github.com/gosplice/gosplice/internal/control"
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
