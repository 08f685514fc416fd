package control

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestImpostor dials sockets at which somebody else listens than their names and directories say.
func TestImpostor(t *testing.T) {
	me := os.Getpid()
	asked := make(chan bool, 10)
	answer := func(conn net.Conn) {
		if _, err := ReadRequest(conn); err == nil {
			asked <- true
			WriteResponse(conn, &Response{Code: Done, Hello: &Hello{PID: me, PatchDir: "/etc"}})
		}
	}
	dir := socketDir(t)
	real := listenAt(t, dir, me, answer)
	other := listenAt(t, dir, me+1, answer)
	linked := filepath.Join(socketDir(t), fmt.Sprint(me, ".sock"))
	if err := os.Symlink(real, linked); err != nil {
		t.Fatal(err)
	}
	c, err := Dial(t.Context(), real)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if h, err := c.Hello(t.Context()); err != nil || h.PID != me || h.PatchDir != "/etc" {
		t.Errorf("the program itself: %+v, %v", h, err)
	}
	<-asked
	impostor := (*ImpostorError)(nil)
	if _, err := Dial(t.Context(), other); !errors.As(err, &impostor) || impostor.PID != me || !strings.Contains(err.Error(), fmt.Sprint("named after process ", me+1)) {
		t.Errorf("a socket with the name of another process: %v", err)
	}
	if _, err := Dial(t.Context(), linked); err == nil || !strings.Contains(err.Error(), "is no socket") {
		t.Errorf("a link: %v", err)
	}
	if socket, err := FindPID([]string{filepath.Dir(linked), dir}, me+1); !errors.As(err, &impostor) {
		t.Errorf("found %s, %v", socket, err)
	}
	if socket, err := FindPID([]string{dir}, me); err != nil || socket != real {
		t.Errorf("found %s, %v", socket, err)
	}
	// What others put into a directory that comes first hides nothing: a link, and the socket of a program that is gone.
	first := socketDir(t)
	if err := os.WriteFile(filepath.Join(first, fmt.Sprint(me, ".sock")), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second := filepath.Dir(listenAt(t, socketDir(t), me, nil))
	if socket, err := FindPID([]string{filepath.Dir(linked), first, second, dir}, me); err != nil || socket != real {
		t.Errorf("found %s, %v", socket, err)
	}
	for _, p := range Find(t.Context(), []string{dir}) {
		if (p.PID == me) != (p.Hello != nil) || p.PID != me && !errors.As(p.Err, &impostor) {
			t.Errorf("process %d: %+v, %v", p.PID, p.Hello, p.Err)
		}
	}
	if len(asked) != 1 {
		t.Errorf("%d were asked, and only Find asks the program itself", len(asked))
	}
}

// TestImpostorOfOtherUser listens as another user in a directory of root, and as root in one of his.
func TestImpostorOfOtherUser(t *testing.T) {
	const other = 1000
	if err := os.Chown(t.TempDir(), other, -1); err != nil {
		t.Skipf("needs root, to be other users: %v", err)
	}
	for _, c := range []struct {
		owner, uid int
		ok         bool
	}{{0, 0, true}, {other, other, true}, {other, 0, false}, {0, other, false}} {
		dir := socketDir(t)
		socket, pid := listenAs(t, dir, c.uid)
		if err := os.Chown(dir, c.owner, -1); err != nil {
			t.Fatal(err)
		}
		client, err := Dial(t.Context(), socket)
		impostor := (*ImpostorError)(nil)
		if (err == nil) != c.ok || err != nil && !errors.As(err, &impostor) {
			t.Errorf("user %d in a directory of user %d: %v", c.uid, c.owner, err)
			continue
		}
		if err != nil {
			continue
		}
		h, err := client.Hello(t.Context())
		says := map[bool]Hello{true: {PID: pid, UID: 4711, PatchDir: "/etc/systemd/system"}, false: {PID: pid, UID: c.uid}}[c.uid == 0]
		if err != nil || h.PID != says.PID || h.UID != says.UID || h.PatchDir != says.PatchDir {
			t.Errorf("user %d says %+v, %v", c.uid, h, err)
		}
		client.Close()
	}
}

// TestImpostorInNamespace: another user's process has the ID that a socket is named after in a namespace of his own. It is
// believed by who names its own files alone, and by its own user.
func TestImpostorInNamespace(t *testing.T) {
	const other = 1000
	if err := os.Chown(t.TempDir(), other, -1); err != nil {
		t.Skipf("needs root, to be other users: %v", err)
	}
	for uid, ok := range map[int]bool{other: false, 0: true} {
		dir := socketDir(t)
		_, pid := listenIn(t, dir, uid, syscall.CLONE_NEWPID)
		if err := os.Chown(dir, uid, -1); err != nil {
			t.Fatal(err)
		}
		socket, err := SocketPath(dir, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := Listens(socket); (err == nil) != ok {
			t.Errorf("user %d: %v", uid, err)
		}
		if found, err := FindPID([]string{dir}, 1); (err == nil) != ok {
			t.Errorf("user %d: found %s, %v", uid, found, err)
		}
		if err := Listens(fmt.Sprintf("/proc/%d/root%s", pid, socket)); err != nil {
			t.Errorf("by the files of the process itself, user %d: %v", uid, err)
		}
		if err := Listens(fmt.Sprintf("/proc/%d/root%s", os.Getpid(), socket)); err == nil {
			t.Errorf("by the files of a process in another namespace, user %d: %v", uid, err)
		}
	}
}

// TestLinkInFilesOfAnother: in the files of a container a link leads back to a program outside that has the ID by which root names
// the one inside.
func TestLinkInFilesOfAnother(t *testing.T) {
	const other = 1000
	if err := os.Chown(t.TempDir(), other, -1); err != nil {
		t.Skipf("needs root, to be other users: %v", err)
	}
	for what, namespaces := range map[string]uintptr{"outside": syscall.CLONE_NEWPID, "": 0} {
		_, inside := listenIn(t, socketDir(t), other, namespaces)
		dir := socketDir(t)
		outside := listenAt(t, dir, os.Getpid(), answerWith(&Response{Code: Done, Hello: &Hello{PID: os.Getpid()}}))
		link := filepath.Join(socketDir(t), "l")
		if err := os.Symlink(dir, link); err != nil {
			t.Fatal(err)
		}
		err := Listens(fmt.Sprintf("/proc/%d/root%s/%s", inside, link, filepath.Base(outside)))
		if impostor := (*ImpostorError)(nil); (what != "") != errors.As(err, &impostor) || what == "" && err != nil {
			t.Errorf("by a link of a process %s: %v", what, err)
		}
	}
}

// TestImpostorUnderAnEndedID: a process makes a socket, hands it to another one and ends. Its ID is free then, for a program of
// somebody else to get.
func TestImpostorUnderAnEndedID(t *testing.T) {
	dir := socketDir(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	maker := exec.Command(exe, "-test.run=^TestListenAndEnd$")
	maker.Env = append(os.Environ(), "CONTROL_LISTEN_AND_END="+dir)
	out, err := maker.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	holder := 0
	if _, err := fmt.Sscanf(string(out), "held by %d", &holder); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() { syscall.Kill(holder, syscall.SIGKILL) })
	socket, err := SocketPath(dir, maker.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	impostor := (*ImpostorError)(nil)
	if err := Listens(socket); !errors.As(err, &impostor) || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("err = %v", err)
	}
}

// TestListenAndEnd is what makes such a socket.
func TestListenAndEnd(t *testing.T) {
	dir := os.Getenv("CONTROL_LISTEN_AND_END")
	if dir == "" {
		t.Skip("a part of TestImpostorUnderAnEndedID")
	}
	socket, err := SocketPath(dir, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	holder := exec.Command("sleep", "60")
	holder.ExtraFiles = []*os.File{f}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Println("held by", holder.Process.Pid)
	os.Exit(0) // and leave the socket in its place
}

// TestUsedAgain: where the kernel can't tell that a process has ended, the user of who has its ID does.
func TestUsedAgain(t *testing.T) {
	me, mine := int32(os.Getpid()), uint32(os.Geteuid())
	for _, c := range []struct {
		cred syscall.Ucred
		want bool
	}{
		{syscall.Ucred{Pid: me, Uid: mine}, false}, {syscall.Ucred{Pid: me, Uid: mine + 1}, true},
		{syscall.Ucred{Pid: me, Uid: 0}, false}, {syscall.Ucred{Pid: 0, Uid: mine + 1}, false},
	} {
		if got := usedAgain(&c.cred); got != c.want {
			t.Errorf("%+v: %t", c.cred, got)
		}
	}
}

// listenAs has another process listen in dir, as a user: this test program again, see TestListenAs.
func listenAs(t *testing.T, dir string, uid int) (socket string, pid int) {
	t.Helper()
	return listenIn(t, dir, uid, 0)
}

// listenIn is listenAs in new namespaces.
func listenIn(t *testing.T, dir string, uid int, namespaces uintptr) (socket string, pid int) {
	t.Helper()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	exe := filepath.Join(dir, "test")
	text, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(exe, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, exe, "-test.run=^TestListenAs$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CONTROL_LISTEN="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if errors.Is(err, syscall.EPERM) {
		t.Skipf("this process can't be other users: %v", err)
	}
	if err == nil {
		_, err = out.Read(make([]byte, 1))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	socket, err = SocketPath(dir, cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return socket, cmd.Process.Pid
}

// TestListenAs is what listenAs starts.
func TestListenAs(t *testing.T) {
	dir := os.Getenv("CONTROL_LISTEN")
	if dir == "" {
		t.Skip("a part of TestImpostorOfOtherUser")
	}
	listenAt(t, dir, os.Getpid(), answerWith(&Response{Code: Done, Hello: &Hello{PID: os.Getpid(), UID: 4711, PatchDir: "/etc/systemd/system"}}))
	fmt.Println("ready")
	<-t.Context().Done()
	select {}
}

// TestLongHello: what everybody is asked has a bound.
func TestLongHello(t *testing.T) {
	long := &Response{Code: Done, Hello: &Hello{PID: 300, Program: strings.Repeat("x", maxHello)}}
	found := Find(t.Context(), []string{filepath.Dir(serve(t, socketDir(t), 300, answerWith(long)))})
	if len(found) != 1 || !errors.Is(found[0].Err, ErrNotMessage) {
		t.Errorf("found %v", found)
	}
}

// TestWrongPID: a program that says it is another process is not believed.
func TestWrongPID(t *testing.T) {
	socket := serve(t, socketDir(t), 300, answerWith(&Response{Code: Done, Hello: &Hello{PID: 1}}))
	c, err := Dial(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Hello(t.Context()); err == nil || !strings.Contains(err.Error(), "says that it is process 1") {
		t.Errorf("err = %v", err)
	}
}
