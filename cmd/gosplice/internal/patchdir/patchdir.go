// Package patchdir writes, reads and removes installed patches in the directory of a program, which may belong to another
// user than the one who installs: root does not follow links there, and goes only by ways that nobody else can exchange.
package patchdir

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/files"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Dir is an open patch directory.
type Dir struct {
	root *os.Root
	path string
	// Owner is the user whose directory it is.
	Owner int
}

// Refused is an error about a directory in which programs would ignore patches, or that others can exchange.
type Refused struct{ why string }

func (r *Refused) Error() string { return r.why }

func refused(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// mostLinks is how many links may lead to a directory.
const mostLinks = 40

// Open opens a directory. The way there has to belong to root, to the user who calls, or to the owner of the directory
// itself, if the user is root.
func Open(path string) (*Dir, error) { return open(path, nil) }

// Make opens a directory, and makes it first for a user if it is not there.
func Make(path string, owner int) (*Dir, error) { return open(path, &owner) }

// step is a directory on the way.
type step struct {
	path string
	info fs.FileInfo
}

func open(path string, owner *int) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	at := filepath.VolumeName(path) + string(filepath.Separator)
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, err
	}
	w := &walk{root: root, at: at, owner: owner}
	err = w.look()
	if err == nil {
		err = w.to(strings.Split(strings.TrimPrefix(path, at), string(filepath.Separator)))
	}
	if err == nil {
		err = w.check()
	}
	if err != nil {
		w.root.Close()
		return nil, err
	}
	uid, _ := files.Owner(w.steps[len(w.steps)-1].info)
	return &Dir{root: w.root, path: path, Owner: uid}, nil
}

// walk goes to a directory, a name at a time, by what is open and not by names that others could exchange meanwhile.
type walk struct {
	root  *os.Root
	at    string
	steps []step
	links int
	owner *int // for whom it is made; nil: it has to be there
}

func (w *walk) look() error {
	info, err := w.root.Stat(".")
	if err == nil {
		w.steps = append(w.steps, step{w.at, info})
	}
	return err
}

func (w *walk) to(names []string) error {
	for len(names) > 0 {
		name := names[0]
		names = names[1:]
		if name == "" || name == "." {
			continue
		}
		if name == ".." {
			return refused("%s leads back through %s: name the directory without it", w.at, name)
		}
		full := filepath.Join(w.at, name)
		info, err := w.root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) && w.owner != nil {
			if err := w.make(name, len(names) == 0); err != nil {
				return err
			}
			info, err = w.root.Lstat(name)
		}
		switch {
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0 && len(names) == 0:
			return refused("%s is no directory: name the directory itself, not a link to it", full)
		case info.Mode()&fs.ModeSymlink != 0:
			return w.link(full, name, info, names)
		case !info.IsDir():
			return refused("%s is no directory", full)
		}
		if err := w.enter(full, name, info); err != nil {
			return err
		}
	}
	return nil
}

// enter goes into a directory that was looked at.
func (w *walk) enter(full, name string, info fs.FileInfo) error {
	next, err := w.root.OpenRoot(name)
	if err != nil {
		return err
	}
	is, err := next.Stat(".")
	if err == nil && !os.SameFile(info, is) {
		err = refused("%s was exchanged for another directory meanwhile", full)
	}
	if err != nil {
		next.Close()
		return err
	}
	w.root.Close()
	w.root, w.at = next, full
	w.steps = append(w.steps, step{full, is})
	return nil
}

// link goes on where a link leads, if it is one of root or of the user who calls.
func (w *walk) link(full, name string, info fs.FileInfo, rest []string) error {
	if owner, known := files.Owner(info); known && os.Geteuid() == 0 && owner != 0 {
		return refused("%s is a link of user %d, who may let it lead elsewhere: name the directory without it", full, owner)
	}
	if ofProcesses(w.root) {
		return refused("%s leads to the files of a process, which may be others than its text says: name the directory without it, or ask where the process sees its files", full)
	}
	if w.links++; w.links > mostLinks {
		return refused("%s: more than %d links lead on from one to the other", full, mostLinks)
	}
	to, err := w.root.Readlink(name)
	if err != nil {
		return err
	}
	if !filepath.IsAbs(to) {
		to = filepath.Join(w.at, to)
	}
	at := filepath.VolumeName(to) + string(filepath.Separator)
	root, err := os.OpenRoot(at)
	if err != nil {
		return err
	}
	w.root.Close()
	w.root, w.at = root, at
	names := strings.Split(strings.TrimPrefix(filepath.Clean(to), at), string(filepath.Separator))
	return w.to(append(names, rest...))
}

// make makes a directory: the last one for the owner alone.
func (w *walk) make(name string, last bool) error {
	mode := fs.FileMode(0o755)
	if last {
		mode = 0o700
	}
	if err := w.root.Mkdir(name, mode); err != nil {
		return err
	}
	if !last || os.Geteuid() != 0 || *w.owner == 0 {
		return nil
	}
	return w.giveAway(name)
}

// giveAway gives a directory that was made just now to the owner, who may have put something else in its place: what is no
// directory, or not empty, is not given to him.
func (w *walk) giveAway(name string) error {
	dir, err := w.root.OpenFile(name, os.O_RDONLY|files.Nonblocking, 0)
	if err != nil {
		return err
	}
	defer dir.Close()
	if names, err := dir.Readdirnames(1); err != io.EOF || len(names) > 0 {
		return refused("%s was exchanged while it was made", filepath.Join(w.at, name))
	}
	return dir.Chown(*w.owner, -1)
}

// check looks at who can exchange what is on the way, and at the directory itself.
func (w *walk) check() error {
	last := w.steps[len(w.steps)-1]
	if last.info.Mode().Perm()&0o022 != 0 {
		return refused("%s can be written by others (mode %v), so programs ignore what is in it: chmod go-w %[1]s", last.path, last.info.Mode().Perm())
	}
	owner, known := files.Owner(last.info)
	if !known || os.Geteuid() != 0 {
		return nil
	}
	for _, s := range w.steps[:len(w.steps)-1] {
		uid, _ := files.Owner(s.info)
		switch {
		case uid != 0 && uid != owner:
			return refused("%s belongs to user %d, who can exchange %s: move the patch directory to where root or user %d owns all of the way", s.path, uid, last.path, owner)
		case s.info.Mode().Perm()&0o022 != 0 && s.info.Mode()&fs.ModeSticky == 0:
			return refused("%s can be written by others (mode %v), who can exchange %s: chmod go-w %[1]s", s.path, s.info.Mode().Perm(), last.path)
		}
	}
	return nil
}

// Close closes the directory.
func (d *Dir) Close() error { return d.root.Close() }

// Path is the path of a file in the directory.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// Patches are the names of the patch files in the directory, sorted.
func (d *Dir) Patches() (names []string, err error) {
	f, err := d.root.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := f.Readdirnames(-1)
	for _, name := range all {
		if strings.HasSuffix(name, control.PatchSuffix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, err
}

// Read reads a file of the directory. It follows no link, and waits for no pipe.
func (d *Dir) Read(name string) ([]byte, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", d.Path(name))
	}
	f, err := d.root.OpenFile(name, os.O_RDONLY|files.Nonblocking, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if is, err := f.Stat(); err != nil || !os.SameFile(info, is) {
		return nil, fmt.Errorf("%s was exchanged while it was read", d.Path(name))
	}
	return io.ReadAll(io.LimitReader(f, patch.MaxFile+1))
}

// Write writes a file whole or not at all. Neither its mode nor its owner depends on who writes it: programs look at both.
func (d *Dir) Write(name string, content []byte) error {
	temp := "." + name + "." + rand.Text()[:8]
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing %s: %w", d.Path(name), err)
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(0o600)
	}
	if err == nil && os.Geteuid() == 0 && d.Owner != 0 {
		err = f.Chown(d.Owner, -1)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = d.root.Rename(temp, name)
	}
	if err != nil {
		d.root.Remove(temp)
		return fmt.Errorf("writing %s: %w", d.Path(name), err)
	}
	return nil
}

// Remove removes a file of the directory.
func (d *Dir) Remove(name string) error { return d.root.Remove(name) }
