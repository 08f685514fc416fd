package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestWatchWaits: what has run is said to wait for a restart, at each save that changes it again, and Enter restarts.
func TestWatchWaits(t *testing.T) {
	w := newWatched(t)
	w.start(160)
	w.expect(`pid [0-9]+ takes every save`)
	pid := w.ready()
	w.save(stepFile(`return fmt.Sprint("v", 1)`, ""))
	w.expect(`main\.step\S* live in`)

	before, err := os.ReadFile(filepath.Join(w.dir, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	edited := func(loops string) string {
		return "-- main.go --\n" + strings.Replace(string(before), "range 4", "range "+loops, 1)
	}
	w.save(edited("5"))
	w.expect(`main\.main\S*: not before a restart; all else live in`)
	w.expect(`GS2001`)
	w.expect(`In the edit: line [0-9]+\.`)
	w.expect(`Enter restarts the program with it`)
	w.save(edited("6"))
	if between := w.expect(`(?s)(.*)main\.main\S*: not before a restart`)[1]; strings.Contains(between, "no code changed") {
		t.Errorf("the second edit is said to change nothing: %q", between)
	}
	w.expect(`GS2001`)
	w.expect(`Enter restarts the program with it`)
	w.answers("v1", pid)

	if _, err := w.tty.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	w.expect(`restarted\S* in [0-9.]+ m?s, with new state`)
	w.gone(pid)
	w.expect(`pid [0-9]+ takes every save`)
	pid = w.ready()
	w.answers("v1", pid)
	w.save(stepFile(`return fmt.Sprint("v", 2)`, ""))
	w.expect(`main\.step\S* live in`)
	w.answers("v2", pid)
}
