//go:build linux && amd64

package resilience

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// long says that there is time to try much more.
var long = os.Getenv("GOSPLICE_RESILIENCE") == "long"

// rounds chooses how often something is tried.
func rounds(usual, many int) int {
	if long {
		return many
	}
	return usual
}

// fixture is what all tests share: the command, the program and patches for it.
var fixture struct {
	dir     string // others may enter it
	command string
	source  string // directory of the program's sources
	program string
	rebuilt string // the program after an edit
}

func TestMain(m *testing.M) {
	os.Exit(func() int {
		flag.Parse()
		if testing.Short() {
			return m.Run() // which leaves the tests out
		}
		dir, err := os.MkdirTemp("", "gosplice-resilience-")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(dir)
		if err := build(dir); err != nil {
			log.Print(err)
			return 1
		}
		return m.Run()
	}())
}

// build makes the fixture in dir.
func build(dir string) error {
	f := &fixture
	f.dir, f.command, f.source = dir, filepath.Join(dir, "gosplice"), filepath.Join(dir, "source")
	f.program, f.rebuilt = filepath.Join(dir, "host"), filepath.Join(dir, "rebuilt")
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	// The sources are copied, so that nobody edits them while they are compared with the program.
	if err := testprogram.CopyLibrary(filepath.Join(dir, "module"), "../../../.."); err != nil {
		return err
	}
	if err := os.CopyFS(f.source, os.DirFS("testdata/host")); err != nil {
		return err
	}
	if err := run(f.source, "go", "mod", "edit", "-replace=github.com/gosplice/gosplice="+filepath.Join(dir, "module")); err != nil {
		return err
	}
	// With C the program starts threads that need new memory.
	if err := os.Setenv("CGO_ENABLED", "0"); err != nil {
		return err
	}
	if err := run(".", "go", "build", "-o", f.command, "../../../../cmd/gosplice"); err != nil {
		return err
	}
	if err := run(f.source, f.command, "build", "-o", f.program, "."); err != nil {
		return err
	}
	overlay, err := overlayOf("v1")
	if err != nil {
		return err
	}
	if err := run(f.source, "go", "build", "-overlay", overlay, "-o", f.rebuilt, "."); err != nil {
		return err
	}
	for _, edit := range []string{"v1", "v2", "rare", "hooked", "anew", "every"} {
		overlay, err := overlayOf(edit)
		if err != nil {
			return err
		}
		if err := run(f.source, f.command, "patch", "--record", f.program+".gsr", "--overlay", overlay, "--version", edit, "-o", patchFile(edit)); err != nil {
			return err
		}
	}
	return nil
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return nil
}

// overlayOf returns an overlay file that puts an edit of testdata/edits over the program's sources.
func overlayOf(edit string) (string, error) {
	files, err := filepath.Glob(filepath.Join("testdata/edits", edit, "*.go"))
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for _, f := range files {
		from, err := filepath.Abs(f)
		if err != nil {
			return "", err
		}
		replace[filepath.Join(fixture.source, filepath.Base(f))] = from
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(fixture.dir, edit+".json")
	return file, os.WriteFile(file, text, 0o666)
}

// patchFile is the name of the patch file of an edit.
func patchFile(edit string) string { return filepath.Join(fixture.dir, edit+".gsp") }

// readPatch returns the content of the patch file of an edit.
func readPatch(t *testing.T, edit string) []byte {
	t.Helper()
	file, err := os.ReadFile(patchFile(edit))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// decoded returns the patch of an edit.
func decoded(t *testing.T, edit string) *patch.Patch {
	t.Helper()
	p, err := patch.Decode(readPatch(t, edit))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// writeFile writes a patch file and returns its name.
func writeFile(t *testing.T, content []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "some.gsp")
	if err := os.WriteFile(name, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// ended is how a command ended.
type ended struct {
	t             *testing.T
	args          []string
	code          int
	out, messages string
}

// gosplice runs the command.
func gosplice(t *testing.T, args ...string) *ended {
	t.Helper()
	return finish(t, exec.Command(fixture.command, args...))
}

// finish runs a command to its end.
func finish(t *testing.T, cmd *exec.Cmd) *ended {
	t.Helper()
	var out, messages bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &messages
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Error(err)
		return &ended{t: t, args: cmd.Args, code: -1}
	}
	return &ended{t, cmd.Args, cmd.ProcessState.ExitCode(), out.String(), messages.String()}
}

// Exit codes of the command.
const (
	done    = 0
	failed  = 1
	refused = 3
)

// fails checks that the command ended with a code and said why in one line that has all of the words.
func (e *ended) fails(code int, words ...string) {
	e.t.Helper()
	line, rest, _ := strings.Cut(e.messages, "\n")
	good := e.code == code && e.out == "" && rest == "" && strings.HasPrefix(line, "gosplice: ")
	for _, w := range words {
		good = good && strings.Contains(line, w)
	}
	if !good {
		e.t.Errorf("%v: exit code %d, output %q, messages %q; want exit code %d and one line with %q", e.args, e.code, e.out, e.messages, code, words)
	}
}

// succeeds checks that the command ended well and that its output has all of the words.
func (e *ended) succeeds(words ...string) {
	e.t.Helper()
	good := e.code == done && e.messages == ""
	for _, w := range words {
		good = good && strings.Contains(e.out, w)
	}
	if !good {
		e.t.Errorf("%v: exit code %d, output %q, messages %q; want exit code 0 and %q", e.args, e.code, e.out, e.messages, words)
	}
}
