//go:build linux && amd64

package broker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// process is a running broker.
type process struct {
	pid    int
	addr   string
	socket string
	output output
	ended  chan struct{} // closed when it has ended
	err    error         // how
}

const startWithin = 30 * time.Second

// run starts a broker, which ends with the test. All that it printed is in the log of a test
// that failed: should it ever crash, nothing of that is lost.
func run(t *testing.T, program string, env ...string) *process {
	t.Helper()
	p := &process{ended: make(chan struct{})}
	dir, err := os.MkdirTemp("", "broker") // short enough for a socket, unlike t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd := exec.Command(program)
	cmd.Env = append(append(os.Environ(), "XDG_RUNTIME_DIR="+dir, "GOTRACEBACK=all"), env...)
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.pid = cmd.Process.Pid
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() { p.stop(t, cmd.Process) })
	p.listens(t)
	if p.socket, err = control.FindPID([]string{dir + "/gosplice"}, p.pid); err != nil {
		t.Fatal(err)
	}
	return p
}

// listens waits until the broker says where it listens.
func (p *process) listens(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(startWithin); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		for line := range strings.Lines(p.output.String()) {
			var pid int
			if n, _ := fmt.Sscanf(line, "listening on %s pid %d", &p.addr, &pid); n == 2 && pid == p.pid {
				return
			}
		}
		if p.isOver() {
			break
		}
	}
	t.Fatalf("the broker does not listen")
}

func (p *process) isOver() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// stop ends the broker in good order, and fails the test if it ended before, or otherwise.
func (p *process) stop(t *testing.T, process *os.Process) {
	if p.isOver() {
		t.Errorf("the broker has ended: %v", p.err)
	} else {
		process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
			if p.err != nil {
				t.Errorf("the broker ended with %v", p.err)
			}
		case <-time.After(startWithin):
			process.Signal(syscall.SIGQUIT) // for the stacks
			time.Sleep(time.Second)
			process.Kill()
			<-p.ended
			t.Errorf("the broker did not end within %v", startWithin)
		}
	}
	if t.Failed() {
		t.Logf("the broker printed:\n%s", p.output.String())
	}
}

// agent asks the agent in the broker.
func (p *process) agent(t *testing.T, ask func(context.Context, *control.Client) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client, err := control.Dial(ctx, p.socket)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := ask(ctx, client); err != nil {
		t.Fatal(err)
	}
}

// apply applies a patch file.
func (p *process) apply(t *testing.T, file []byte) (s *control.Switched) {
	t.Helper()
	p.agent(t, func(ctx context.Context, c *control.Client) (err error) {
		s, err = c.Apply(ctx, file, control.SwitchOptions{})
		return err
	})
	return s
}

// rollback goes back to a version.
func (p *process) rollback(t *testing.T, to string) (s *control.Switched) {
	t.Helper()
	p.agent(t, func(ctx context.Context, c *control.Client) (err error) {
		s, err = c.Rollback(ctx, to, control.SwitchOptions{})
		return err
	})
	return s
}

// status asks what is applied.
func (p *process) status(t *testing.T) (s *control.Status) {
	t.Helper()
	p.agent(t, func(ctx context.Context, c *control.Client) (err error) {
		s, err = c.Status(ctx)
		return err
	})
	return s
}

// output is what a process printed so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
