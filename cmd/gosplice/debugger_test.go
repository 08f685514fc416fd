package main

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// sleepyStep is step.go of watchProgram with calls that stay inside.
const sleepyStep = `-- step.go --
package main

import "time"

type state struct{ calls int }

var live state

//go:noinline
func step(n int) string {
	live.calls++
	if n == 0 {
		time.Sleep(time.Hour)
	}
	return "v1"
}
`

// Delve shows a patched process as docs/operating.md says: all goroutines and frames in the right order, and
// frames in code of a patch without a name. The process runs on when it is left.
func TestDebugger(t *testing.T) {
	dlv, err := exec.LookPath("dlv")
	if err != nil {
		t.Skip("no dlv here: what Delve shows of a patched process is not seen")
	}
	w := newWatched(t)
	w.start(80)
	w.expect(`takes every save`)
	pid := w.ready()
	w.save(sleepyStep)
	w.expect(`main\.step\S* live in`)
	w.answers("v1", pid)
	cmd := exec.Command(dlv, "attach", strconv.Itoa(pid), "--allow-non-terminal-interactive=true")
	cmd.Stdin = strings.NewReader("goroutines -t\nexit\nn\n")
	out, err := cmd.CombinedOutput()
	shown := escapes.ReplaceAllString(string(out), "")
	if strings.Contains(shown, "could not attach") || strings.Contains(shown, "not permitted") {
		t.Skipf("Delve may not attach here, so what it shows is not seen:\n%s", shown)
	}
	if err != nil || !regexp.MustCompile(`in time\.Sleep\n.*\n\s+2  0x\w+ in \?\?\?\n.*\n\s+3  0x\w+ in main\.load\n`).MatchString(shown) {
		t.Errorf("%v\n%s", err, shown)
	}
	w.answers("v1", pid)
	w.tty.WriteString("\x03")
	w.ended()
	w.gone(pid)
}
