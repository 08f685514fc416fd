package demo

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

const module = "github.com/gosplice/gosplice"

var errNoSources = errors.New("the demo builds its game server from the sources of gosplice, and they are not here: " +
	"run it in a checkout, by go run ./cmd/gosplice demo")

// checkout finds the sources of gosplice, best first: those that this command was built from,
// those that the module in the current directory uses, or those of this command's version.
func checkout(ctx context.Context) (dir string, err error) {
	for _, find := range []func(context.Context) string{ownSources, modulesSources, versionsSources} {
		if dir := find(ctx); isCheckout(dir) {
			return dir, nil
		}
	}
	return "", errors.Join(ctx.Err(), errNoSources)
}

// ownSources is where the compiler found this file, unless it was told to forget (-trimpath).
func ownSources(context.Context) string {
	_, file, _, _ := runtime.Caller(0)
	if !filepath.IsAbs(file) {
		return ""
	}
	return filepath.Join(filepath.Dir(file), "../../../..")
}

// modulesSources asks the go command, in the current directory.
func modulesSources(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// versionsSources is where the go command keeps the version that was installed.
func versionsSources(ctx context.Context) string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != module || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return ""
	}
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", module+"@"+info.Main.Version).Output()
	if err != nil {
		return ""
	}
	var found struct{ Dir string }
	if err := json.Unmarshal(out, &found); err != nil {
		return ""
	}
	return found.Dir
}

// isCheckout says whether the sources that the demo needs are in dir.
func isCheckout(dir string) bool {
	if dir == "" {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, "examples", "arena", "main.go"))
	return err == nil
}
