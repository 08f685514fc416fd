package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// watchProgram answers with what step says, counts its answers, and calls step all the time.
const watchProgram = `
-- main.go --
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gosplice/gosplice"
)

var answers int

func load() {
	for {
		step(0)
		time.Sleep(time.Millisecond)
	}
}

func main() {
	if err := gosplice.Start(); err != nil {
		log.Fatal(err)
	}
	log.SetOutput(os.Stderr)
	for range 4 {
		go load()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[1], []byte(l.Addr().String()), 0o666); err != nil {
		log.Fatal(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers++
		fmt.Fprintln(w, step(answers), answers, os.Getpid())
	}))
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	fmt.Println("stopped by", <-stop)
}
-- step.go --
package main

import "fmt"

type state struct{ calls int }

var live state

//go:noinline
func step(n int) string {
	live.calls++
	return fmt.Sprint("v0")
}
-- step_test.go --
package main
-- other.go --
//go:build other

package main
-- .gitignore --
generated.go
`

// stepFile is step.go with another body, and what is declared besides.
func stepFile(body, besides string) string {
	return "-- step.go --\npackage main\n\nimport \"fmt\"\n\ntype state struct{ calls int }\n\nvar live state\n\n//go:noinline\nfunc step(n int) string {\n\tlive.calls++\n\t" +
		body + "\n}\n" + besides
}

// watched is a running gosplice watch on a terminal.
type watched struct {
	t    *testing.T
	dir  string // of the sources
	home string
	cmd  *exec.Cmd
	tty  *os.File

	shown *shown
	read  int // how much of it expect has seen

	count int // answers of the program so far
}

// shown is what a terminal has shown.
type shown struct {
	mu   sync.Mutex
	text bytes.Buffer
	// closed says that nothing has the terminal open any more.
	closed bool
}

// newWatched writes watchProgram.
func newWatched(t *testing.T) *watched {
	t.Helper()
	return newWatchedIn(t, testprogram.Write(t, watchProgram))
}

// newWatchedIn makes a module of the program in dir. The watch is kept away from those of the user.
func newWatchedIn(t *testing.T, dir string) *watched {
	t.Helper()
	if testing.Short() {
		t.Skip("builds a program")
	}
	w := &watched{t: t, dir: dir, home: t.TempDir()}
	t.Cleanup(w.killLeft)
	mod := fmt.Sprintf("module example.com/watched\n\ngo 1.26.0\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => %q\n", moduleCopy(t))
	if err := os.WriteFile(filepath.Join(w.dir, "go.mod"), []byte(mod), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(w.home, "run"), 0o700); err != nil {
		t.Fatal(err)
	}
	testprogram.Build{Dir: w.dir}.Go(t, "mod", "tidy")
	exec.Command("git", "-C", w.dir, "init", "-q").Run()
	return w
}

// moduleCopy is a copy of what a program links of this module: a test must not see edits of it.
func moduleCopy(t *testing.T) string {
	t.Helper()
	dir, err := library()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var library = sync.OnceValues(func() (string, error) { return testprogram.Library(checkout) })

// start starts gosplice watch on a terminal of the given width.
func (w *watched) start(width int, args ...string) {
	w.t.Helper()
	self := filepath.Join(w.home, "bin", "gosplice")
	if err := os.MkdirAll(filepath.Dir(self), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Symlink(testBinary(w.t), self); err != nil && !errors.Is(err, fs.ErrExist) {
		w.t.Fatal(err)
	}
	os.Remove(w.addr())
	w.cmd = exec.Command(self, append(append([]string{"watch"}, args...), "--", w.addr())...)
	w.cmd.Dir = w.dir
	w.cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+w.home, "GOSPLICE_SOCKETS="+filepath.Join(w.home, "run", "gosplice"), "TMPDIR="+w.tmp(),
		"GOCACHE="+goEnv("GOCACHE"), "TERM=xterm", "PWD="+w.dir, stacksFile+"="+w.stacks())
	w.shown, w.read = &shown{}, 0
	tty, err := pty.StartWithSize(w.cmd, &pty.Winsize{Rows: 24, Cols: uint16(width)})
	if err != nil {
		w.t.Fatal(err)
	}
	w.tty = closable(w.t, tty)
	go w.shown.follow(w.tty)
	cmd, shown := w.cmd, w.shown
	w.t.Cleanup(func() {
		cmd.Process.Kill()
		w.tty.Close()
		if w.t.Failed() {
			text, _ := shown.all()
			w.t.Logf("the terminal:\n%s", text)
		}
	})
}

// closable is a terminal that is closed by Close, also while somebody reads from it.
func closable(t *testing.T, tty *os.File) *os.File {
	t.Helper()
	defer tty.Close()
	fd, err := syscall.Dup(int(tty.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	syscall.CloseOnExec(fd)
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(fd), tty.Name())
}

func (w *watched) addr() string { return filepath.Join(w.home, "addr") }

// tmp is the directory for temporary files that the watch was started with.
func (w *watched) tmp() string {
	dir := filepath.Join(w.home, "tmp")
	os.MkdirAll(dir, 0o700)
	return dir
}

// follow reads the terminal to its end.
func (s *shown) follow(tty io.Reader) {
	b := make([]byte, 4096)
	for {
		n, err := tty.Read(b)
		s.mu.Lock()
		s.text.Write(b[:n])
		s.closed = err != nil
		s.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// all is what was shown so far, and whether that was all.
func (s *shown) all() (text string, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String(), s.closed
}

// expect waits until the terminal shows a pattern, behind what was expected before.
func (w *watched) expect(pattern string) []string {
	w.t.Helper()
	r := regexp.MustCompile(pattern)
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		text, over := w.shown.all()
		if m := r.FindStringSubmatchIndex(text[w.read:]); m != nil {
			found := r.FindStringSubmatch(text[w.read:])
			w.read += m[1]
			return found
		}
		if over {
			break
		}
	}
	w.t.Fatalf("the terminal does not show %q", pattern)
	return nil
}

// save writes files.
func (w *watched) save(files string) { testprogram.Overwrite(w.t, w.dir, files) }

// ready waits until a program that was started answers, and returns its process.
func (w *watched) ready() (pid int) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, n, pid, err := w.ask(); err == nil {
			w.count = n
			return pid
		}
	}
	w.t.Fatal("the program does not answer")
	return 0
}

// ask asks the program, and returns what step said, the number of answers and the process.
func (w *watched) ask() (step string, count, pid int, err error) {
	addr, err := os.ReadFile(w.addr())
	if err != nil {
		return "", 0, 0, err
	}
	resp, err := http.Get("http://" + string(addr))
	if err != nil {
		return "", 0, 0, err
	}
	defer resp.Body.Close()
	_, err = fmt.Fscan(resp.Body, &step, &count, &pid)
	return step, count, pid, err
}

// answers checks what step says and in which process, and that the state is the one of before.
func (w *watched) answers(want string, pid int) {
	w.t.Helper()
	w.count++
	if s, n, p, err := w.ask(); err != nil || s != want || n != w.count || p != pid {
		w.t.Fatalf("the program answers %s, answer %d of process %d, %v; want %s, %d of %d", s, n, p, err, want, w.count, pid)
	}
}

// ended waits for the end of the watch, and returns its exit code.
func (w *watched) ended() int {
	w.t.Helper()
	done := make(chan error, 1)
	go func() { done <- w.cmd.Wait() }()
	select {
	case <-done:
		return w.cmd.ProcessState.ExitCode()
	case <-time.After(60 * time.Second):
		w.t.Fatal("the watch does not end")
		return 0
	}
}

// gone waits until a process is no more.
func (w *watched) gone(pid int) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if !alive(pid) {
			return
		}
	}
	w.t.Fatalf("process %d still runs", pid)
}

// alive reports a process that runs; one that has ended and nobody has waited for is not alive.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	return fields[0] != "Z" && fields[0] != "X"
}

// tidy checks that the watch has left nothing behind: no file, no socket.
func (w *watched) tidy() {
	w.t.Helper()
	for _, dir := range []string{filepath.Join(w.home, "gosplice", "watch"), filepath.Join(w.home, "run", "gosplice"), w.tmp()} {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			w.t.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), "go-build") { // of a go command that was killed, elsewhere
				w.t.Errorf("%s is left behind", filepath.Join(dir, e.Name()))
			}
		}
	}
}

func TestWatch(t *testing.T) {
	for _, width := range []int{80, 160} {
		t.Run(fmt.Sprint(width, " columns"), func(t *testing.T) { watchAsUser(t, width) })
	}
}

func watchAsUser(t *testing.T, width int) {
	w := newWatched(t)
	w.start(width)
	w.expect(`gosplice\S*  watched: [0-9,]+ functions in [0-9,]+ packages verified, built in`)
	w.expect(`pid [0-9]+ takes every save; r restarts, \? for keys, Ctrl-C stops it`)
	pid := w.ready()

	w.save(stepFile(`return fmt.Sprint("v", 1)`, ""))
	w.expect(`main\.step\S* live in [0-9.]+ m?s`)
	w.answers("v1", pid)

	w.tty.WriteString("?l")
	w.expect(`r restarts the program, Enter does when that is offered, l shows`)
	w.expect(`no goroutine runs old code`)

	// Files that the program is not built from, and a save without a change.
	w.save("-- step_test.go --\npackage main\n\nvar inTest int\n")
	w.save("-- other.go --\n//go:build other\n\npackage main\n\nvar others int\n")
	w.save("-- generated.go --\npackage main\n\nvar generated int\n")
	w.save("-- notes.txt --\nnothing\n")
	w.save(stepFile(`return fmt.Sprint("v", 1)`, ""))
	os.Remove(filepath.Join(w.dir, "generated.go"))

	w.save(stepFile(`return missing`, ""))
	w.expect(`does not compile\S*; the program runs on as it was`)
	w.expect(`\./step\.go:12:9: undefined: missing`)
	w.answers("v1", pid)

	w.save(stepFile(`return fmt.Sprint("v", extra["two"])`, "\nvar extra = map[string]int{\"two\": 2}\n"))
	if between := w.expect(`(?s)(.*)main\.extra, main\.step\S* live in`)[1]; strings.Contains(between, "live in") || strings.Contains(between, "no code") {
		t.Errorf("something that is not part of the program was taken for an edit: %q", between)
	}
	w.answers("v2", pid)

	// Taking edits back goes back in the program, to the release too.
	w.save(stepFile(`return fmt.Sprint("v", 1)`, ""))
	w.expect(`live in`)
	w.answers("v1", pid)
	w.save(stepFile(`return fmt.Sprint("v0")`, ""))
	w.expect(`live in`)
	w.answers("v0", pid)
	w.save(stepFile(`return fmt.Sprint("v0") // the same`, ""))
	w.expect(`no code changed`)

	// What can't be applied is, after a restart.
	w.save(strings.Replace(stepFile(`return fmt.Sprint("v", 3)`, ""), "calls int", "level, calls int", 1))
	w.expect(`refused\S*; the program runs on as it was`)
	w.expect(`main\.(state|live)\S* .*GS30`)
	w.expect(`Enter restarts the program with it`)
	w.answers("v0", pid)
	if _, err := w.tty.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	w.expect(`stopped by terminated`)
	w.expect(`restarted\S* in [0-9.]+ m?s, with new state`)
	w.gone(pid)
	w.expect(`pid [0-9]+ takes every save`)
	pid = w.ready()
	w.answers("v3", pid)

	// The program ends by itself, and comes back with the next save.
	syscall.Kill(pid, syscall.SIGKILL)
	w.expect(`the program ended\S*: signal: killed`)
	os.Remove(w.addr())
	w.save(strings.Replace(stepFile(`return fmt.Sprint("v", 4)`, ""), "calls int", "level, calls int", 1))
	w.expect(`pid [0-9]+ takes every save`)
	pid = w.ready()

	if _, err := w.tty.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	w.expect(`stopped by interrupt`)
	if code := w.ended(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	w.gone(pid)
	w.tidy()
	text, _ := w.shown.all()
	for line := range strings.Lines(text) {
		line = regexp.MustCompile(`\x1b\[[0-9;]*[mK]`).ReplaceAllString(line, "")
		if line = line[strings.LastIndexByte(strings.TrimRight(line, "\r\n"), '\r')+1:]; strings.HasPrefix(line, "gosplice  ") && len([]rune(strings.TrimSpace(line))) > width {
			t.Errorf("a line of more than %d columns: %q", width, line)
		}
	}
}

// lockedText is what several writers have written.
type lockedText struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *lockedText) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(p)
}

func (t *lockedText) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
