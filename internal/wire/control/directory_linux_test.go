package control

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestDirectoryOfAnotherUser has another user make a user's directory first.
func TestDirectoryOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a directory away")
	}
	old := shared
	t.Cleanup(func() { shared = old })
	var err error
	if shared, err = os.MkdirTemp("", "gs"); err != nil { // the path of a socket has to be short
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(shared) })
	t.Setenv(SocketsVariable, "")
	t.Setenv("XDG_RUNTIME_DIR", "")
	const other = 12345
	first := sharedDir("0")
	if got := SharedDir(); got != first {
		t.Fatalf("%s in place of %s", got, first)
	}
	make := func(dir string, owner int) {
		t.Helper()
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, owner, -1); err != nil {
			t.Fatal(err)
		}
	}
	make(first, other)
	make(first+"-AAAA", other)
	second := DefaultDir()
	if !strings.HasPrefix(second, first+"-") || len(second) != len(first)+1+secondName || second == DefaultDir() {
		t.Fatalf("the second name %s can be guessed", second)
	}
	make(second, 0)
	if got := DefaultDir(); got != second {
		t.Errorf("the next program listens in %s, not in %s", got, second)
	}
	make(sharedDir(strconv.Itoa(other)), other)
	make(sharedDir(strconv.Itoa(other))+"-BBBB", other)
	make(sharedDir(strconv.Itoa(other))+"-CCCC", 0)
	dirs := SearchDirs()
	for dir, want := range map[string]bool{first: false, first + "-AAAA": false, second: true,
		sharedDir(strconv.Itoa(other)): true, sharedDir(strconv.Itoa(other)) + "-BBBB": true, sharedDir(strconv.Itoa(other)) + "-CCCC": false} {
		if slices.Contains(dirs, dir) != want {
			t.Errorf("%s is searched: %t", dir, !want)
		}
	}
	socket := filepath.Join(second, strconv.Itoa(os.Getpid())+socketSuffix)
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if got, err := FindPID(dirs, os.Getpid()); got != socket || err != nil {
		t.Errorf("found %q, %v", got, err)
	}
	// In a directory of the other's nobody is believed who is not that user.
	fake := filepath.Join(sharedDir(strconv.Itoa(other))+"-BBBB", strconv.Itoa(os.Getpid())+socketSuffix)
	f, err := net.Listen("unix", fake)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := Listens(fake); err == nil {
		t.Error("a listener is believed in the directory of another user")
	}
}
