package watch

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/files"
)

const (
	// endWithin is how long the program may take to end when it is asked to.
	endWithin = 10 * time.Second
	// silentFor is how long it may run before it is said that it does not listen for patches.
	silentFor = 5 * time.Second
	// lookEvery is the time between two looks for its socket.
	lookEvery = 25 * time.Millisecond
	// logLevel is the variable that says what of the journal is in the program's log.
	logLevel = "GOSPLICE_LOG"
)

// program is a running program.
type program struct {
	pid    int
	cmd    *exec.Cmd
	ended  chan struct{}
	err    error // how it ended, once ended is closed
	socket chan string
	path   string // of the socket, once it was found
	quiet  <-chan time.Time
}

// startProgram starts a program in a process group of its own, so that Ctrl-C reaches it only through
// the loop, which asks it to end and waits. If the loop is killed the system asks it to end, unless it is to be
// left.
func startProgram(binary string, o Options, environ []string) (*program, error) {
	p := &program{cmd: exec.Command(binary, o.Args...), ended: make(chan struct{}), socket: make(chan string, 1), quiet: time.After(silentFor)}
	p.cmd.Env = environ
	if os.Getenv(logLevel) == "" {
		p.cmd.Env = append(slices.Clone(environ), logLevel+"=warn") // each save has its line already
	}
	p.cmd.Stdout, p.cmd.Stderr = os.Stdout, os.Stderr
	if o.Stdin != nil {
		p.cmd.Stdin = o.Stdin
	}
	p.cmd.SysProcAttr = ownGroup(!o.Leave)
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(binary), err)
	}
	go p.find()
	return p, nil
}

// run starts the program and waits for its end. The death of the thread that started it counts as that of
// the loop, so the thread is kept.
func (p *program) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	if err == nil {
		p.pid = p.cmd.Process.Pid
	}
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	// A program that did not call gosplice.Stop leaves its socket behind, at which nobody listens.
	if path, err := control.FindPID(control.SearchDirs(), p.pid); err == nil && control.Listens(path) != nil {
		os.Remove(path)
	}
	close(p.ended)
}

// ending is closed when the program has ended; nil for no program.
func (p *program) ending() <-chan struct{} {
	if p == nil {
		return nil
	}
	return p.ended
}

// found gives the socket once it is there.
func (p *program) found() <-chan string {
	if p == nil || p.path != "" {
		return nil
	}
	return p.socket
}

// silent tells once that the program has been running for long without listening.
func (p *program) silent() <-chan time.Time {
	if p == nil || p.path != "" {
		return nil
	}
	return p.quiet
}

// how says in words how the program ended.
func (p *program) how() string {
	if p.err == nil {
		return "exit status 0"
	}
	return p.err.Error()
}

// find looks for the socket of the program until it is there or the program is gone.
func (p *program) find() {
	for {
		if path := socketOf(p.pid); path != "" {
			p.socket <- path
			return
		}
		select {
		case <-p.ended:
			return
		case <-time.After(lookEvery):
		}
	}
}

// socketOf is the socket on which a process takes patches: in the usual directories, or in one that the
// program has chosen, which the system's table of sockets tells.
func socketOf(pid int) string {
	if path, err := control.FindPID(control.SearchDirs(), pid); err == nil && control.Listens(path) == nil {
		return path
	}
	// Programs may choose another directory.
	name := "/" + strconv.Itoa(pid) + ".sock"
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/net/unix")
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		i := strings.IndexByte(lines.Text(), '/')
		if i < 0 || !strings.HasSuffix(lines.Text(), name) {
			continue
		}
		// Others can listen under such a name.
		if path := lines.Text()[i:]; ownDirectory(filepath.Dir(path)) && control.Listens(path) == nil {
			return path
		}
	}
	return ""
}

// ownDirectory reports a directory of the user who watches, which is that of the program.
func ownDirectory(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() {
		return false
	}
	owner, known := files.Owner(info)
	return known && owner == os.Geteuid()
}

// wait waits for the socket of a program that was started just now.
func (p *program) wait(limit time.Duration) error {
	if p.path != "" {
		return nil
	}
	select {
	case p.path = <-p.socket:
		return nil
	case <-p.ended:
		return errors.New("the program has ended")
	case <-time.After(limit):
		return errors.New("the program does not listen for patches: does it call gosplice.Start?")
	}
}

// stop asks the program and what it has started to end, and kills them if they do not, or if the
// user asks again.
func (p *program) stop(with syscall.Signal) (killed bool) {
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	signalGroup(p.pid, with)
	limit := time.After(endWithin)
	for {
		select {
		case <-p.ended:
			// What it has started and left behind.
			signalGroup(p.pid, syscall.SIGKILL)
			return killed
		case <-limit:
		case <-again:
		}
		killed = true
		signalGroup(p.pid, syscall.SIGKILL)
	}
}
