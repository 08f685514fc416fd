package demo

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/examples/arena/edits"
	"github.com/gosplice/gosplice/internal/wire/files"
)

const module = "github.com/gosplice/gosplice"

var errNoSources = errors.New("the demo builds its game server from the sources of gosplice, and they are not here: " +
	"run it in a checkout, by go run ./cmd/gosplice demo")

// checkout finds the sources of gosplice: those that this command was built from, unless somebody else can have put them
// there, or those of this command's version. What the directory where one stands says of modules does not count.
func checkout(ctx context.Context) (dir string, err error) {
	if dir := edits.Checkout(); isCheckout(dir) && ownFiles(dir) {
		return dir, nil
	}
	if dir := versionsSources(ctx); isCheckout(dir) {
		return dir, nil
	}
	return "", errors.Join(ctx.Err(), errNoSources)
}

// versionsSources is where the go command keeps the version of the library with which this command
// was built.
func versionsSources(ctx context.Context) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	i := slices.IndexFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module })
	if i < 0 || info.Deps[i].Version == "(devel)" {
		return ""
	}
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", module+"@"+info.Deps[i].Version).Output()
	if err != nil {
		return ""
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		return ""
	}
	return found.Dir
}

// inModuleCache reports whether dir is a version that the go command has downloaded.
func inModuleCache(ctx context.Context, dir string) bool {
	cache, err := exec.CommandContext(ctx, "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(strings.TrimSpace(string(cache)), dir)
	return err == nil && filepath.IsLocal(rel)
}

// ownFiles reports whether nobody else can have put files into dir, nor made it, or one stands in it: who runs the command
// of a checkout there has chosen it.
func ownFiles(dir string) bool {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(dir, here); err == nil && filepath.IsLocal(rel) {
			return true
		}
	}
	return files.Exchangeable(dir) == nil
}

// isCheckout says whether the sources that the demo needs are in dir.
func isCheckout(dir string) bool {
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "examples", "arena", "main.go"))
	return err == nil
}
