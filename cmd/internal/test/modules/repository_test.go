package modules

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	checkout = "../../../.."
	library  = "github.com/gosplice/gosplice"
)

// newRepository makes a repository of the files in the checkout, with one commit. The go command, in the environment of
// the test, takes gosplice from there and other modules from the module cache, or from where it has them otherwise.
func newRepository(t *testing.T) (dir string) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs from a repository")
	}
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git here")
	}
	downloads, proxy := filepath.Join(goEnv(t, "GOMODCACHE"), "cache", "download"), goEnv(t, "GOPROXY")
	dir = filepath.Join(t.TempDir(), "gosplice")
	err := filepath.WalkDir(checkout, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(checkout, file)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, rel)
		switch {
		case rel == ".git": // in a worktree it is a file
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		case d.IsDir():
			return os.Mkdir(to, 0o777)
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(to, text, info.Mode().Perm())
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"GIT_CONFIG_GLOBAL": os.DevNull, "GIT_CONFIG_NOSYSTEM": "1",
		"GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org", "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org",
		"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url.file://" + dir + ".insteadOf", "GIT_CONFIG_VALUE_0": "https://" + library,
		"GOPRIVATE": library, "GONOPROXY": library, "GONOSUMDB": library,
		"GOPROXY":    "file://" + downloads + "," + proxy,
		"GOMODCACHE": t.TempDir(), "GOFLAGS": "-modcacherw", "GOWORK": "",
	} {
		t.Setenv(name, value)
	}
	run(t, dir, "git", "init", "-q", ".")
	run(t, dir, "git", "add", ".")
	run(t, dir, "git", "commit", "-q", "-m", "all")
	return dir
}

// run runs a command that has to succeed, and returns what it printed.
func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	out, err := try(dir, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func try(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	return strings.TrimSpace(run(t, ".", "go", "env", name))
}

// modFile is what a go.mod says.
type modFile struct {
	Require []struct{ Path, Version string }
	Replace []struct{ New struct{ Path string } }
}

func readModFile(t *testing.T, file string) (m modFile) {
	t.Helper()
	if err := json.Unmarshal([]byte(run(t, ".", "go", "mod", "edit", "-json", file)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}
