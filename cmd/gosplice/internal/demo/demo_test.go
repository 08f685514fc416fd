package demo

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena/local"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// TestDemo shows everything, with fewer players.
func TestDemo(t *testing.T) {
	temp := isolate(t)
	var out bytes.Buffer
	err := Run(t.Context(), &out, Options{Players: 60, Play: 300 * time.Millisecond})
	t.Log(out.String())
	var ended *local.EndError
	if errors.As(err, &ended) {
		t.Log(ended.Output)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"process", "the same", "as the players' books say", "nothing was lost"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo does not say %q", want)
		}
	}
	checkWidth(t, out.String())
	checkNothingLeft(t, temp)
}

// TestInterrupt ends the demo at different points.
func TestInterrupt(t *testing.T) {
	for _, at := range []string{"built", "playing", "1.", "live", "Proof"} {
		t.Run(at, func(t *testing.T) {
			temp := isolate(t)
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			w := &trigger{at: at, do: interrupt}
			err := Run(ctx, w, Options{Players: 10, Play: 20 * time.Millisecond})
			if !w.done {
				t.Fatalf("never came to %q: %v", at, err)
			}
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("error is %v", err)
			}
			checkNothingLeft(t, temp)
		})
	}
}

// trigger does something once, when a text is written.
type trigger struct {
	at   string
	do   func()
	done bool
}

func (w *trigger) Write(p []byte) (int, error) {
	if !w.done && strings.Contains(string(p), w.at) {
		w.done = true
		w.do()
	}
	return len(p), nil
}

// isolate gives the demo a directory for temporary files and one for sockets, in which nothing
// else is.
func isolate(t *testing.T) (temp string) {
	temp = t.TempDir()
	t.Setenv("TMPDIR", temp)
	run, err := os.MkdirTemp("/tmp", "gosplice-run-") // short: the path of a socket is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	t.Setenv("XDG_RUNTIME_DIR", run)
	t.Setenv("GOWORK", "off")
	return temp
}

// checkNothingLeft checks that there is no file, no socket and no process.
func checkNothingLeft(t *testing.T, temp string) {
	t.Helper()
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	sockets, err := control.Sockets(control.DefaultDir())
	if err != nil || len(sockets) > 0 {
		t.Errorf("sockets left behind: %v %v", sockets, err)
	}
	for _, pid := range processes(t) {
		exe, _ := os.Readlink(filepath.Join("/proc", pid, "exe"))
		if strings.HasPrefix(exe, temp) {
			t.Errorf("process %s left behind: %s", pid, exe)
		}
	}
}

// processes lists all processes.
func processes(t *testing.T) (pids []string) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		pids = append(pids, filepath.Base(dir))
	}
	return pids
}

func checkWidth(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
			t.Errorf("line of %d columns: %s", n, line)
		}
	}
}
