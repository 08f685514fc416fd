package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ends are the ways in which a watch comes to its end.
var ends = []struct {
	name string
	do   func(*watched)
	// orderly says that the watch can see it coming.
	orderly bool
}{
	{"Ctrl-C", func(w *watched) { w.tty.WriteString("\x03") }, true},
	{"q", func(w *watched) { w.tty.WriteString("q") }, true},
	{"SIGTERM", func(w *watched) { w.signal(syscall.SIGTERM) }, true},
	{"SIGHUP", func(w *watched) { w.signal(syscall.SIGHUP) }, true},
	{"the terminal is closed", func(w *watched) { w.tty.Close() }, true},
	{"SIGKILL", func(w *watched) { w.signal(syscall.SIGKILL) }, false},
}

// moments are what a watch may be at when it comes to its end. Each begins when the watch was started.
var moments = []struct {
	name string
	do   func(*watched)
}{
	{"build", (*watched).building},
	{"start", func(w *watched) { w.expect(`functions in`) }},
	{"save", func(w *watched) {
		w.expect(`takes every save`)
		w.ready()
		w.save(stepFile(fmt.Sprintf("return fmt.Sprint(\"v\", %d)", time.Now().UnixNano()), ""))
	}},
	{"restart", func(w *watched) {
		w.expect(`takes every save`)
		w.ready()
		w.save(strings.Replace(stepFile(`return fmt.Sprint("v", 3)`, ""), "calls int", fmt.Sprintf("calls int; n%d", time.Now().UnixNano())+" int", 1))
		w.expect(`Enter restarts the program`)
		w.tty.WriteString("\n")
	}},
}

// building waits until the watch runs a command: before, keys end it as they end any program.
func (w *watched) building() {
	w.t.Helper()
	for range 2000 {
		lists, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", w.cmd.Process.Pid))
		if err != nil {
			w.t.Fatal(err)
		}
		for _, list := range lists {
			if b, err := os.ReadFile(list); err == nil && len(b) > 0 {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatal("the watch runs no command")
}

// signal sends a signal to the watch alone.
func (w *watched) signal(s syscall.Signal) { syscall.Kill(w.cmd.Process.Pid, s) }

// pause takes up to as long as a watch works on a save.
func pause(random *rand.Rand) { time.Sleep(time.Duration(random.IntN(700)) * time.Millisecond) }

// A watch that ends at any moment takes its program with it, which ends in its own way, and leaves nothing
// behind; what a killed one had no time to remove is removed by the next. By default each way of ending
// is tried once, with GOSPLICE_WATCH at each moment.
func TestWatchEnds(t *testing.T) {
	w := newWatched(t)
	random := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	order := random.Perm(len(moments))
	for i, end := range ends {
		for j, moment := range moments {
			if os.Getenv("GOSPLICE_WATCH") == "" && order[i%len(order)] != j {
				continue
			}
			t.Run(end.name+" at a "+moment.name, func(t *testing.T) {
				w.t = t
				w.save(stepFile(`return fmt.Sprint("v0")`, ""))
				w.start(80)
				moment.do(w)
				pause(random)
				end.do(w)
				if code := w.ended(); end.orderly && code != exitDone {
					t.Errorf("exit code %d", code)
				}
				w.nothingRuns()
				if end.orderly {
					w.tidy()
				} else if err := os.RemoveAll(filepath.Join(w.home, "run", "gosplice")); err != nil {
					// The next program that listens removes the socket, but the next end may come before there is one.
					t.Fatal(err)
				}
			})
		}
	}
	w.t = t
	w.start(80)
	w.expect(`takes every save`)
	w.tty.WriteString("\x03")
	if code := w.ended(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	w.nothingRuns()
	w.tidy()
}

// nothingRuns waits until no process is left of those that a watch has started: neither programs that it has built,
// nor go commands in its directory, which end by themselves if it is killed.
func (w *watched) nothingRuns() {
	w.t.Helper()
	var left []int
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if left = w.left(); len(left) == 0 {
			return
		}
	}
	w.t.Errorf("still running: %v", left)
}

// left are the IDs of processes that a watch has started, as far as they run.
func (w *watched) left() (pids []int) {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range all {
		exe, _ := os.Readlink(p + "/exe") // it may be gone
		cwd, _ := os.Readlink(p + "/cwd")
		if pid, err := strconv.Atoi(filepath.Base(p)); err == nil && (strings.HasPrefix(exe, w.home+"/") || cwd == w.dir) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// killLeft ends what a test that failed has left running.
func (w *watched) killLeft() {
	for _, pid := range w.left() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// A program that is left runs on with its patch, however the watch ends, and takes the patches of the command.
func TestWatchLeaves(t *testing.T) {
	for _, end := range ends {
		t.Run(end.name, func(t *testing.T) {
			w := newWatched(t)
			w.start(80, "--leave")
			w.expect(`takes every save; r restarts, \? for keys, Ctrl-C leaves it`)
			pid := w.ready()
			t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
			w.save(stepFile(`return fmt.Sprint("v", 1)`, ""))
			w.expect(`live in`)
			end.do(w)
			if code := w.ended(); end.orderly && code != exitDone {
				t.Errorf("exit code %d", code)
			}
			w.answers("v1", pid)
			w.save(stepFile(`return fmt.Sprint("v", 2)`, ""))
			records, err := filepath.Glob(filepath.Join(w.home, "gosplice/watch/*/*/*.gsr"))
			if err != nil || len(records) != 1 {
				t.Fatalf("records %q, %v", records, err)
			}
			file := filepath.Join(w.home, "more.gsp")
			w.command("patch", "--record", records[0], "-o", file)
			w.command("apply", file)
			w.answers("v2", pid)
			syscall.Kill(pid, syscall.SIGTERM)
			w.gone(pid)
		})
	}
}

// command runs gosplice as the user of the watch would.
func (w *watched) command(args ...string) {
	w.t.Helper()
	cmd := exec.Command(w.cmd.Path, args...)
	cmd.Dir, cmd.Env = w.dir, w.cmd.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("gosplice %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// With --restart nobody has to be there, and without a terminal the program gets the standard input.
func TestWatchRestarts(t *testing.T) {
	w := newWatched(t)
	w.start(80, "--restart")
	w.expect(`takes every save`)
	pid := w.ready()
	w.save(strings.Replace(stepFile(`return fmt.Sprint("v", 3)`, ""), "calls int", "level, calls int", 1))
	w.expect(`refused\S*; the program runs on as it was`)
	w.expect(`restarted`)
	w.expect(`takes every save`)
	w.gone(pid)
	pid = w.ready()
	w.answers("v3", pid)
	w.tty.WriteString("\x03")
	w.ended()
	w.gone(pid)
	w.tidy()
}

// Sources that do not compile at the start are waited for.
func TestWatchStartsWhenItCompiles(t *testing.T) {
	w := newWatched(t)
	w.save("-- step.go --\npackage main\n\nfunc step(n int) string { return missing }\n")
	w.start(80)
	w.expect(`does not compile`)
	w.expect(`step\.go:3:34: undefined: missing`)
	w.save("-- step.go --\npackag main\n")
	w.expect(`does not compile`)
	w.save(stepFile(`return fmt.Sprint("v", 1)`, ""))
	w.expect(`takes every save`)
	pid := w.ready()
	w.answers("v1", pid)
	w.tty.WriteString("\x03")
	w.ended()
	w.gone(pid)
	w.tidy()
}
