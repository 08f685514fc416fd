// Package files reads files that others may have put there, and says who can exchange what is at a path.
package files

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Open opens a file to be read, and waits for nobody to write into it: it is for names that others choose, which may be those
// of pipes.
func Open(path string) (*os.File, error) { return os.OpenFile(path, os.O_RDONLY|Nonblocking, 0) }

// OpenRegular is Open for what is a file, and not a pipe, a device or a directory. It is looked at once it is open, so that
// nobody can exchange it in between, and before, because to open a device may do something.
func OpenRegular(path string) (*os.File, fs.FileInfo, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, nil, irregular(path, info)
	}
	return openRegular(path)
}

func openRegular(path string) (*os.File, fs.FileInfo, error) {
	f, err := Open(path)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = irregular(path, info)
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func irregular(path string, info fs.FileInfo) error { return &IrregularError{path, info.IsDir()} }

// IrregularError says that what is at a path is no file.
type IrregularError struct {
	Path string
	Dir  bool
}

func (e *IrregularError) Error() string {
	if e.Dir {
		return e.Path + " is a directory: name the file in it"
	}
	return e.Path + " is no regular file"
}

// Read reads what is at a path, up to one byte more than most: whoever looks at the length finds that it is too long.
func Read(path string, most int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most+1))
}

// ReadRegular reads a file as a whole, and no pipe, no device and none that has more than so many bytes.
func ReadRegular(path string, most int64) ([]byte, error) {
	f, info, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	long := fmt.Errorf("%s has more than %d bytes", path, most)
	if info.Size() > most {
		return nil, long
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if int64(len(text)) > most {
		return nil, long
	}
	return text, err
}

// WrittenInto reports whether a path is that of a device or a pipe, which is written into where a file is replaced. It is an
// error if another user than this one and root has put it there, or a link on the way to it, or can do so until it is opened: he would
// have root write to a disk, or wait for ever.
func WrittenInto(path string) (bool, error) {
	info, err := os.Stat(path)
	if err != nil || info.Mode().IsRegular() {
		return false, nil
	}
	if path, err = filepath.Abs(path); err != nil {
		return false, err
	}
	for range mostLinks {
		if err := Exchangeable(filepath.Dir(path)); err != nil {
			return false, fmt.Errorf("there is a pipe, a device or a directory, and %w", err)
		}
		if info, err = os.Lstat(path); err != nil {
			return false, err
		}
		if owner, known := Owner(info); known && owner != 0 && owner != os.Geteuid() {
			return false, fmt.Errorf("user %d has put a pipe, a directory or a link at %s: remove it, or choose another name with -o", owner, path)
		}
		dir, err := filepath.EvalSymlinks(filepath.Dir(path))
		if err != nil {
			return false, err
		}
		// What /dev/stdout leads to is a link to an open file, whose text may be no path.
		if info.Mode()&fs.ModeSymlink == 0 || strings.HasPrefix(dir, "/proc/") {
			return true, nil
		}
		if path, err = follow(path); err != nil {
			return false, err
		}
	}
	return false, fmt.Errorf("%s: more than %d links lead on from one to the other", path, mostLinks)
}

// follow is where a link leads.
func follow(link string) (string, error) {
	to, err := os.Readlink(link)
	switch {
	case err != nil:
		return "", err
	case leadsBack(to) || !filepath.IsAbs(to) && strings.HasPrefix(to, ".."):
		return "", fmt.Errorf("%s is a link to %s, which leads back: name what it leads to", link, to)
	case !filepath.IsAbs(to):
		to = filepath.Join(filepath.Dir(link), to)
	}
	return to, nil
}

// mostLinks is how many links may lead to a directory.
const mostLinks = 40

// Exchangeable is an error if others than this user and root can put something else in the place of what is in a directory:
// all of the way there has to belong to one of the two, and to be writable for nobody else, unless the owner alone may
// remove and rename what is in it (the sticky bit). It knows nothing where the system knows of no owners.
func Exchangeable(dir string) error {
	if leadsBack(dir) {
		return fmt.Errorf("%s leads back, past links perhaps: name the directory with no .. in it", dir)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	links := 0
	return way(dir, &links)
}

// leadsBack reports a path with .. behind a name, where it means something else if the name is a link.
func leadsBack(path string) bool {
	names := strings.Split(filepath.ToSlash(path), "/")
	for len(names) > 0 && names[0] == ".." {
		names = names[1:]
	}
	return slices.Contains(names, "..")
}

func way(dir string, links *int) error {
	at := filepath.VolumeName(dir) + string(filepath.Separator)
	names := strings.Split(strings.TrimPrefix(filepath.Clean(dir), at), string(filepath.Separator))
	for i, name := range append([]string{""}, names...) {
		at = filepath.Join(at, name)
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		owner, known := Owner(info)
		if !known {
			return nil
		}
		if owner != 0 && owner != os.Geteuid() {
			return fmt.Errorf("%s belongs to user %d, who can exchange what is in it: choose a way that root or user %d owns", at, owner, os.Geteuid())
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0 {
				return fmt.Errorf("%s can be written by others (mode %v), who can exchange what is in it: chmod go-w %[1]s", at, info.Mode().Perm())
			}
			continue
		}
		if *links++; *links > mostLinks {
			return fmt.Errorf("%s: more than %d links lead on from one to the other", at, mostLinks)
		}
		to, err := os.Readlink(at)
		if err != nil {
			return err
		}
		if leadsBack(to) {
			return fmt.Errorf("%s is a link to %s, which leads back: name the directory without it", at, to)
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(at), to)
		}
		return way(filepath.Join(append([]string{to}, names[i:]...)...), links)
	}
	return nil
}
