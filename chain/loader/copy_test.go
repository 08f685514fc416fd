package loader

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestCopiesOfTheDead leaves nothing of processes that were killed while they opened a plugin.
func TestCopiesOfTheDead(t *testing.T) {
	if err := mapsCode(t.TempDir()); err != nil {
		t.Skip("the directory for temporary files can't hold plugins: ", err)
	}
	dir := t.TempDir()
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	fresh := copyPrefix + strconv.Itoa(dead.ProcessState.Pid()) + "-fresh.so"
	names := map[string]bool{
		copyPrefix + strconv.Itoa(dead.ProcessState.Pid()) + "-123.so": false,
		fresh: true, // of a process in another container, perhaps
		copyPrefix + strconv.Itoa(os.Getpid()) + "-123.so": true,
		copyPrefix + "x-1.so":                              true,
		"other.so":                                         true,
	}
	for name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if then := time.Now().Add(-2 * leftBehind); name != fresh {
			if err := os.Chtimes(filepath.Join(dir, name), then, then); err != nil {
				t.Fatal(err)
			}
		}
	}
	path, err := writeCopy([]byte("plugin"), []string{"/proc", "/nowhere", dir})
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || !bytes.Equal(content, []byte("plugin")) {
		t.Errorf("%q, %v", content, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for name, stays := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoDirectoryForACopy(t *testing.T) {
	_, err := writeCopy([]byte("plugin"), []string{"/proc", "/nowhere"})
	if err == nil || !strings.Contains(err.Error(), "/proc: ") || !strings.Contains(err.Error(), "chain.WithPluginDir") {
		t.Error(err)
	}
}

// TestWhatIsMapped tells a file that is mapped from one that is not.
func TestWhatIsMapped(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if !isMapped(exe) || isMapped(exe+".other") {
		t.Error("the test's own program is not mapped, or another one is")
	}
	// What is mapped has the name that links lead to.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(exe), link); err != nil {
		t.Fatal(err)
	}
	if !isMapped(filepath.Join(link, filepath.Base(exe))) {
		t.Error("the test's own program is not mapped when a link leads to it")
	}
}

// TestOpenFailsCleanly opens what the system does not map: nothing is left behind.
func TestOpenFailsCleanly(t *testing.T) {
	if err := supported(); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	_, err := openCopy([]byte("no plugin"), []string{dir})
	if err == nil {
		t.Fatal("it was opened")
	}
	if _, stuck := err.(*stuckError); stuck {
		t.Errorf("%v counts as stuck", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestNoCopyThatOthersExchange tries directories in which others could put another plugin in the place of the copy.
func TestNoCopyThatOthersExchange(t *testing.T) {
	if err := mapsCode(t.TempDir()); err != nil {
		t.Skip("the directory for temporary files can't hold plugins: ", err)
	}
	dir := t.TempDir()
	for _, mode := range []os.FileMode{0o777, 0o775} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		below := filepath.Join(dir, "below")
		if err := os.MkdirAll(below, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{dir, below} {
			if _, err := writeCopy([]byte("plugin"), []string{d}); err == nil || !strings.Contains(err.Error(), "who can exchange") {
				t.Errorf("%s with mode %v: %v", d, mode, err)
			}
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.so")); len(left) > 0 {
		t.Errorf("%v was written", left)
	}
	if err := os.Chmod(dir, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	if _, err := writeCopy([]byte("plugin"), []string{dir}); err != nil {
		t.Errorf("in a directory like /tmp: %v", err)
	}
}
