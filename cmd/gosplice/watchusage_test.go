package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what the watch takes.
type usage struct{ files, mappings, memory, children, goroutines int }

func (w *watched) usage() usage {
	w.t.Helper()
	dir := fmt.Sprintf("/proc/%d/", w.cmd.Process.Pid)
	maps, err := os.ReadFile(dir + "maps")
	if err != nil {
		w.t.Fatal(err)
	}
	status, err := os.ReadFile(dir + "status")
	if err != nil {
		w.t.Fatal(err)
	}
	u := usage{files: openFiles(w.cmd.Process.Pid), mappings: strings.Count(string(maps), "\n"), children: len(w.children()), goroutines: w.goroutines()}
	for line := range strings.Lines(string(status)) {
		fmt.Sscanf(line, "RssAnon: %d kB", &u.memory)
	}
	return u
}

// openFiles counts what a process has open: files and sockets.
func openFiles(pid int) int {
	files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(files)
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

// stacksFile names the variable with the file to which gosplice under test writes the stacks of its goroutines
// when it gets SIGUSR1.
const stacksFile = "GOSPLICE_TEST_STACKS"

// underTest is gosplice, which tells its goroutines.
func underTest() {
	if file := os.Getenv(stacksFile); file != "" {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGUSR1)
		go func() {
			for range asked {
				stacks := make([]byte, 1<<20)
				stacks = stacks[:runtime.Stack(stacks, true)]
				os.WriteFile(file+".new", stacks, 0o600)
				os.Rename(file+".new", file)
			}
		}()
	}
	main()
}

// goroutines counts those of the watch.
func (w *watched) goroutines() int {
	w.t.Helper()
	file := w.stacks()
	os.Remove(file)
	syscall.Kill(w.cmd.Process.Pid, syscall.SIGUSR1)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if stacks, err := os.ReadFile(file); err == nil {
			return bytes.Count(append([]byte("\n"), stacks...), []byte("\ngoroutine "))
		}
	}
	w.t.Fatal("the watch does not tell its goroutines")
	return 0
}

func (w *watched) stacks() string { return filepath.Join(w.home, "stacks") }

func median[T int | time.Duration](all []T) T {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
