//go:build linux && amd64

package resilience

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// patience is how long a test waits for what has to happen at once.
const patience = 30 * time.Second

// host is a running testdata/host.
type host struct {
	t      *testing.T
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan string
	stderr *bytes.Buffer // may be read when lines is closed
	socket string
}

// report is what the program's workers saw since it started.
type report struct {
	Answers    [3]int64 // by version
	All        int
	Goroutines int
	Wrong      int64
	First      string
}

// startHost starts the program with variables in its environment.
func startHost(t *testing.T, env ...string) *host {
	t.Helper()
	return startProgram(t, fixture.program, env...)
}

func startProgram(t *testing.T, program string, env ...string) *host {
	t.Helper()
	return startCommand(t, exec.Command(program), env...)
}

// startCommand starts the program by a command that becomes it.
func startCommand(t *testing.T, cmd *exec.Cmd, env ...string) *host {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs programs")
	}
	dir, err := os.MkdirTemp("", "gs") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if a := cmd.SysProcAttr; a != nil && a.Credential != nil {
		if err := os.Chown(dir, int(a.Credential.Uid), int(a.Credential.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	h := &host{t: t, cmd: cmd, lines: make(chan string, 1), stderr: new(bytes.Buffer)}
	h.cmd.Env = append(append(os.Environ(), "HOST_SOCKETS="+dir), env...)
	h.cmd.Stderr = h.stderr
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			h.lines <- s.Text()
		}
	}()
	var waitErr error
	go func() {
		<-read
		waitErr = h.cmd.Wait()
		close(h.lines)
	}()
	t.Cleanup(func() {
		h.in.Close()
		stuck := time.AfterFunc(patience, func() { h.cmd.Process.Kill() })
		for range h.lines {
		}
		if stuck.Stop(); waitErr != nil {
			t.Errorf("the program ended badly: %v\n%.4000s", waitErr, h.stderr)
		}
	})
	if line := h.read(); line != "ready" {
		t.Fatalf("the program did not start: %s", line)
	}
	h.socket = filepath.Join(dir, fmt.Sprintf("%d.sock", h.cmd.Process.Pid))
	return h
}

// read returns the next line that the program writes.
func (h *host) read() string {
	h.t.Helper()
	select {
	case line, ok := <-h.lines:
		if !ok {
			h.t.Fatalf("the program is gone:\n%.4000s", h.stderr)
		}
		return line
	case <-time.After(patience):
		h.t.Fatal("the program does not answer")
	}
	return ""
}

// ask sends a request to the program, beside gosplice, and returns the answer.
func (h *host) ask(format string, args ...any) string {
	h.t.Helper()
	if _, err := fmt.Fprintf(h.in, format+"\n", args...); err != nil {
		h.t.Logf("ask: %v", err)
	}
	return h.read()
}

// await waits until each worker got n more answers.
func (h *host) await(n int) *report {
	h.t.Helper()
	r := new(report)
	if err := json.Unmarshal([]byte(h.ask("await %d", n)), r); err != nil {
		h.t.Fatal(err)
	}
	if r.Wrong != 0 {
		h.t.Fatalf("the program gave %d wrong answers: %s", r.Wrong, r.First)
	}
	return r
}

// answers checks that all answers come from a version, 0 being the release, and that all are right.
func (h *host) answers(version int) *report {
	h.t.Helper()
	before := h.await(2) // what was under way has ended
	after := h.await(20)
	for v := range after.Answers {
		if more := after.Answers[v] > before.Answers[v]; more != (v == version) {
			h.t.Fatalf("answers by version were %v and are %v; want more of version %d alone", before.Answers, after.Answers, version)
		}
	}
	return after
}

// gosplice runs the command with this program as its target.
func (h *host) gosplice(args ...string) *ended {
	h.t.Helper()
	return gosplice(h.t, append(args, "--socket", h.socket)...)
}

// dial connects to the program's agent.
func (h *host) dial() *control.Client {
	h.t.Helper()
	c, err := control.Dial(h.t.Context(), h.socket)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { c.Close() })
	return c
}

// apply applies a patch file without the command, for tests that do so often. An error that is
// not the agent's answer fails the test.
func (h *host) apply(c *control.Client, file []byte) (*control.Switched, *control.Error) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	s, err := c.Apply(ctx, file, control.SwitchOptions{})
	return s, h.answerOf(err)
}

func (h *host) rollback(c *control.Client, to string) (*control.Switched, *control.Error) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	s, err := c.Rollback(ctx, to, control.SwitchOptions{})
	return s, h.answerOf(err)
}

// answerOf returns the agent's answer if it is not that the request was done.
func (h *host) answerOf(err error) *control.Error {
	h.t.Helper()
	var answer *control.Error
	if err != nil && !errors.As(err, &answer) {
		h.t.Errorf("no answer: %v", err)
		h.await(1) // if the program ended this says how
		h.t.FailNow()
	}
	if answer != nil && (answer.Message == "" || strings.Contains(answer.Message, "\n")) {
		h.t.Errorf("the message is not one line: %q", answer.Message)
	}
	return answer
}

// status asks what is applied.
func (h *host) status() *control.Status {
	h.t.Helper()
	c := h.dial()
	defer c.Close()
	s, err := c.Status(h.t.Context())
	if err != nil {
		h.t.Error(err)
		h.await(1)
		h.t.FailNow()
	}
	return s
}

// state is what must not change in a program when nothing is done to it.
type state struct {
	version    string
	text       [sha256.Size]byte // of the program's code in memory
	memory     uint64            // in images, as the agent says
	near       uint64            // bytes mapped near the code, without those images
	goroutines int
	files      int // open
}

// state returns the state of the program now. A program whose clients have just gone may have
// goroutines and files left for a moment.
func (h *host) state() state {
	h.t.Helper()
	s := state{goroutines: h.await(1).Goroutines}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", h.cmd.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	s.files = len(fds)
	status := h.status()
	s.version, s.memory = status.Version, status.Memory
	s.readMappings(h)
	s.near -= s.memory
	return s
}

// reach is how far from address 0 the code can be, and what is loaded for it.
const reach = 5 << 30

func (s *state) readMappings(h *host) {
	h.t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", h.cmd.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", h.cmd.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	defer memory.Close()
	for line := range strings.Lines(string(maps)) {
		var lo, hi uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &lo, &hi, &rights); err != nil {
			h.t.Fatal(err)
		}
		if lo < reach && !strings.Contains(line, "[heap]") {
			s.near += hi - lo
		}
		if rights[2] == 'x' && strings.HasSuffix(strings.TrimSpace(line), fixture.program) {
			sum := sha256.New()
			sum.Write(s.text[:])
			if _, err := io.Copy(sum, io.NewSectionReader(memory, int64(lo), int64(hi-lo))); err != nil {
				h.t.Fatal(err)
			}
			s.text = [sha256.Size]byte(sum.Sum(nil))
		}
	}
}

// stays checks that the program is in a state that it was in before, and gives right answers.
func (h *host) stays(want state) {
	h.t.Helper()
	version := map[string]int{"release": 0, "v1": 1, "v2": 2, "rare": 0}[want.version]
	h.answers(version)
	got := h.state()
	for end := time.Now().Add(patience); got != want && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond) // until what served clients is gone
		got = h.state()
	}
	if got != want {
		h.t.Fatalf("the program's state is\n%+v, it was\n%+v", got, want)
	}
}

// works checks that good patches apply and can be rolled back, whatever happened before.
func (h *host) works() {
	h.t.Helper()
	if version := h.status().Version; version != "release" {
		h.gosplice("rollback", "--to", "release").succeeds(version + " -> release")
	}
	for version, edit := range []string{1: "v1", 2: "v2"} {
		if edit != "" {
			h.gosplice("apply", patchFile(edit)).succeeds("-> " + edit)
			h.answers(version)
		}
	}
	h.gosplice("rollback", "--to", "release").succeeds("-> release")
	h.answers(0)
}
