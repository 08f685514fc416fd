package control

import (
	"crypto/rand"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/files"
)

// SocketsVariable is the environment variable that names the directory of sockets.
const SocketsVariable = "GOSPLICE_SOCKETS"

const (
	dirName      = "gosplice"
	socketSuffix = ".sock"
	// maxSocketPath is what fits into a socket address on Linux, in bytes.
	maxSocketPath = 107
)

// DefaultDir is where a program of this user listens unless it names a directory: $GOSPLICE_SOCKETS, or
// gosplice in $XDG_RUNTIME_DIR, or SharedDir when neither is set to an absolute path, and the second
// to a directory of this user's.
func DefaultDir() string {
	if dir := chosenDir(); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && ownedBy(dir, os.Geteuid()) {
		return filepath.Join(dir, dirName)
	}
	return SharedDir()
}

// SharedDir is the directory of this user's that does not depend on the environment: /tmp/gosplice-UID, or where somebody else has
// made that first, one that begins with this name and that nobody can guess.
func SharedDir() string {
	dir := sharedDir(strconv.Itoa(os.Geteuid()))
	if !taken(dir) {
		return dir
	}
	seconds, _ := filepath.Glob(dir + "-*") // the pattern is well formed
	for _, second := range seconds {
		if trusted(second) {
			return second
		}
	}
	return dir + "-" + rand.Text()[:secondName]
}

// secondName is how many random characters a second name has.
const secondName = 12

// taken reports what somebody else has put in a place.
func taken(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil {
		return false
	}
	owner, known := files.Owner(info)
	return known && owner != os.Geteuid()
}

// chosenDir is the directory that the environment names, or "".
func chosenDir() string {
	if dir := os.Getenv(SocketsVariable); filepath.IsAbs(dir) {
		return dir
	}
	return ""
}

func sharedDir(uid string) string { return filepath.Join(shared, dirName+"-"+uid) }

// shared is where everybody can make directories, and nobody can remove those of others. It is a variable for tests.
var shared = "/tmp"

func runtimeDir(uid string) string { return filepath.Join("/run/user", uid, dirName) }

// SocketPath is where the program with the given process ID listens in dir.
func SocketPath(dir string, pid int) (string, error) {
	path := filepath.Join(dir, strconv.Itoa(pid)+socketSuffix)
	if len(path) > maxSocketPath {
		return "", fmt.Errorf("socket %s has %d bytes in its path, the system allows %d: choose a shorter directory", path, len(path), maxSocketPath)
	}
	return path, nil
}

// SearchDirs are the directories in which programs may listen that this user can patch: their own,
// and for root those of everyone; only the one that $GOSPLICE_SOCKETS names, if it is set.
func SearchDirs() []string {
	if dir := chosenDir(); dir != "" {
		return slices.DeleteFunc([]string{dir}, func(dir string) bool { return !trusted(dir) })
	}
	uid := strconv.Itoa(os.Geteuid())
	if uid == "0" {
		uid = "*"
	}
	dirs := []string{DefaultDir()}
	for _, pattern := range []string{runtimeDir(uid), sharedDir(uid), sharedDir(uid) + "-*"} {
		found, _ := filepath.Glob(pattern) // the pattern is well formed
		dirs = append(dirs, slices.DeleteFunc(found, func(dir string) bool { return !namedAfterOwner(dir) })...)
	}
	slices.Sort(dirs)
	dirs = slices.Compact(dirs)
	return slices.DeleteFunc(dirs, func(dir string) bool { return !trusted(dir) })
}

// trusted says whether what listens in dir is what it says it is. Anybody can make a directory
// in /tmp, under a name that belongs to somebody else.
func trusted(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	owner, known := files.Owner(info)
	return known && (owner == os.Geteuid() || os.Geteuid() == 0 && namedAfterOwner(dir))
}

// namedAfterOwner reports a directory that has its owner's name: for root many others match.
func namedAfterOwner(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil {
		return false
	}
	owner, known := files.Owner(info)
	uid := strconv.Itoa(owner)
	return known && (dir == runtimeDir(uid) || dir == sharedDir(uid) || strings.HasPrefix(dir, sharedDir(uid)+"-"))
}

func ownedBy(dir string, uid int) bool {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	owner, known := files.Owner(info)
	return known && owner == uid
}

// Sockets are the sockets in dir with the process IDs in their names. A directory that is not
// there has none.
func Sockets(dir string) (map[int]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, nil
		}
		return nil, err
	}
	sockets := make(map[int]string)
	for _, e := range entries {
		if pid, ok := SocketPID(e.Name()); ok && e.Type()&fs.ModeSocket != 0 {
			sockets[pid] = filepath.Join(dir, e.Name())
		}
	}
	return sockets, nil
}
