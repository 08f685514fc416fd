package mutation

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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// subject is a program that drives many packages, in a directory of its own.
type subject struct {
	t       *testing.T
	dir     string
	sockets string
	release string // the program as it was built
	// lines are the lines that driving it runs, by file.
	lines map[string]map[int]bool
	// packages are the import paths, by directory.
	packages map[string]string
}

// driven are the packages whose sources are edited.
var driven = []string{
	"subject", // without its main package nothing is written
	"subject/kinds",
	"github.com/gosplice/gosplice/examples/arena/...", "github.com/mochi-mqtt/server/v2/...",
	"encoding/json", "encoding/xml", "encoding/csv", "text/template/...", "text/tabwriter", "html", "net/url", "regexp/...", "compress/flate",
	"math/big", "container/...", "go/format", "go/parser", "go/scanner", "go/printer", "index/suffixarray",
}

// spared are not edited: the driver, and what the agent speaks with, which could not be told to go back.
var spared = []string{"subject", "encoding/json", "compress/flate"}

const (
	checkout = "../../../.."
	// example is a module that requires the broker.
	example = checkout + "/examples/broker"
)

func newSubject(t *testing.T) *subject {
	t.Helper()
	s := &subject{t: t, dir: t.TempDir(), sockets: t.TempDir()}
	check(t, os.Chmod(s.sockets, 0o700))
	check(t, os.CopyFS(s.dir, os.DirFS("testdata/subject")))
	check(t, os.Rename(filepath.Join(s.dir, "go.mod.txt"), filepath.Join(s.dir, "go.mod")))
	check(t, testprogram.CopyLibrary(filepath.Join(s.dir, "gosplice"), checkout))
	for _, dir := range []string{"examples/arena/box", "examples/arena/item", "examples/arena/wire"} {
		check(t, os.CopyFS(filepath.Join(s.dir, "gosplice", dir), os.DirFS(filepath.Join(checkout, dir))))
	}
	// Where sources may be replaced: not in the module cache.
	broker := strings.TrimSpace(s.goCommand(example, "list", "-m", "-f", "{{.Dir}}", "github.com/mochi-mqtt/server/v2"))
	for _, part := range []string{".", "packets", "listeners", "system", "mempool", "hooks/storage"} {
		s.copySources(filepath.Join(broker, part), filepath.Join(s.dir, "broker", part))
	}
	content, err := os.ReadFile(filepath.Join(broker, "go.mod"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(s.dir, "broker", "go.mod"), content, 0o644))
	content, err = os.ReadFile(filepath.Join(example, "go.sum"))
	check(t, err)
	check(t, os.WriteFile(filepath.Join(s.dir, "go.sum"), content, 0o644))

	s.release = filepath.Join(s.dir, "subject")
	s.goCommand(s.dir, "build", "-mod=mod", "-o", s.release, ".")
	s.cover()
	return s
}

// copySources copies the Go files of one package without its tests.
func (s *subject) copySources(from, to string) {
	s.t.Helper()
	check(s.t, os.MkdirAll(to, 0o755))
	names, err := filepath.Glob(filepath.Join(from, "*.go"))
	check(s.t, err)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		content, err := os.ReadFile(name)
		check(s.t, err)
		check(s.t, os.WriteFile(filepath.Join(to, filepath.Base(name)), content, 0o644))
	}
}

func (s *subject) goCommand(dir string, args ...string) string {
	s.t.Helper()
	out, err := goCommand(dir, args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func goCommand(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return string(out), nil
}

// cover finds out which lines are run.
func (s *subject) cover() {
	s.t.Helper()
	program, data, profile := filepath.Join(s.dir, "covered"), s.t.TempDir(), filepath.Join(s.dir, "profile")
	s.goCommand(s.dir, "build", "-mod=mod", "-cover", "-covermode=set", "-coverpkg="+strings.Join(driven, ","), "-o", program, ".")
	cmd := exec.Command(program, s.sockets)
	cmd.Env = append(os.Environ(), "GOCOVERDIR="+data)
	cmd.Stdin = strings.NewReader("drive\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v\n%s", err, out)
	}
	s.goCommand(s.dir, "tool", "covdata", "textfmt", "-i="+data, "-o="+profile)
	text, err := os.ReadFile(profile)
	check(s.t, err)
	dirs := make(map[string]string) // of packages
	s.packages = make(map[string]string)
	for line := range strings.Lines(s.goCommand(s.dir, append([]string{"list", "-mod=mod", "-f", "{{.ImportPath}} {{.Dir}}"}, driven...)...)) {
		path, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		dirs[path], s.packages[dir] = dir, path
	}
	s.lines = make(map[string]map[int]bool)
	for line := range strings.Lines(string(text)) {
		var from, fromCol, to, toCol, statements, count int
		file, rest, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &from, &fromCol, &to, &toCol, &statements, &count); err != nil || count == 0 {
			continue
		}
		i := strings.LastIndexByte(file, '/')
		dir, ok := dirs[file[:i]]
		if !ok || slices.Contains(spared, file[:i]) {
			continue
		}
		name := filepath.Join(dir, file[i+1:])
		if s.lines[name] == nil {
			s.lines[name] = make(map[int]bool)
		}
		for l := from; l <= to; l++ {
			s.lines[name][l] = true
		}
	}
	if len(s.lines) < 20 {
		s.t.Fatalf("driving the subject runs code in %d files only", len(s.lines))
	}
}

// driveTime bounds one run of everything.
const driveTime = 20 * time.Second

// process is a running subject.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	socket string
	killed *time.Timer
}

// start starts a program and waits until it is ready.
func (s *subject) start(program string) (*process, error) {
	p := &process{cmd: exec.Command(program, s.sockets)}
	p.cmd.Stderr = &p.stderr
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
	p.out = bufio.NewReader(out)
	p.killed = time.AfterFunc(2*driveTime, func() { p.cmd.Process.Kill() })
	if line, err := p.out.ReadString('\n'); err != nil || line != "ready\n" {
		p.end()
		return nil, fmt.Errorf("the program does not start: %q %v\n%s", line, err, firstLines(p.stderr.String()))
	}
	p.socket = filepath.Join(s.sockets, fmt.Sprintf("%d.sock", p.cmd.Process.Pid))
	return p, nil
}

// drive returns what the program prints.
func (p *process) drive() (string, error) {
	p.killed.Reset(driveTime)
	if _, err := fmt.Fprintln(p.in, "drive"); err != nil {
		return "", fmt.Errorf("%w\n%s", err, firstLines(p.stderr.String()))
	}
	var all strings.Builder
	for {
		line, err := p.out.ReadString('\n')
		if err != nil {
			p.end()
			return all.String(), fmt.Errorf("the program ended, or was ended after %v: %s", driveTime, firstLines(p.stderr.String()))
		}
		if line == "done\n" {
			return all.String(), nil
		}
		all.WriteString(line)
	}
}

func (p *process) end() {
	p.killed.Stop()
	p.in.Close()
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// apply applies a patch file.
func (p *process) apply(file []byte) error {
	return p.ask(func(ctx context.Context, c *control.Client) error {
		_, err := c.Apply(ctx, file, control.SwitchOptions{})
		return err
	})
}

// rollback goes back to the release.
func (p *process) rollback() error {
	return p.ask(func(ctx context.Context, c *control.Client) error {
		_, err := c.Rollback(ctx, "", control.SwitchOptions{})
		return err
	})
}

func (p *process) ask(what func(context.Context, *control.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), driveTime)
	defer cancel()
	c, err := control.Dial(ctx, p.socket)
	if err != nil {
		return errors.Join(err, errors.New(firstLines(p.stderr.String())))
	}
	defer c.Close()
	return what(ctx, c)
}

func firstLines(s string) string {
	lines := strings.SplitN(s, "\n", 16)
	return strings.Join(lines[:min(len(lines), 15)], "\n")
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
