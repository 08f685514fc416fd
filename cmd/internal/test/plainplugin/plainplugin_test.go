package plainplugin

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestPlugins builds and runs the programs of testdata/script.
func TestPlugins(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs many programs")
	}
	if on := goEnv(t, "GOOS", "CGO_ENABLED"); on[0] != "linux" || on[1] != "1" {
		t.Skipf("GOOS and CGO_ENABLED are %s: the programs are for plugins on linux, which need cgo", on)
	}
	cache := goEnv(t, "GOCACHE", "GOMODCACHE")
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GOCACHE", cache[0])
			env.Setenv("GOMODCACHE", cache[1])
			env.Setenv("GOTOOLCHAIN", "local")
			env.Setenv("GOWORK", "off")
			// As gosplice builds: what it has compiled of the standard library serves here too.
			env.Setenv("GOFLAGS", "-trimpath")
			env.Setenv("plugin", "-buildmode=plugin")
			return copyModule(env.WorkDir)
		},
	})
}

func goEnv(t *testing.T, names ...string) []string {
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// copyModule begins the module of a script.
func copyModule(dir string) error {
	if err := os.CopyFS(dir, os.DirFS("testdata/module")); err != nil {
		return err
	}
	return os.Rename(filepath.Join(dir, "go.mod.txt"), filepath.Join(dir, "go.mod"))
}
