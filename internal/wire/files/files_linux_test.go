package files

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// within fails if a function waits.
func within(t *testing.T, what string, do func()) {
	t.Helper()
	done := make(chan bool)
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		t.Fatal(what, " waits")
	}
}

// TestPipes reads pipes that nobody writes to, also one that was put in the place of a file after that was looked at.
func TestPipes(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	within(t, "OpenRegular", func() {
		if _, _, err := OpenRegular(pipe); err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("error %v", err)
		}
	})
	within(t, "a reader for which it was a file", func() {
		if _, _, err := openRegular(pipe); err == nil || !strings.Contains(err.Error(), "no regular file") {
			t.Errorf("error %v", err)
		}
	})
	within(t, "Read", func() {
		if b, err := Read(pipe, 10); err != nil || len(b) != 0 {
			t.Errorf("%q, %v", b, err)
		}
	})
	within(t, "ReadRegular", func() {
		for path, says := range map[string]string{pipe: "no regular file", "/dev/zero": "no regular file", "/proc/self/exe": "more than 10 bytes"} {
			if _, err := ReadRegular(path, 10); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s: error %v", path, err)
			}
		}
	})
	if _, _, err := OpenRegular(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("error %v", err)
	}
}

// What is written into a pipe is read to its end, also if the writer takes its time.
func TestPipeOfAWriter(t *testing.T) {
	r, w, err := os.Pipe()
	must(t, err)
	defer r.Close()
	go func() {
		time.Sleep(50 * time.Millisecond)
		w.WriteString("a patch")
		time.Sleep(50 * time.Millisecond)
		w.WriteString(" in parts")
		w.Close()
	}()
	b, err := Read(fdPath(r), 100)
	if err != nil || string(b) != "a patch in parts" {
		t.Errorf("%q, %v", b, err)
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, []byte("0123456789"), 0o600))
	if b, err := Read(file, 4); err != nil || string(b) != "01234" {
		t.Errorf("%q, %v", b, err)
	}
}

// fdPath is a name for what is open.
func fdPath(f *os.File) (path string) {
	raw, err := f.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { path = fmt.Sprintf("/proc/self/fd/%d", fd) })
	}
	return path
}

// TestExchangeable looks at ways that others can change, and at those that they can't.
func TestExchangeable(t *testing.T) {
	top := t.TempDir()
	path := func(name string) string { return filepath.Join(top, name) }
	for name, mode := range map[string]os.FileMode{
		"own": 0o755, "own/deep": 0o700, "wide": 0o777, "wide/deep": 0o700, "group": 0o775, "sticky": 0o777 | os.ModeSticky, "sticky/deep": 0o700, "foreign": 0o755, "foreign/deep": 0o700,
	} {
		must(t, os.MkdirAll(path(name), 0o700))
		must(t, os.Chmod(path(name), mode))
	}
	must(t, os.Symlink(path("own"), path("good")))
	must(t, os.Symlink("wide/deep", path("sticky/bad")))
	must(t, os.Symlink("../wide", path("own/bad")))
	must(t, os.Symlink("loop", path("loop")))
	must(t, os.Symlink("own/../wide", path("back")))
	cases := map[string]string{
		"own": "", "own/deep": "", "sticky": "", "sticky/deep": "", "good": "", "good/deep": "",
		"wide": "chmod go-w " + path("wide"), "wide/deep": "chmod go-w " + path("wide"), "group": "chmod go-w", "own/bad": "chmod go-w", "own/bad/deep": "chmod go-w",
		"loop": "links lead on", "back": "leads back", "none": "no such file", "own/../own": "",
	}
	if os.Geteuid() == 0 {
		must(t, os.Chown(path("foreign"), 12345, -1))
		must(t, os.Symlink(path("own"), path("theirs")))
		must(t, os.Lchown(path("theirs"), 12345, -1))
		cases["foreign"], cases["foreign/deep"], cases["theirs"] = "belongs to user 12345", "belongs to user 12345", "belongs to user 12345"
	}
	for name, says := range cases {
		err := Exchangeable(path(name))
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Exchangeable(path("own") + "/../own"); err == nil {
		t.Error("a way back past a name is taken")
	}
}

// TestWrittenInto: where another user has put a link to a device, or a pipe, nothing is written and nobody waits. Own ones
// and those of root are written to, such as /dev/stdout.
func TestWrittenInto(t *testing.T) {
	const other = 1000
	dir := t.TempDir()
	link, pipe, file := filepath.Join(dir, "link"), filepath.Join(dir, "pipe"), filepath.Join(dir, "file")
	err := errors.Join(os.Symlink("/dev/null", link), syscall.Mkfifo(pipe, 0o666), os.WriteFile(file, nil, 0o666))
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	open := fmt.Sprint("/dev/fd/", write.Fd())
	for path, want := range map[string]bool{link: true, pipe: true, file: false, "/dev/null": true, open: true, filepath.Join(dir, "none"): false} {
		if into, err := WrittenInto(path); into != want || err != nil {
			t.Errorf("%s: %v, %v", path, into, err)
		}
	}
	wide := filepath.Join(dir, "wide")
	must(t, os.Mkdir(wide, 0o700))
	must(t, os.Chmod(wide, 0o777))
	must(t, os.Symlink("/dev/null", filepath.Join(wide, "link")))
	if into, err := WrittenInto(filepath.Join(wide, "link")); into || err == nil || !strings.Contains(err.Error(), "chmod go-w "+wide) {
		t.Errorf("a link that others can exchange: %v, %v", into, err)
	}
	on := filepath.Join(dir, "on")
	must(t, os.Symlink(filepath.Join(wide, "link"), on))
	if into, err := WrittenInto(on); into || err == nil || !strings.Contains(err.Error(), "chmod go-w "+wide) {
		t.Errorf("a link to a link that others can exchange: %v, %v", into, err)
	}
	for _, path := range []string{link, pipe, file} {
		if err := os.Lchown(path, other, -1); err != nil {
			t.Skipf("needs root, to make files of other users: %v", err)
		}
		if into, err := WrittenInto(path); into || (err == nil) != (path == file) {
			t.Errorf("%s of another user: %v, %v", path, into, err)
		}
	}
}
