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
)

const module = "github.com/gosplice/gosplice"

var errNoSources = errors.New("the demo builds its game server from the sources of gosplice, and they are not here: " +
	"run it in a checkout, by go run ./cmd/gosplice demo")

// checkout finds the sources of gosplice, best first: those that this command was built from,
// those that the module in the current directory uses, or those of this command's version.
func checkout(ctx context.Context) (dir string, err error) {
	own := func(context.Context) string { return edits.Checkout() }
	for _, find := range []func(context.Context) string{own, modulesSources, versionsSources} {
		if dir := find(ctx); isCheckout(dir) {
			return dir, nil
		}
	}
	return "", errors.Join(ctx.Err(), errNoSources)
}

// modulesSources asks the go command, in the current directory.
func modulesSources(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
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

// isCheckout says whether the sources that the demo needs are in dir.
func isCheckout(dir string) bool {
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "examples", "arena", "main.go"))
	return err == nil
}
