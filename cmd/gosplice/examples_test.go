package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// exampleServer is a program as the examples of the help assume it: ./cmd/server, and one in the root.
const exampleServer = `
-- main.go --
package main

import (
	"log"

	"github.com/gosplice/gosplice"
)

func main() {
	if err := gosplice.Start(); err != nil {
		log.Fatal(err)
	}
	select {}
}
-- cmd/server/main.go --
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/gosplice/gosplice"
)

func main() {
	addr := flag.String("addr", "", "")
	flag.Parse()
	if err := gosplice.Start(gosplice.WithPatchDir(os.Getenv("SERVER_PATCHES"))); err != nil {
		log.Fatal(err)
	}
	for {
		step(*addr)
		time.Sleep(10 * time.Millisecond)
	}
}

//go:noinline
func step(addr string) string { return fmt.Sprint("one", addr) }
`

// elsewhere are examples that other tests run: they take a player's minute, or plugins.
func elsewhere(command, example string) bool {
	return command == "demo" || strings.HasPrefix(command, "plugin") || strings.Contains(example, "game_1-0-1.so")
}

// examplesOf are the examples of a command, one or more lines each.
func examplesOf(cmd *cobra.Command) (examples []string) {
	for block := range strings.SplitSeq(cmd.Example, "\n\n") {
		var lines []string
		for line := range strings.SplitSeq(block, "\n") {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
		examples = append(examples, strings.Join(lines, "\n"))
	}
	return examples
}

// allCommands are the commands of gosplice with what comes below them, by their names.
func allCommands() map[string]*cobra.Command {
	all := map[string]*cobra.Command{}
	var add func(*cobra.Command)
	add = func(cmd *cobra.Command) {
		if !cmd.Hidden {
			all[strings.TrimPrefix(cmd.CommandPath(), "gosplice ")] = cmd
		}
		for _, sub := range cmd.Commands() {
			add(sub)
		}
	}
	add(newRootCommand(&console{width: usualWidth}))
	return all
}

// exampleRuns says in which order the examples work, each group after something was done to the sources
// of the release. Each command is run with all of its examples.
var exampleRuns = []struct {
	before   string
	commands []string
}{
	{"true", []string{"gosplice", "build", "record", "version", "explain", "completion", "man"}},
	{editServer, []string{"plan", "keygen", "patch", "verify", "ps", "apply", "status", "log", "install", "uninstall", "rollback"}},
	{"git checkout -q .", []string{"diff", "watch"}},
}

const editServer = `sed -i 's/"one"/"two"/' cmd/server/main.go`

// Every command shows two examples, and each works when it is pasted into a shell.
func TestExamples(t *testing.T) {
	shown := map[string]bool{}
	for name, cmd := range allCommands() {
		examples := examplesOf(cmd)
		if len(examples) < 2 && name != "gosplice" {
			t.Errorf("%s has %d examples", name, len(examples))
		}
		for _, e := range examples {
			if !strings.Contains(e, "gosplice") {
				t.Errorf("%s: no gosplice in the example %q", name, e)
			}
			shown[name] = shown[name] || !elsewhere(name, e)
		}
	}
	for _, r := range exampleRuns {
		for _, name := range r.commands {
			delete(shown, name)
		}
	}
	for name, here := range shown {
		if here {
			t.Errorf("nothing runs the examples of %s", name)
		}
	}
	if testing.Short() {
		t.Skip("builds a program several times")
	}
	s := newShop(t)
	commands := allCommands()
	source := filepath.Join(s.root, "home/src/server")
	for _, r := range exampleRuns {
		s.run(source, r.before)
		for _, name := range r.commands {
			for _, e := range examplesOf(commands[name]) {
				if name == "uninstall" {
					s.run(source, "gosplice install server-1.4.2.gsp")
				}
				if elsewhere(name, e) {
					continue
				}
				t.Run(name, func(t *testing.T) {
					needsJQ(t, e)
					s.t = t
					s.paste(source, name, e)
				})
				s.t = t
			}
		}
	}
}

// shop is a file system and a running program as the examples assume them.
type shop struct {
	t    *testing.T
	root string
	env  []string
	pid  int
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t, root: t.TempDir()}
	for _, dir := range []string{"bin", "home/src", "home/.config/fish/completions", "srv/bin", "var/lib/server/patches", "run", "cache"} {
		if err := os.MkdirAll(filepath.Join(s.root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(testBinary(t), filepath.Join(s.root, "bin/gosplice")); err != nil {
		t.Fatal(err)
	}
	s.env = append(os.Environ(), "HOME="+filepath.Join(s.root, "home"), "PATH="+filepath.Join(s.root, "bin")+":"+os.Getenv("PATH"),
		"GOSPLICE_SOCKETS="+filepath.Join(s.root, "run", "gosplice"), "XDG_CACHE_HOME="+filepath.Join(s.root, "cache"),
		"SERVER_PATCHES="+filepath.Join(s.root, "var/lib/server/patches"), "MANPAGER=cat", "MANROFFOPT=")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOFLAGS"} {
		s.env = append(s.env, name+"="+goEnv(name))
	}
	source := filepath.Join(s.root, "home/src/server")
	testprogram.Overwrite(t, source, exampleServer+fmt.Sprintf(
		"-- go.mod --\nmodule example.org/server\n\ngo 1.26.0\n\nrequire github.com/gosplice/gosplice v0.0.0\n\nreplace github.com/gosplice/gosplice => %q\n", moduleCopy(t)))
	s.run(source, "go mod tidy && gosplice build -o server ./cmd/server && cp server "+s.root+"/srv/bin && cp server.gsr "+s.root+"/srv")
	s.run(source, "git init -q . && printf '/server\\n*.gsr\\n*.gsp\\n*.1\\n*.key\\n*.pub\\ndist\\n' > .gitignore && git add . && git -c user.name=x -c user.email=x@example.org commit -qm release")
	s.run(filepath.Join(s.root, "home"), "cp -r src/server fix; cd fix; "+editServer)
	s.start(filepath.Join(s.root, "srv/bin/server"))
	return s
}

// start starts the program, and waits until it listens.
func (s *shop) start(file string) {
	s.t.Helper()
	cmd := exec.Command(file)
	cmd.Env, cmd.Stderr = s.env, os.Stderr
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	s.pid = cmd.Process.Pid
	socket := filepath.Join(s.root, "run/gosplice", strconv.Itoa(s.pid)+".sock")
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			return
		}
	}
	s.t.Fatal("the program does not listen")
}

// run runs shell commands that prepare something.
func (s *shop) run(dir, script string) {
	s.t.Helper()
	cmd := exec.Command("bash", "-euc", script)
	cmd.Dir, cmd.Env = dir, append(slices.Clone(s.env), "PWD="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// paste runs an example in a shell, with what differs on this machine put in.
func (s *shop) paste(dir, command, example string) {
	s.t.Helper()
	script := strings.NewReplacer("4711", strconv.Itoa(s.pid), " /srv/", " "+s.root+"/srv/", " /var/lib/", " "+s.root+"/var/lib/",
		"localhost:8080", "localhost:0").Replace(example)
	if strings.HasPrefix(script, "gosplice man . &&") {
		if _, err := exec.LookPath("man"); err != nil {
			script = "gosplice man ."
		}
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = dir, append(slices.Clone(s.env), "PWD="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out lockedText
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err := error(nil)
	for waiting, asked := true, false; waiting; {
		select {
		case err = <-ended:
			waiting = false
		case <-time.After(20 * time.Millisecond):
			// A loop works when it has begun, and ends when it is told to.
			if command == "watch" && !asked && strings.Contains(out.String(), "takes every save") {
				asked = true
				syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
			}
		}
	}
	if err != nil {
		s.t.Errorf("%s: the example %q: %v\n%s", command, example, err, out.String())
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		s.t.Fatalf("%s: the example %q does not end\n%s", command, example, out.String())
	}
}
