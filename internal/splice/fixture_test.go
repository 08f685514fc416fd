package splice

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/testprogram"
)

// The tests that change a program run programs of their own under testdata, which are built with the
// symbols and debugging information that test binaries lack, and whose crashes can be reported.

var fixtures struct {
	sync.Mutex
	dir   string
	built map[string]string
}

func TestMain(m *testing.M) {
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
	cmd.Env = testprogram.Environ()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", key, err, out)
	}
	fixtures.built[key] = program
	return program
}

// run runs a program and returns what it printed.
func run(t testing.TB, limit time.Duration, program string, args ...string) (stdout, stderr []byte, err error) {
	t.Helper()
	command := testprogram.Command(t, program, args...)
	if command.Path != program {
		limit *= 5
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, command.Path, command.Args[1:]...)
	if command.Path != program {
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
	cmd.Env = testprogram.Environ()
	enabled, err := cmd.Output()
	if _, lookErr := exec.LookPath("gcc"); err != nil || lookErr != nil || string(bytes.TrimSpace(enabled)) != "1" {
		t.Skip("cgo does not work here")
	}
}

// firstLines shortens the report of a crash.
func firstLines(b []byte) []byte { return b[:min(len(b), 4000)] }
