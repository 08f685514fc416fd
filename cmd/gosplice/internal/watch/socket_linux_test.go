package watch

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSocketOf: a socket is the program's if the program listens there, whatever it is called.
func TestSocketOf(t *testing.T) {
	program := exec.Command("sleep", "60")
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Process.Kill(); program.Wait() })
	dir, err := os.MkdirTemp("", "gs") // a socket has a short name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, pid := range []int{program.Process.Pid, os.Getpid()} {
		path := filepath.Join(dir, fmt.Sprint(pid, ".sock"))
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		if got, want := socketOf(pid), map[bool]string{true: path}[pid == os.Getpid()]; got != want {
			t.Errorf("the socket of process %d, at which %d listens, is %q, want %q", pid, os.Getpid(), got, want)
		}
	}
}
