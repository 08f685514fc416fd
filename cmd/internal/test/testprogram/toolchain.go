package testprogram

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// Toolchains are the patch releases with which tests build programs of each supported Go release, oldest first.
var Toolchains = []string{"go1.25.14", "go1.26.8", "go1.27.4"}

// Toolchain returns the environment in which the go command is that of a version. A test that needs one which
// is neither here nor can be downloaded is skipped.
func Toolchain(t testing.TB, version string) []string {
	t.Helper()
	env := append(WithoutToolchain(), "GOTOOLCHAIN="+version)
	cmd := exec.Command("go", "env", "GOVERSION")
	cmd.Dir, cmd.Env = t.TempDir(), env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("toolchain %s is neither here nor can be downloaded: %s", version, strings.TrimSpace(string(out)))
	}
	if have := strings.TrimSpace(string(out)); have != version {
		t.Fatalf("the toolchain is %s, not %s", have, version)
	}
	return env
}

// WithoutToolchain is the environment without a choice of toolchain, as most people have it.
func WithoutToolchain() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GOTOOLCHAIN=") })
}

// GOROOT is the directory of the Go that runs the tests.
func GOROOT(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
