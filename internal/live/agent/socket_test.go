package agent

import (
	"crypto/ed25519"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// shortDir is a directory whose path leaves room for a socket's name.
func shortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestListenPermissions(t *testing.T) {
	dir := filepath.Join(shortDir(t), "made")
	l, err := listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	path := filepath.Join(dir, strconv.Itoa(os.Getpid())+".sock")
	if got := mode(t, path); got != os.ModeSocket|0o600 {
		t.Errorf("socket has mode %v", got)
	}
	if got := mode(t, dir); got != os.ModeDir|0o700 {
		t.Errorf("directory has mode %v", got)
	}
	if _, err := listen(dir); err == nil || !strings.Contains(err.Error(), "another program listens") {
		t.Errorf("second listener: %v", err)
	}
	l.Close()
	if _, err := os.Lstat(path); !os.IsNotExist(err) {
		t.Errorf("the socket is there after Close: %v", err)
	}
}

// TestListenFollowsNoLink: who may write into the directory's parent has exchanged the directory, and puts a link in the place
// of the socket as soon as that is there.
func TestListenFollowsNoLink(t *testing.T) {
	dir, victim := shortDir(t), filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	path, err := control.SocketPath(dir, os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
				os.Symlink(victim, link)
				os.Rename(link, path)
			}
		}
	}()
	for range 2000 {
		l, err := listen(dir)
		if err == nil {
			l.Close()
		}
		os.Remove(path)
		if got := mode(t, victim); got != 0o644 {
			t.Errorf("the mode of another file is %v", got)
			break
		}
	}
	close(stop)
	<-stopped
}

func TestListenRefusesDirectory(t *testing.T) {
	parent := shortDir(t)
	path := func(name string) string { return filepath.Join(parent, name) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.Mkdir(path("target"), 0o700))
	must(os.Symlink(path("target"), path("link")))
	must(os.Mkdir(path("wide"), 0o700))
	must(os.Chmod(path("wide"), 0o750))
	must(os.WriteFile(path("file"), nil, 0o600))
	must(os.Mkdir(path("foreign"), 0o700))
	cases := map[string]string{
		"link":                                   "symbolic link",
		"wide":                                   "chmod 700 " + path("wide"),
		"file":                                   "not a directory",
		"missing/deeper":                         "no such file",
		"target/" + strings.Repeat("long", 30):   "the system allows 107",
		"target/" + strings.Repeat("longer", 99): "file name too long",
	}
	if os.Geteuid() == 0 {
		must(os.Chown(path("foreign"), 12345, -1))
		cases["foreign"] = "belongs to user 12345"
	}
	for name, says := range cases {
		l, err := listen(path(name))
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20s: %v", name, err)
		}
	}
}

// deadPID returns the ID of a process that is gone.
func deadPID(t *testing.T) int {
	t.Helper()
	c := exec.Command("true")
	if err := c.Run(); err != nil {
		t.Skip(err)
	}
	return c.Process.Pid
}

func TestStaleSockets(t *testing.T) {
	dir := shortDir(t)
	leave := func(pid int) string {
		path, err := control.SocketPath(dir, pid)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
		return path
	}
	dead, own, alive := leave(deadPID(t)), leave(os.Getpid()), leave(os.Getppid())
	other := filepath.Join(dir, "notes.sock.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := listen(dir)
	if err != nil {
		t.Fatalf("own socket of an earlier life: %v", err)
	}
	defer l.Close()
	for path, stays := range map[string]bool{dead: false, own: true, alive: true, other: true} {
		if _, err := os.Lstat(path); (err == nil) != stays {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
}

// A process ID that is not known here may be known in a container that shares the directory.
func TestSocketOfAnotherContainerStays(t *testing.T) {
	dir := shortDir(t)
	path, err := control.SocketPath(dir, deadPID(t))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	l, err := listen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

func TestMayAsk(t *testing.T) {
	me, group := os.Geteuid(), os.Getegid()
	keyed := policy{trusted: []ed25519.PublicKey{make([]byte, ed25519.PublicKeySize)}}
	for _, c := range []struct {
		rules policy
		who   peer
		want  string // in the refusal; "" for none
	}{
		{policy{}, peer{uid: me, gid: group}, ""},
		{policy{}, peer{uid: 0, gid: 4711}, ""},
		{policy{}, peer{uid: me + 1, gid: group}, "may not patch this program: only the user"},
		{keyed, peer{uid: me + 1, gid: group}, "may not patch this program: only the user"},
		{policy{}, peer{uid: me + 2, gid: 0}, "may not patch this program: only the user"},
	} {
		err := c.rules.mayAsk(c.who)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.who, err, c.want)
		}
	}
}
