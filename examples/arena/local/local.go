// Package local runs an arena as a process of this machine: for demonstrations and tests.
package local

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a process may take to listen, and to end.
const (
	startWithin = 30 * time.Second
	endWithin   = 15 * time.Second
)

// Process is a running arena.
type Process struct {
	PID  int
	Addr string // where players connect

	cmd    *exec.Cmd
	output firstLines
	ended  chan struct{}
	err    error // how it ended, once ended is closed
}

// Start runs the program file with args, and returns when it listens. The process outlives ctx,
// which bounds the start alone.
func Start(ctx context.Context, file string, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(file, append([]string{"-addr", "127.0.0.1:0"}, args...)...), ended: make(chan struct{})}
	p.cmd.SysProcAttr = apart()
	out, in := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = in, in
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.PID = p.cmd.Process.Pid
	go func() {
		p.err = p.cmd.Wait()
		in.Close()
		close(p.ended)
	}()
	listens := make(chan string, 1)
	go p.read(out, listens)
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	select {
	case p.Addr = <-listens:
		return p, nil
	case <-p.ended:
		return nil, fmt.Errorf("%s ended before it listened: %w", file, p.wrong())
	case <-ctx.Done():
		p.Stop()
		return nil, fmt.Errorf("%s does not listen: %w", file, ctx.Err())
	}
}

// read follows what the process prints.
func (p *Process) read(out io.Reader, listens chan<- string) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		p.output.add(lines.Text())
		var addr string
		var pid int
		if n, _ := fmt.Sscanf(lines.Text(), "listening on %s pid %d", &addr, &pid); n == 2 {
			listens <- addr
		}
	}
	io.Copy(io.Discard, out)
}

// Stop asks the process to end, waits until it has, and returns what was wrong with its end.
func (p *Process) Stop() error {
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return p.wrong()
	case <-time.After(endWithin):
		p.cmd.Process.Kill()
		<-p.ended
		return &EndError{p.PID, fmt.Errorf("a kill, for it did not end within %v of being asked to", endWithin), p.Output()}
	}
}

// wrong says how the process ended, if not as it should.
func (p *Process) wrong() error {
	if p.err == nil {
		return nil
	}
	return &EndError{p.PID, p.err, p.Output()}
}

// EndError is a process that ended other than it should.
type EndError struct {
	PID    int
	Err    error
	Output string // the first lines of what it printed
}

func (e *EndError) Error() string  { return fmt.Sprintf("process %d ended with %v", e.PID, e.Err) }
func (e *EndError) Unwrap() error  { return e.Err }
func (e *EndError) Detail() string { return e.Output }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Output is the first lines of what the process printed.
func (p *Process) Output() string { return p.output.String() }

// maxLines is how much is kept of what a process prints: enough for the head of a crash, where
// the reason is.
const maxLines = 100

// firstLines keeps the first lines added.
type firstLines struct {
	mu    sync.Mutex
	lines []string
}

func (l *firstLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) < maxLines {
		l.lines = append(l.lines, line)
	}
}

func (l *firstLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}
