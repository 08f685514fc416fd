package watch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/wire/files"
)

// space is a directory for what the loop writes: programs, records, and temporary files of all that it
// runs. It has the same name each time that a program is watched, so that what a killed loop has left behind is
// removed by the next one.
type space struct {
	dir  string
	lock *os.File
	// environ is the environment as it was, for the program.
	environ []string
	current string // directory of the build that runs
}

// tries bounds how many loops may watch one program at a time.
const tries = 100

// errLocked is returned by lock for a file that another loop has locked.
var errLocked = errors.New("another command has it")

// openSpace takes a directory that no other loop uses.
func openSpace(c *gotool.Command) (*space, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("no place for the program that is watched: %w", err)
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256([]byte(strings.Join(append([]string{dir}, c.Packages...), "\x00")))
	base := filepath.Join(cache, "gosplice", "watch", hex.EncodeToString(id[:6]))
	for n := range tries {
		s := &space{dir: fmt.Sprintf("%s-%d", base, n), environ: os.Environ()}
		switch err := s.take(); {
		case errors.Is(err, errLocked):
			continue
		case err != nil:
			return nil, fmt.Errorf("no place for the program that is watched: %w", err)
		}
		return s, nil
	}
	return nil, fmt.Errorf("%d commands watch this program already", tries)
}

// take locks the directory, empties it, and has temporary files written there.
func (s *space) take() error {
	if err := ownWay(s.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := lock(filepath.Join(s.dir, "lock"))
	if err != nil {
		return err
	}
	s.lock = f
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != "lock" {
			if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	tmp := filepath.Join(s.dir, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		return err
	}
	return os.Setenv("TMPDIR", tmp)
}

// ownWay refuses a directory that another user has there, or can put there: all that is in it is removed, and what is built there
// is run. Root may have the HOME of somebody else.
func ownWay(dir string) error {
	if info, err := os.Lstat(dir); err == nil {
		owner, known := files.Owner(info)
		switch {
		case !info.IsDir():
			return fmt.Errorf("%s is no directory: remove it", dir)
		case known && owner != os.Geteuid():
			return fmt.Errorf("%s belongs to user %d: remove it, or choose another cache with XDG_CACHE_HOME", dir, owner)
		}
	}
	if os.Geteuid() != 0 {
		return nil
	}
	for {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		dir = filepath.Dir(dir)
	}
	if err := files.Exchangeable(dir); err != nil {
		return fmt.Errorf("%w (HOME and XDG_CACHE_HOME say where the cache is)", err)
	}
	return nil
}

// next is a new directory for a build.
func (s *space) next(generation int) (string, error) {
	dir := filepath.Join(s.dir, fmt.Sprint(generation))
	return dir, os.Mkdir(dir, 0o700)
}

// adopt makes dir the build that runs, and removes the one before.
func (s *space) adopt(dir string) {
	if s.current != "" {
		os.RemoveAll(s.current)
	}
	s.current = dir
}

// record is the record of the build that runs.
func (s *space) record() string {
	found, _ := filepath.Glob(filepath.Join(s.current, "*.gsr"))
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// leave ends the use of the directory and keeps the build that runs in it.
func (s *space) leave() error {
	os.RemoveAll(filepath.Join(s.dir, "tmp"))
	return s.lock.Close()
}

// remove removes the directory.
func (s *space) remove() error {
	err := os.RemoveAll(s.dir)
	return errors.Join(err, s.lock.Close())
}
