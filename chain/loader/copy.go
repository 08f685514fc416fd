package loader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/gosplice/gosplice/internal/wire/files"
)

// copyPrefix begins the names of copies: then come the process ID and a number.
const copyPrefix = "gosplice-chain-"

// openCopy opens a plugin through a copy of its own, which is removed again. So what is opened is what
// was checked, Go does not take it for another one that was opened from the same path, and whoever
// overwrites the user's file does not overwrite code that runs.
func openCopy(plugin []byte, dirs []string) (any, error) {
	path, err := writeCopy(plugin, dirs)
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	return openPlugin(path)
}

// writeCopy writes a plugin into the first of the directories that takes it, lets code be mapped, and in which nobody else can
// exchange it before it is opened.
func writeCopy(plugin []byte, dirs []string) (string, error) {
	var tried []string
	for _, dir := range dirs {
		path, err := writeTo(plugin, dir)
		if err == nil {
			return path, nil
		}
		tried = append(tried, fmt.Sprintf("%s: %s", dir, reasonOf(err)))
	}
	return "", fmt.Errorf("no directory for a copy of the plugin: %s: choose one with chain.WithPluginDir that can be written and is not mounted noexec", strings.Join(tried, "; "))
}

// reasonOf leaves out the name of the file that an error is about.
func reasonOf(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func writeTo(plugin []byte, dir string) (path string, err error) {
	if err := mapsCode(dir); err != nil {
		return "", err
	}
	if err := files.Exchangeable(dir); err != nil {
		return "", err
	}
	removeLeftovers(dir)
	f, err := os.CreateTemp(dir, copyPrefix+strconv.Itoa(os.Getpid())+"-*.so")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	_, err = f.Write(plugin)
	return f.Name(), errors.Join(err, f.Close())
}

// leftBehind is the age from which a copy can't be about to be opened. Containers that share a directory
// don't see each other's processes.
const leftBehind = 10 * time.Minute

// removeLeftovers removes the copies of processes that were killed while they opened one.
func removeLeftovers(dir string) {
	names, _ := filepath.Glob(filepath.Join(dir, copyPrefix+"*-*.so")) // the pattern is well formed
	for _, name := range names {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), copyPrefix), "-")
		n, err := strconv.Atoi(pid)
		if err != nil || n <= 0 || alive(n) {
			continue
		}
		if info, err := os.Lstat(name); err == nil && time.Since(info.ModTime()) > leftBehind {
			os.Remove(name)
		}
	}
}
