package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// edit is a save of watchProgram's step.go, and what step then says; "" if it is as before.
type edit struct {
	files, says string
	shows       string // on the terminal
}

// edits are kinds of edits; n makes each save another.
func edits(n int) []edit {
	says := fmt.Sprint("v", n)
	live := fmt.Sprintf(`fmt.Sprint("v", %d)`, n)
	return []edit{
		{stepFile("return "+live, ""), says, "live in"},
		{stepFile("return more()", "\nfunc more() string { return "+live+" }\n"), says, "live in"},
		{stepFile("f := func() string { return "+live+" }\n\treturn f()", ""), says, "live in"},
		{stepFile(fmt.Sprintf("counted++\n\t_ = counted\n\treturn %s", live), "\nvar counted int\n"), says, "live in"},
		{stepFile(fmt.Sprintf("return fmt.Sprint(\"v\", table%d[\"%d\"])", n, n), fmt.Sprintf("\nvar table%d = map[string]int{\"%d\": %d}\n", n, n, n)), says, "live in"},
		{stepFile("return pick("+live+")", "\nfunc pick[T any](list ...T) T { return list[0] }\n"), says, "live in"},
		{stepFile("return thing{"+strconv.Itoa(n)+"}.String()", "\ntype thing struct{ n int }\n\nfunc (t thing) String() string { return fmt.Sprint(\"v\", t.n) }\n"), says, "live in"},
		{stepFile("defer func() { recover() }()\n\treturn "+live, ""), says, "live in"},
		{stepFile(fmt.Sprint("return missing", n), ""), "", "does not compile"},
		{strings.Replace(stepFile("return "+live, ""), "calls int", "level, calls int", 1), "", "refused"},
	}
}

// saves is how many saves the test makes.
func saves(t *testing.T) int {
	n, err := strconv.Atoi(os.Getenv("GOSPLICE_WATCH"))
	if err != nil {
		return 30
	}
	return n
}

// Random edits one after another, in one process that works all the time: each is live, no state is
// lost, and neither the program nor the watch takes more with each.
func TestWatchManySaves(t *testing.T) {
	w := newWatched(t)
	w.start(80)
	w.expect(`takes every save`)
	pid := w.ready()
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	says, total := "v0", saves(t)
	var early usage
	for n := 1; n <= total; n++ {
		kinds := edits(n)
		e := kinds[random.IntN(len(kinds))]
		w.save(e.files)
		w.expect(e.shows)
		if e.says != "" {
			says = e.says
		}
		w.answers(says, pid)
		if n == total/3 {
			early = w.usage()
		}
	}
	late := w.usage()
	t.Logf("after %d saves %+v, after %d %+v", total/3, early, total, late)
	times := w.times()
	t.Logf("from save to live: median %v of the first third, %v of the last", median(times[:len(times)/3]), median(times[2*len(times)/3:]))
	if late.files != early.files || late.children != early.children {
		t.Errorf("%d open files and %d processes after %d saves, %d and %d after %d", early.files, early.children, total/3, late.files, late.children, total)
	}
	// Mappings and memory differ with what was edited last; they must not grow by each save.
	if late.mappings > early.mappings+20 {
		t.Errorf("%d mappings after %d saves, %d after %d", early.mappings, total/3, late.mappings, total)
	}
	if late.memory > 2*early.memory {
		t.Errorf("%d kB of memory after %d saves, %d kB after %d", early.memory, total/3, late.memory, total)
	}
	w.tty.WriteString("\x03")
	if code := w.ended(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	w.gone(pid)
	w.tidy()
}

// times are how long each save took until it was live, as the terminal shows it.
func (w *watched) times() (all []time.Duration) {
	w.t.Helper()
	text, _ := w.shown.all()
	for _, m := range regexp.MustCompile(`live in ([0-9.]+) (m?s)`).FindAllStringSubmatch(text, -1) {
		d, err := time.ParseDuration(m[1] + m[2])
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

func median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// usage is what the watch takes.
type usage struct{ files, mappings, memory, children int }

func (w *watched) usage() usage {
	w.t.Helper()
	dir := fmt.Sprintf("/proc/%d/", w.cmd.Process.Pid)
	files, err := os.ReadDir(dir + "fd")
	if err != nil {
		w.t.Fatal(err)
	}
	maps, err := os.ReadFile(dir + "maps")
	if err != nil {
		w.t.Fatal(err)
	}
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		w.t.Fatal(err)
	}
	u := usage{files: len(files), mappings: strings.Count(string(maps), "\n"), children: len(w.children())}
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "RssAnon: %d kB", &u.memory)
	}
	return u
}

// children are the processes that the watch has started and that run.
func (w *watched) children() (pids []int) {
	w.t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", w.cmd.Process.Pid))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, task := range tasks {
		text, _ := os.ReadFile(task) // the thread may be gone
		for _, field := range strings.Fields(string(text)) {
			if pid, err := strconv.Atoi(field); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// A watch that is killed at any moment takes its program with it, which ends in its own way, and the
// next watch removes what the killed one had no time to.
func TestWatchKilled(t *testing.T) {
	w := newWatched(t)
	random := rand.New(rand.NewPCG(2, uint64(time.Now().UnixNano())))
	n := 0
	for round := range 4 {
		w.start(80)
		if round > 0 { // in the first one while it builds
			w.expect(`takes every save`)
			pid := w.ready()
			n++
			w.save(stepFile(fmt.Sprintf("return fmt.Sprint(\"v\", %d)", n), ""))
			time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
			syscall.Kill(w.cmd.Process.Pid, syscall.SIGKILL)
			w.expect(`stopped by terminated`)
			w.gone(pid)
		} else {
			time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond)
			syscall.Kill(w.cmd.Process.Pid, syscall.SIGKILL)
		}
		w.ended()
		w.tty.Close()
	}
	w.start(80)
	w.expect(`takes every save`)
	pid := w.ready()
	w.tty.WriteString("\x03")
	if code := w.ended(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	w.gone(pid)
	w.tidy()
}

// A program that is left runs on, whether the watch is stopped or killed.
func TestWatchLeaves(t *testing.T) {
	for _, how := range []string{"stopped", "killed"} {
		t.Run(how, func(t *testing.T) {
			w := newWatched(t)
			w.start(80, "--leave")
			w.expect(`takes every save; r and Enter restarts it, Ctrl-C leaves it`)
			pid := w.ready()
			t.Cleanup(func() { syscall.Kill(pid, syscall.SIGKILL) })
			w.save(stepFile(`return fmt.Sprint("v", 1)`, ""))
			w.expect(`live in`)
			if how == "killed" {
				syscall.Kill(w.cmd.Process.Pid, syscall.SIGKILL)
				w.ended()
			} else {
				w.tty.WriteString("\x03")
				w.expect(`pid [0-9]+ runs on`)
				if code := w.ended(); code != exitDone {
					t.Errorf("exit code %d", code)
				}
			}
			w.answers("v1", pid)
			syscall.Kill(pid, syscall.SIGTERM)
			w.gone(pid)
		})
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
