package kept

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// answerWithin bounds how long a program may take for one answer.
const answerWithin = 60 * time.Second

// process is a running program.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    chan string
	errors buffer
	socket string
}

type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// diedError is a program that ended, or does not answer.
type diedError struct{ words string }

func (e *diedError) Error() string { return "the program died: " + e.words }

// start starts a program with a garbage collector that never rests and that fills what it frees.
func start(binary, sockets string, env ...string) (*process, error) {
	p := &process{cmd: exec.Command(binary), out: make(chan string, 1)}
	p.cmd.Env = append(os.Environ(), "KEPT_SOCKETS="+sockets, "GOGC=1", "GODEBUG=clobberfree=1", "GOTRACEBACK=all")
	p.cmd.Env = append(p.cmd.Env, env...)
	p.cmd.Stderr = &p.errors
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s := bufio.NewScanner(out)
		for s.Scan() {
			p.out <- s.Text()
		}
		close(p.out)
	}()
	if line, err := p.read(); err != nil || line != "ready" {
		p.end()
		return nil, fmt.Errorf("the program did not start: %q, %w", line, err)
	}
	p.socket = filepath.Join(sockets, fmt.Sprintf("%d.sock", p.cmd.Process.Pid))
	return p, nil
}

func (p *process) end() {
	p.in.Close()
	p.cmd.Process.Kill()
	for range p.out {
	}
	p.cmd.Wait()
}

func (p *process) read() (string, error) {
	select {
	case line, ok := <-p.out:
		if ok {
			return line, nil
		}
		p.cmd.Wait() // for the rest of its last words
		return "", &diedError{p.words()}
	case <-time.After(answerWithin):
		p.cmd.Process.Signal(syscall.SIGQUIT)
		time.Sleep(time.Second)
		return "", &diedError{"no answer: " + p.words()}
	}
}

func (p *process) words() string {
	lines := strings.Split(p.errors.String(), "\n")
	return strings.Join(lines[:min(len(lines), 40)], "\n")
}

// ask sends a request and returns the answer.
func (p *process) ask(format string, args ...any) (string, error) {
	fmt.Fprintf(p.in, format+"\n", args...) // a program that ended shows when its answer is read
	return p.read()
}

// errBusy says that a switch was refused because of goroutines inside.
var errBusy = errors.New("the switch is refused")

// apply applies a patch.
func (p *process) apply(ctx context.Context, file []byte) error {
	return p.request(ctx, func(c *control.Client) error {
		_, err := c.Apply(ctx, file, control.SwitchOptions{})
		return err
	})
}

// rollback goes back to a version.
func (p *process) rollback(ctx context.Context, to string) error {
	return p.request(ctx, func(c *control.Client) error {
		_, err := c.Rollback(ctx, to, control.SwitchOptions{})
		return err
	})
}

func (p *process) request(ctx context.Context, ask func(*control.Client) error) error {
	c, err := control.Dial(ctx, p.socket)
	if err != nil {
		return err
	}
	defer c.Close()
	err = ask(c)
	if e := (*control.Error)(nil); errors.As(err, &e) && e.Reason == control.ReasonBusy {
		return fmt.Errorf("%w: %s", errBusy, e.Message)
	}
	return err
}
