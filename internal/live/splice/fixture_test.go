package splice

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// The tests that change a program run programs of their own under testdata, which are built with the
// symbols and debugging information that test binaries lack, and whose crashes can be reported.

var fixtures struct {
	sync.Mutex
	dir   string
	built map[string]string
}

func TestMain(m *testing.M) {
	os.Setenv("GOWORK", "off") // programs of tests need this module alone
	code := m.Run()
	os.RemoveAll(fixtures.dir)
	os.Exit(code)
}

// buildFixture builds testdata/name once and returns the program.
func buildFixture(t testing.TB, name string, flags ...string) string {
	t.Helper()
	if missing := Supported(); missing != nil {
		t.Skip(missing)
	}
	fixtures.Lock()
	defer fixtures.Unlock()
	key := name + os.Getenv("GOSPLICE_ARCH")
	for _, f := range flags {
		key += " " + f
	}
	if program := fixtures.built[key]; program != "" {
		return program
	}
	if fixtures.built == nil {
		dir, err := os.MkdirTemp("", "splice")
		if err != nil {
			t.Fatal(err)
		}
		fixtures.dir, fixtures.built = dir, map[string]string{}
	}
	program := filepath.Join(fixtures.dir, key)
	args := append([]string{"build", "-buildvcs=false", "-o", program}, flags...)
	cmd := exec.Command("go", append(args, "./testdata/"+name)...)
	cmd.Env = environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", key, err, out)
	}
	fixtures.built[key] = program
	return program
}

// run runs a program and returns what it printed.
func run(t testing.TB, limit time.Duration, program string, args ...string) (stdout, stderr []byte, err error) {
	t.Helper()
	emulated := foreignArch() && strings.HasPrefix(program, fixtures.dir)
	if emulated {
		program, args = emulator(t), append([]string{"-L", "/usr/aarch64-linux-gnu", program}, args...)
		limit *= 5
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, program, args...)
	if emulated {
		c.Env = append(os.Environ(), "SPLICE_EMULATED=1")
	}
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	c.WaitDelay = 10 * time.Second
	err = c.Run()
	return out.Bytes(), errOut.Bytes(), err
}

// haveCgo skips a test where programs can't use C.
func haveCgo(t *testing.T) {
	t.Helper()
	cmd := exec.Command("go", "env", "CGO_ENABLED")
	cmd.Env = environ()
	enabled, err := cmd.Output()
	if _, lookErr := exec.LookPath("gcc"); err != nil || lookErr != nil || string(bytes.TrimSpace(enabled)) != "1" {
		t.Skip("cgo does not work here")
	}
}

// firstLines shortens the report of a crash.
func firstLines(b []byte) []byte { return b[:min(len(b), 4000)] }

// This package's tests import no other package of this module: whoever links it has to have what they import.

// foreignArch reports that GOSPLICE_ARCH asks for programs of arm64, which an emulator runs here.
func foreignArch() bool { return os.Getenv("GOSPLICE_ARCH") == "arm64" && runtime.GOARCH != "arm64" }

// environ is the environment in which fixtures are built. GOSPLICE_CC is a C compiler for arm64.
func environ() []string {
	switch cc := os.Getenv("GOSPLICE_CC"); {
	case !foreignArch():
		return os.Environ()
	case cc != "":
		return append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=1", "CC="+cc)
	}
	return append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
}

// emulator is the program that runs those of arm64. A test without it is skipped.
func emulator(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("qemu-aarch64")
	if err != nil {
		t.Skip("programs of arm64 need qemu-aarch64 here, which is not installed: apt-get install qemu-user")
	}
	return path
}
