package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// answerWithin bounds how long the program may take for one answer.
const answerWithin = 60 * time.Second

// process is a running program of the corpus.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    chan string
	stderr *lockedBuffer
	socket string
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func startProcess(t *testing.T, binary, sockets string) *process {
	t.Helper()
	p := &process{cmd: testprogram.Command(t, binary), out: make(chan string, 16), stderr: &lockedBuffer{}}
	p.cmd.Env = append(os.Environ(), "CORPUS_SOCKETS="+sockets)
	p.cmd.Stderr = p.stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.in.Close()
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	go func() {
		s := bufio.NewScanner(out)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			p.out <- s.Text()
		}
		close(p.out)
	}()
	if line, err := p.read(); err != nil || line != "ready" {
		t.Fatalf("the program did not start: %q %v", line, err)
	}
	p.socket = filepath.Join(sockets, fmt.Sprintf("%d.sock", p.cmd.Process.Pid))
	return p
}

func (p *process) read() (string, error) {
	select {
	case line, ok := <-p.out:
		if !ok {
			time.Sleep(100 * time.Millisecond) // for the rest of its last words
			return "", fmt.Errorf("the program ended:\n%s", firstLines(p.stderr.String(), 60))
		}
		return line, nil
	case <-time.After(answerWithin):
		return "", errors.New("the program does not answer")
	}
}

func (p *process) call(req string) (string, error) {
	if _, err := fmt.Fprintln(p.in, req); err != nil {
		_, err := p.read()
		return "", err
	}
	return p.read()
}

func firstLines(s string, n int) string {
	lines := strings.Split(s, "\n")
	return strings.Join(lines[:min(n, len(lines))], "\n")
}
