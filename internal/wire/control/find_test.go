package control

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "gs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// asNamed has the processes of tests listen that sockets are named after.
func asNamed(t *testing.T) {
	t.Helper()
	ListenerOf = func(conn net.Conn) (Listener, error) {
		pid, _ := SocketPID(filepath.Base(conn.RemoteAddr().String()))
		return Listener{PID: pid, UID: os.Geteuid(), Known: true}, nil
	}
	t.Cleanup(func() { ListenerOf = kernelListener })
}

// serve listens as process pid in dir, and answers every connection with answer.
func serve(t *testing.T, dir string, pid int, answer func(net.Conn)) string {
	t.Helper()
	asNamed(t)
	return listenAt(t, dir, pid, answer)
}

// listenAt is serve as this process.
func listenAt(t *testing.T, dir string, pid int, answer func(net.Conn)) string {
	t.Helper()
	path, err := SocketPath(dir, pid)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if answer == nil { // dead
		l.SetUnlinkOnClose(false)
		l.Close()
		return path
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return path
}

func answerWith(resp *Response) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := ReadRequest(conn); err == nil {
			WriteResponse(conn, resp)
		}
	}
}

func TestFind(t *testing.T) {
	dir, other := socketDir(t), socketDir(t)
	serve(t, dir, 300, answerWith(&Response{Code: Done, Hello: &Hello{PID: 300, Version: "1.4.2"}}))
	serve(t, dir, 20, nil)
	serve(t, other, 100, func(conn net.Conn) { io.Copy(io.Discard, conn) }) // never answers
	serve(t, other, 400, func(conn net.Conn) { conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) })
	if err := os.WriteFile(filepath.Join(dir, "7.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	found := Find(t.Context(), []string{dir, other, "/no/such/directory"})
	var pids []int
	for _, p := range found {
		pids = append(pids, p.PID)
		if (p.Hello == nil) != (p.Err != nil) || (p.Hello != nil) != (p.PID == 300) {
			t.Errorf("process %d: %+v, %v", p.PID, p.Hello, p.Err)
		}
	}
	if len(pids) != 4 || pids[0] != 20 || pids[3] != 400 {
		t.Errorf("found %v", pids)
	}
	if found[2].Hello.Version != "1.4.2" {
		t.Errorf("hello %+v", found[2].Hello)
	}
}

func TestFindPID(t *testing.T) {
	dir := socketDir(t)
	want := serve(t, dir, 300, nil)
	if got, err := FindPID([]string{"/no/such/directory", dir}, 300); err != nil || got != want {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := FindPID([]string{dir}, 301); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "gosplice.Start") {
		t.Errorf("err = %v", err)
	}
	if _, err := FindPID(nil, 301); err == nil || !strings.Contains(err.Error(), "no directory of sockets that is yours") {
		t.Errorf("without a directory: %v", err)
	}
}

func TestClientErrors(t *testing.T) {
	dir := socketDir(t)
	dial := func(pid int, answer func(net.Conn)) *Client {
		c, err := Dial(t.Context(), serve(t, dir, pid, answer))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	_, err := dial(1, answerWith(&Response{Code: Refused, Reason: ReasonWrongBase, Message: "other build", Detail: "more"})).Apply(t.Context(), []byte("x"), SwitchOptions{})
	if e := (*Error)(nil); !errors.As(err, &e) || !reflect.DeepEqual(*e, Error{Code: Refused, Reason: ReasonWrongBase, Message: "other build", Detail: "more"}) {
		t.Errorf("refused: %v", err)
	}
	if _, err = dial(2, answerWith(&Response{Code: Done})).Status(t.Context()); !errors.Is(err, ErrNotMessage) {
		t.Errorf("no status: %v", err)
	}
	if _, err = dial(3, func(net.Conn) {}).Hello(t.Context()); err == nil {
		t.Error("closed connection: no error")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err = dial(4, func(conn net.Conn) { io.Copy(io.Discard, conn) }).Hello(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("timeout: %v", err)
	}
	// One that answers before it reads, and hangs up.
	early := dial(5, func(conn net.Conn) {
		WriteResponse(conn, &Response{Code: Refused, Reason: ReasonNotPermitted, Message: "not you"})
	})
	if _, err = early.Apply(t.Context(), make([]byte, 8<<20), SwitchOptions{}); err == nil {
		t.Error("refused early: no error")
	}
	if _, err := Dial(t.Context(), filepath.Join(dir, "9.sock")); err == nil || !strings.Contains(err.Error(), "no program answers at ") {
		t.Errorf("no socket: %v", err)
	}
}

func TestDirectories(t *testing.T) {
	dir := socketDir(t)
	t.Setenv("XDG_RUNTIME_DIR", dir)
	if got := DefaultDir(); got != filepath.Join(dir, "gosplice") {
		t.Errorf("default directory %s", got)
	}
	if err := os.Mkdir(DefaultDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	elsewhere, err := os.MkdirTemp("/tmp", "gosplice-elsewhere-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(elsewhere)
	if dirs := SearchDirs(); !slices.Contains(dirs, DefaultDir()) || slices.Contains(dirs, elsewhere) {
		t.Errorf("search in %v", dirs)
	}
	for _, value := range []string{"", "relative", "/no/such/directory"} {
		t.Setenv("XDG_RUNTIME_DIR", value)
		if got := DefaultDir(); !strings.HasPrefix(got, "/tmp/gosplice-") {
			t.Errorf("default directory with XDG_RUNTIME_DIR=%q: %s", value, got)
		}
	}
}

func TestForeignDirectory(t *testing.T) {
	dir := socketDir(t)
	if !trusted(dir) {
		t.Error("own directory is not trusted")
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if trusted(link) {
		t.Error("a symbolic link is trusted")
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 12345, -1); err != nil {
			t.Fatal(err)
		}
		if trusted(dir) {
			t.Error("a directory that is not under its owner's name is trusted")
		}
	}
}

// A directory that the environment names is the only one: what else runs on the machine is not found.
func TestChosenDirectory(t *testing.T) {
	dir := filepath.Join(socketDir(t), "own")
	t.Setenv("GOSPLICE_SOCKETS", dir)
	if got := DefaultDir(); got != dir {
		t.Errorf("default directory %s", got)
	}
	if got := SearchDirs(); len(got) > 0 {
		t.Errorf("%v is searched, and is not there", got)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := SearchDirs(); !slices.Equal(got, []string{dir}) {
		t.Errorf("searches %v", got)
	}
	t.Setenv("GOSPLICE_SOCKETS", "relative")
	if got := DefaultDir(); got == "relative" {
		t.Error("a relative directory counts, which the program and the command would look for in different places")
	}
}

// TestFindAsksUsersInTurn: the sockets of one user, in however many directories, don't come before those of another.
func TestFindAsksUsersInTurn(t *testing.T) {
	const other = 1000
	many, more, late := socketDir(t), socketDir(t), socketDir(t)
	for _, dir := range []string{many, more} {
		for pid := 1; pid <= 20; pid++ {
			serve(t, dir, pid, nil)
		}
		if err := os.Chown(dir, other, -1); err != nil {
			t.Skipf("needs root, to have directories of other users: %v", err)
		}
	}
	for pid := 301; pid <= 303; pid++ {
		serve(t, late, pid, nil)
	}
	turns := inTurn([]string{many, "/no/such/directory", more, late})
	if len(turns) != 43 {
		t.Errorf("%d sockets", len(turns))
	}
	for i, p := range turns[:6] {
		if (p.PID > 300) != (i%2 == 1) {
			t.Errorf("%s is number %d", p.Socket, i)
		}
	}
}
