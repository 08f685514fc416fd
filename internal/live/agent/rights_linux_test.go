package agent

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
)

const (
	someUser  = 1000
	someGroup = 4242
)

// started is this test program once more, with rights that a test gives it. It starts an agent, see TestStarted.
type started struct {
	*exec.Cmd
	dir  string
	said *bufio.Scanner
}

// copyOfTest is a copy of this test program in a directory that everybody can enter.
func copyOfTest(t *testing.T) (dir, exe string) {
	t.Helper()
	if err := os.Chown(t.TempDir(), someUser, -1); err != nil {
		t.Skipf("needs root, to give rights to programs: %v", err)
	}
	dir = shortDir(t)
	exe = filepath.Join(dir, "test")
	text, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(exe, text, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	return dir, exe
}

func startAs(t *testing.T, dir, exe string, attr *syscall.SysProcAttr, env ...string) *started {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, exe, "-test.run=^TestStarted$")
	cmd.Dir, cmd.SysProcAttr, cmd.Stderr = dir, attr, os.Stderr
	cmd.Env = append([]string{"AGENT_STARTED=1", "PATH=" + os.Getenv("PATH")}, env...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if errors.Is(err, syscall.EPERM) {
		cancel()
		t.Skipf("this process can't be other users: %v", err)
	}
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	return &started{cmd, dir, bufio.NewScanner(out)}
}

// line is the next line that the program says.
func (s *started) line(t *testing.T) string {
	t.Helper()
	if !s.said.Scan() {
		t.Fatal("the program has ended")
	}
	return s.said.Text()
}

func as(uid, gid int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// TestStarted is what startAs starts: it starts an agent as told, or asks one.
func TestStarted(t *testing.T) {
	if os.Getenv("AGENT_STARTED") == "" {
		t.Skip("a part of other tests")
	}
	if socket := os.Getenv("AGENT_ASK"); socket != "" {
		if os.Getenv("AGENT_BELIEVES") != "" { // an attacker's command does not care who listens
			control.ListenerOf = func(net.Conn) (control.Listener, error) { return control.Listener{}, nil }
		}
		c, err := control.Dial(t.Context(), socket)
		if err == nil {
			_, err = c.Hello(t.Context())
		}
		fmt.Println("asked:", err)
		return
	}
	o := Options{Dir: os.Getenv("AGENT_DIR")}
	if os.Getenv("AGENT_KEY") != "" {
		o.TrustedKeys = []ed25519.PublicKey{make([]byte, ed25519.PublicKeySize)}
	}
	if os.Getenv("AGENT_LAY_DOWN") != "" {
		if err := errors.Join(syscall.Setregid(-1, os.Getgid()), syscall.Setreuid(-1, os.Getuid())); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getenv("AGENT_GIVE_UP") == "before" {
		giveUpRoot(t)
	}
	fmt.Println("started:", Start(o))
	if os.Getenv("AGENT_GIVE_UP") == "hide" {
		if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0); err != 0 {
			t.Fatal(err)
		}
		fmt.Println("hidden")
	}
	if os.Getenv("AGENT_GIVE_UP") == "for a while" {
		layDownRoot(t, o.Dir)
		fmt.Println("laid down")
	}
	select {}
}

// TestMoreRights starts programs that have more rights than their user.
func TestMoreRights(t *testing.T) {
	dir, exe := copyOfTest(t)
	own := filepath.Join(dir, "own") // a directory that the user can make
	for name, c := range map[string]struct {
		rights func(exe string) error
		env    []string
		want   string
	}{
		"none":   {func(exe string) error { return nil }, []string{"AGENT_DIR=" + own + "0"}, "<nil>"},
		"setgid": {func(exe string) error { return chmodTo(exe, 0, someGroup, 0o755|os.ModeSetgid) }, []string{"AGENT_DIR=" + own + "1"}, "group 4242"},
		"setgid, with a key alone": {func(exe string) error { return chmodTo(exe, 0, someGroup, 0o755|os.ModeSetgid) },
			[]string{"AGENT_KEY=1", "GOSPLICE_SOCKETS=" + own + "2"}, "WithSocketDir"},
		"setgid, with a key and a directory": {func(exe string) error { return chmodTo(exe, 0, someGroup, 0o755|os.ModeSetgid) },
			[]string{"AGENT_KEY=1", "AGENT_DIR=" + own + "3"}, "<nil>"},
		"setgid, laid down": {func(exe string) error { return chmodTo(exe, 0, someGroup, 0o755|os.ModeSetgid) },
			[]string{"AGENT_LAY_DOWN=1", "AGENT_DIR=" + own + "6"}, "become group 4242 again"},
		"setuid, laid down": {func(exe string) error { return chmodTo(exe, 4243, 0, 0o755|os.ModeSetuid) },
			[]string{"AGENT_LAY_DOWN=1", "AGENT_DIR=" + own + "7"}, "become user 4243 again"},
		"setuid":       {func(exe string) error { return chmodTo(exe, 0, 0, 0o755|os.ModeSetuid) }, []string{"GOSPLICE_SOCKETS=" + own + "4"}, "was started by user 1000"},
		"capabilities": {giveCapability, []string{"AGENT_DIR=" + own + "5"}, "has capabilities"},
	} {
		t.Run(name, func(t *testing.T) {
			own := exe + "-" + strings.ReplaceAll(name, " ", "-")
			text, err := os.ReadFile(exe)
			if err == nil {
				err = os.WriteFile(own, text, 0o755)
			}
			if err == nil {
				err = c.rights(own)
			}
			if err != nil {
				t.Skipf("rights can't be given here: %v", err)
			}
			said := startAs(t, dir, own, as(someUser, someUser), c.env...).line(t)
			if !strings.Contains(said, c.want) {
				t.Errorf("%s, want %q", said, c.want)
			}
			for _, e := range c.env {
				if made, ok := strings.CutPrefix(e, "GOSPLICE_SOCKETS="); ok {
					if _, err := os.Lstat(made); err == nil {
						t.Errorf("%s was made, which the environment names", made)
					}
				}
			}
		})
	}
}

func chmodTo(exe string, uid, gid int, mode os.FileMode) error {
	if err := os.Chown(exe, uid, gid); err != nil {
		return err
	}
	return os.Chmod(exe, mode)
}

// giveCapability gives a file cap_dac_read_search: struct vfs_cap_data of revision 2, effective.
func giveCapability(exe string) error {
	const dacReadSearch = 1 << 2
	data := []byte{1, 0, 0, 2, dacReadSearch, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	return syscall.Setxattr(exe, "security.capability", data, 0)
}

// TestGroups asks a program that runs with another group than its user.
func TestGroups(t *testing.T) {
	dir, exe := copyOfTest(t)
	for _, c := range []struct {
		key  string
		gid  int
		want string
	}{{"", someGroup, "<nil>"}, {"", someUser, "group 1000 may not patch"}, {"1", someUser, "<nil>"}} {
		sockets := filepath.Join(dir, fmt.Sprint("s", c.gid, c.key))
		p := startAs(t, dir, exe, as(someUser, someGroup), "AGENT_DIR="+sockets, "AGENT_KEY="+c.key)
		if said := p.line(t); said != "started: <nil>" {
			t.Fatal(said)
		}
		socket, err := control.SocketPath(sockets, p.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if said := startAs(t, dir, exe, as(someUser, c.gid), "AGENT_ASK="+socket).line(t); !strings.Contains(said, c.want) {
			t.Errorf("group %d: %s, want %q", c.gid, said, c.want)
		}
	}
}

// giveUpRoot becomes a user, and keeps a group that he is not in.
func giveUpRoot(t *testing.T) {
	if err := errors.Join(syscall.Setgroups([]int{someGroup}), syscall.Setgid(someUser), syscall.Setuid(someUser)); err != nil {
		t.Fatal(err)
	}
}

// TestKeptFromUser asks programs that the kernel lets their own user not trace: what they kept of root's would be his.
func TestKeptFromUser(t *testing.T) {
	dir, exe := copyOfTest(t)
	for i, c := range []struct {
		starts, asks int
		giveUp, key  string
		want         string
	}{
		{0, someUser, "before", "", "keeps from its own user"}, {0, 0, "before", "", "<nil>"}, {0, someUser, "before", "1", "<nil>"},
		{someUser, someUser, "hide", "", "keeps from its own user"}, {someUser, 0, "hide", "", "<nil>"}, {someUser, someUser, "", "", "<nil>"},
	} {
		sockets := filepath.Join(dir, fmt.Sprint("k", i))
		p := startAs(t, dir, exe, as(c.starts, c.starts), "AGENT_DIR="+sockets, "AGENT_KEY="+c.key, "AGENT_GIVE_UP="+c.giveUp)
		if said := p.line(t); said != "started: <nil>" {
			t.Fatal(said)
		}
		if c.giveUp == "hide" {
			p.line(t)
		}
		socket, err := control.SocketPath(sockets, p.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if said := startAs(t, dir, exe, as(c.asks, c.asks), "AGENT_ASK="+socket).line(t); !strings.Contains(said, c.want) {
			t.Errorf("%+v: %s", c, said)
		}
	}
}

// TestNobody asks a program in a user namespace without users, where all are nobody.
func TestNobody(t *testing.T) {
	dir, exe := copyOfTest(t)
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("no user namespace can be made: %v\n%s", err, out)
	}
	p := startAs(t, dir, exe, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}, "AGENT_DIR="+filepath.Join(dir, "s"))
	if said := p.line(t); said != "started: <nil>" {
		t.Skip(said)
	}
	socket, err := control.SocketPath(filepath.Join(dir, "s"), p.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	c, err := control.Dial(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Hello(t.Context()); err == nil || !strings.Contains(err.Error(), "any user that this program's user namespace does not map") {
		t.Errorf("err = %v", err)
	}
}

// TestNoKeys: a list of keys that is empty is not the same as none.
func TestNoKeys(t *testing.T) {
	if _, err := newServer(Options{Dir: shortDir(t), KeysNamed: true}, nil); err == nil || !strings.Contains(err.Error(), "list of keys that is empty") {
		t.Errorf("err = %v", err)
	}
}

// TestSandboxedPeer: a process that has given up rights which the program has may not ask, unless a signature decides.
func TestSandboxedPeer(t *testing.T) {
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("there is no setpriv here")
	}
	if own, _ := ownStatus("NoNewPrivs:"); own != "0" {
		t.Skip("this process can gain no rights itself")
	}
	startIn := func(attr *syscall.SysProcAttr, args ...string) peer {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.SysProcAttr = attr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		if _, err := out.Read(make([]byte, 1)); err != nil { // it is what it will be
			t.Fatal(err)
		}
		return peer{uid: os.Geteuid(), gid: os.Getegid(), pid: cmd.Process.Pid}
	}
	start := func(args ...string) peer { t.Helper(); return startIn(nil, args...) }
	loop := []string{"sh", "-c", "echo; exec sleep 60"}
	if err := (policy{}).mayAsk(start(loop...)); err != nil {
		t.Errorf("an ordinary process: %v", err)
	}
	confined := start(append([]string{setpriv, "--no-new-privs"}, loop...)...)
	if err := (policy{}).mayAsk(confined); err == nil || !strings.Contains(err.Error(), "no_new_privs") {
		t.Errorf("a process that can gain no rights: %v", err)
	}
	keyed := policy{trusted: []ed25519.PublicKey{make([]byte, ed25519.PublicKeySize)}}
	if err := keyed.mayAsk(confined); err != nil {
		t.Errorf("where a signature decides: %v", err)
	}
	gone := peer{uid: os.Geteuid(), gid: os.Getegid(), pid: deadPID(t)}
	if err := (policy{}).mayAsk(gone); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("a process that has ended: %v", err)
	}
}

// TestPeerInUserNamespace: the kernel lets a process trace nobody outside of its user namespace, so it may not ask there.
func TestPeerInUserNamespace(t *testing.T) {
	dir, exe := copyOfTest(t)
	below := func(maps ...syscall.SysProcIDMap) *syscall.SysProcAttr {
		return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER, UidMappings: maps, GidMappings: maps}
	}
	one := syscall.SysProcIDMap{ContainerID: 0, HostID: 0, Size: 1}
	if out, err := func() ([]byte, error) {
		cmd := exec.Command(exe, "-test.run=^$")
		cmd.SysProcAttr = below(one)
		return cmd.CombinedOutput()
	}(); err != nil {
		t.Skipf("no user namespace can be made: %v\n%s", err, out)
	}
	for i, c := range []struct {
		runs, asks *syscall.SysProcAttr
		key, want  string
	}{
		{nil, nil, "", "<nil>"},
		{nil, below(one), "", "another user namespace"},
		{nil, below(), "", "another user namespace"},
		{nil, below(one), "1", "<nil>"},
		{below(one), nil, "", "<nil>"}, // from above
	} {
		sockets := filepath.Join(dir, fmt.Sprint("n", i))
		p := startAs(t, dir, exe, c.runs, "AGENT_DIR="+sockets, "AGENT_KEY="+c.key)
		if said := p.line(t); said != "started: <nil>" {
			t.Fatal(said)
		}
		socket, err := control.SocketPath(sockets, p.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if said := startAs(t, dir, exe, c.asks, "AGENT_ASK="+socket).line(t); !strings.Contains(said, c.want) {
			t.Errorf("%d: %s, want %q", i, said, c.want)
		}
	}
}

// TestHiddenPeer: root is heard by a program whose /proc hides the processes of other users.
func TestHiddenPeer(t *testing.T) {
	dir, exe := copyOfTest(t)
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("there is no setpriv here")
	}
	script := fmt.Sprintf("#!/bin/sh\nmount -t proc -o hidepid=2 proc /proc || exit\nexec setpriv --reuid %d --regid %[1]d --clear-groups %s \"$@\"\n", someUser, exe)
	hiding := filepath.Join(dir, "hiding")
	if err := os.WriteFile(hiding, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	sockets := filepath.Join(dir, "h")
	p := startAs(t, dir, hiding, &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}, "AGENT_DIR="+sockets)
	if !p.said.Scan() {
		t.Skip("no /proc can be mounted here")
	}
	if said := p.said.Text(); said != "started: <nil>" {
		t.Fatal(said)
	}
	socket, err := control.SocketPath(sockets, p.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	for _, uid := range []int{0, someUser} {
		if said := startAs(t, dir, exe, as(uid, uid), "AGENT_ASK="+socket).line(t); said != "asked: <nil>" {
			t.Errorf("user %d: %s", uid, said)
		}
	}
}

// layDownRoot becomes a user who may enter the directory of the socket, keeps root to be taken up again, and has the kernel
// write its memory to files all the same.
func layDownRoot(t *testing.T, dir string) {
	const setDumpable = 4 // PR_SET_DUMPABLE
	sockets, err := control.Sockets(dir)
	for _, socket := range sockets {
		err = errors.Join(err, os.Chown(socket, someUser, -1))
	}
	if err = errors.Join(err, os.Chown(dir, someUser, -1), syscall.Setresgid(someUser, someUser, someUser), syscall.Setresuid(-1, someUser, -1)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, setDumpable, 1, 0); err != 0 {
		t.Fatal(err)
	}
}

// TestRightsLaidDownLater asks a program that became its user for a while after it began to listen.
func TestRightsLaidDownLater(t *testing.T) {
	dir, exe := copyOfTest(t)
	for i, c := range []struct {
		asks      int
		key, want string
	}{{someUser, "", "has more rights: it runs as user 1000 and was started by user 0"}, {someUser, "1", "<nil>"}, {0, "", "<nil>"}} {
		sockets := filepath.Join(dir, fmt.Sprint("l", i))
		p := startAs(t, dir, exe, as(0, 0), "AGENT_DIR="+sockets, "AGENT_KEY="+c.key, "AGENT_GIVE_UP=for a while")
		if said := p.line(t); said != "started: <nil>" {
			t.Fatal(said)
		}
		p.line(t)
		socket, err := control.SocketPath(sockets, p.Process.Pid)
		if err != nil {
			t.Fatal(err)
		}
		if said := startAs(t, dir, exe, as(c.asks, c.asks), "AGENT_ASK="+socket, "AGENT_BELIEVES=1").line(t); !strings.Contains(said, c.want) {
			t.Errorf("%+v: %s", c, said)
		}
	}
}
