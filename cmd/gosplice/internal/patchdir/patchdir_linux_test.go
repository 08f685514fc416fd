package patchdir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/files"
)

const other = 1000 // a user

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ownerOf(t *testing.T, name string) int {
	t.Helper()
	info, err := os.Lstat(name)
	must(t, err)
	uid, _ := files.Owner(info)
	return uid
}

// needRoot leaves a test out that is about what root must not do.
func needRoot(t *testing.T) {
	t.Helper()
	if err := os.Chown(t.TempDir(), other, -1); err != nil {
		t.Skipf("needs root: %v", err)
	}
}

func TestWriteReadRemove(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "patches")
	if _, err := Open(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory that is not there: %v", err)
	}
	d, err := Make(dir, os.Geteuid())
	must(t, err)
	defer d.Close()
	for _, content := range []string{"first", "second"} {
		must(t, d.Write("x.gsp", []byte(content)))
		if got, err := d.Read("x.gsp"); string(got) != content {
			t.Errorf("read %q, %v", got, err)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "other.txt"), nil, 0o600))
	info, err := os.Stat(d.Path("x.gsp"))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if names, err := d.Patches(); fmt.Sprint(names) != "[x.gsp]" {
		t.Errorf("patches %v, %v", names, err)
	}
	must(t, d.Remove("x.gsp"))
	all, err := os.ReadDir(dir)
	if err != nil || len(all) != 1 {
		t.Errorf("left are %v, %v", all, err)
	}
}

// TestLinksAndPipes: what the owner of the directory puts there leads nobody elsewhere.
func TestLinksAndPipes(t *testing.T) {
	top := t.TempDir()
	victim := filepath.Join(top, "victim")
	must(t, os.WriteFile(victim, []byte("secret"), 0o640))
	dir := filepath.Join(top, "patches")
	must(t, os.Mkdir(dir, 0o700))
	d, err := Open(dir)
	must(t, err)
	defer d.Close()
	must(t, os.Symlink(victim, d.Path("x.gsp")))
	must(t, syscall.Mkfifo(d.Path("pipe.gsp"), 0o600))
	for _, name := range []string{"x.gsp", "pipe.gsp"} {
		done := make(chan error, 1)
		go func() {
			_, err := d.Read(name)
			done <- err
		}()
		select {
		case err := <-done:
			if err == nil {
				t.Errorf("%s was read", name)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s blocks", name)
		}
		must(t, d.Write(name, []byte("patch")))
		if info, err := os.Lstat(d.Path(name)); err != nil || !info.Mode().IsRegular() {
			t.Errorf("%s is %v, %v", name, info, err)
		}
	}
	text, err := os.ReadFile(victim)
	if info, _ := os.Stat(victim); string(text) != "secret" || info.Mode() != 0o640 {
		t.Errorf("the file that the link led to is %q, %v, %v", text, info.Mode(), err)
	}
}

// TestExchanged: the owner exchanges the new file for a link to one of root while it is written.
func TestExchanged(t *testing.T) {
	needRoot(t)
	top := t.TempDir()
	must(t, os.Chmod(top, 0o755))
	victim, dir := filepath.Join(top, "victim"), filepath.Join(top, "patches")
	must(t, os.WriteFile(victim, nil, 0o600))
	d, err := Make(dir, other)
	must(t, err)
	defer d.Close()
	if d.Owner != other || ownerOf(t, dir) != other {
		t.Fatalf("the directory belongs to %d", ownerOf(t, dir))
	}
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
			}
			names, _ := filepath.Glob(filepath.Join(dir, ".*"))
			for _, name := range append(names, d.Path("x.gsp")) {
				os.Remove(name)
				os.Symlink(victim, name)
			}
		}
	}()
	for range 300 {
		d.Write("x.gsp", []byte("patch")) // may fail
		if uid := ownerOf(t, victim); uid != 0 {
			t.Fatalf("the file of root belongs to user %d", uid)
		}
	}
	close(stop)
	<-stopped
}

// TestGivesAwayWhatItMade: the owner of the directory above has put something of root's in the place of what root made there.
func TestGivesAwayWhatItMade(t *testing.T) {
	needRoot(t)
	top := t.TempDir()
	must(t, os.Mkdir(filepath.Join(top, "full"), 0o700))
	must(t, os.WriteFile(filepath.Join(top, "full", "secret"), nil, 0o600))
	must(t, os.WriteFile(filepath.Join(top, "file"), nil, 0o600))
	must(t, syscall.Mkfifo(filepath.Join(top, "pipe"), 0o600))
	must(t, os.Symlink("full", filepath.Join(top, "link")))
	must(t, os.Mkdir(filepath.Join(top, "made"), 0o700))
	root, err := os.OpenRoot(top)
	must(t, err)
	defer root.Close()
	to := other
	w := &walk{root: root, at: top, owner: &to}
	for _, name := range []string{"full", "file", "pipe", "link", "made"} {
		err := w.giveAway(name)
		if r := (*Refused)(nil); (name == "made") != (err == nil) || err != nil && !errors.As(err, &r) {
			t.Errorf("%s: %v", name, err)
		}
		if uid := ownerOf(t, filepath.Join(top, name)); (uid == other) != (name == "made") {
			t.Errorf("%s belongs to user %d", name, uid)
		}
	}
	if uid := ownerOf(t, filepath.Join(top, "full")); uid != 0 {
		t.Errorf("the directory of root belongs to user %d", uid)
	}
}

// TestWays are ways to a directory that others can exchange.
func TestWays(t *testing.T) {
	needRoot(t)
	for name, c := range map[string]struct {
		make func(top string) string
		want string // in the error; "" for none
	}{
		"all root's": {func(top string) string { return filepath.Join(top, "a", "b") }, ""},
		"the user's below root's": {func(top string) string {
			must(t, os.Mkdir(filepath.Join(top, "home"), 0o755))
			must(t, os.Chown(filepath.Join(top, "home"), other, -1))
			dir := filepath.Join(top, "home", "patches")
			must(t, os.Mkdir(dir, 0o700))
			must(t, os.Chown(dir, other, -1))
			return dir
		}, ""},
		"root's below a user's": {func(top string) string {
			must(t, os.MkdirAll(filepath.Join(top, "home", "patches"), 0o755))
			must(t, os.Chown(filepath.Join(top, "home"), other, -1))
			return filepath.Join(top, "home", "patches")
		}, "who can exchange"},
		"a user's below another's": {func(top string) string {
			dir := filepath.Join(top, "home", "patches")
			must(t, os.MkdirAll(dir, 0o755))
			must(t, os.Chown(filepath.Join(top, "home"), other+1, -1))
			must(t, os.Chown(dir, other, -1))
			return dir
		}, "who can exchange"},
		"below one that all may write": {func(top string) string {
			must(t, os.Mkdir(filepath.Join(top, "all"), 0o777))
			must(t, os.Chmod(filepath.Join(top, "all"), 0o777))
			return filepath.Join(top, "all", "patches")
		}, "written by others"},
		"below a sticky one": {func(top string) string {
			must(t, os.Mkdir(filepath.Join(top, "tmp"), 0o777))
			must(t, os.Chmod(filepath.Join(top, "tmp"), 0o777|fs.ModeSticky))
			return filepath.Join(top, "tmp", "patches")
		}, ""},
		"one that others may write": {func(top string) string {
			must(t, os.Mkdir(filepath.Join(top, "patches"), 0o777))
			must(t, os.Chmod(filepath.Join(top, "patches"), 0o770))
			return filepath.Join(top, "patches")
		}, "programs ignore what is in it"},
		"by a link of root": {func(top string) string {
			must(t, os.Mkdir(filepath.Join(top, "real"), 0o755))
			must(t, os.Symlink("real", filepath.Join(top, "link")))
			return filepath.Join(top, "link", "patches")
		}, ""},
		"by a link of a user": {func(top string) string {
			must(t, os.Mkdir(filepath.Join(top, "etc"), 0o755))
			must(t, os.Symlink("etc", filepath.Join(top, "link")))
			must(t, os.Lchown(filepath.Join(top, "link"), other, -1))
			return filepath.Join(top, "link", "patches")
		}, "is a link of user 1000"},
		"a link": {func(top string) string {
			must(t, os.Mkdir(filepath.Join(top, "real"), 0o700))
			must(t, os.Symlink("real", filepath.Join(top, "patches")))
			return filepath.Join(top, "patches")
		}, "not a link to it"},
		"links in a circle": {func(top string) string {
			must(t, os.Symlink("link", filepath.Join(top, "link")))
			return filepath.Join(top, "link", "patches")
		}, "links lead on"},
		"a file": {func(top string) string {
			must(t, os.WriteFile(filepath.Join(top, "patches"), nil, 0o600))
			return filepath.Join(top, "patches")
		}, "is no directory"},
	} {
		t.Run(name, func(t *testing.T) {
			top := t.TempDir()
			must(t, os.Chmod(top, 0o755))
			dir := c.make(top)
			d, err := Make(dir, 0)
			if err == nil {
				defer d.Close()
				must(t, d.Write("x.gsp", []byte("patch")))
				if got, want := ownerOf(t, d.Path("x.gsp")), ownerOf(t, dir); got != want {
					t.Errorf("the patch belongs to %d, its directory to %d", got, want)
				}
			}
			if (err == nil) != (c.want == "") || err != nil && (!strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestWayThroughAProcess: where a process has its root is not where the link to that says, if it is in a container.
func TestWayThroughAProcess(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	ways := []string{"/proc/self/root", fmt.Sprintf("/proc/%d/root", os.Getpid())}
	elsewhere := t.TempDir() // as containers have that of their host
	if err := syscall.Mount("/proc", elsewhere, "", syscall.MS_BIND, ""); err == nil {
		defer syscall.Unmount(elsewhere, syscall.MNT_DETACH)
		ways = append(ways, filepath.Join(elsewhere, "self/root"))
	} else if os.Geteuid() == 0 {
		t.Logf("nothing can be mounted here: %v", err)
	}
	for _, way := range ways {
		d, err := Make(filepath.Join(way, dir, "patches"), os.Geteuid())
		if err == nil {
			d.Close()
		}
		if r := (*Refused)(nil); !errors.As(err, &r) || !strings.Contains(err.Error(), "leads to the files of a process") {
			t.Errorf("by %s: %v", way, err)
		}
		if _, err := os.Lstat(filepath.Join(dir, "patches")); err == nil {
			t.Errorf("by %s: the directory was made", way)
		}
	}
}
