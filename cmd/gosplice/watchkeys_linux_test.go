package main

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestWatchKeys ends a watch by its key: the terminal gives lines and shows what is typed before and after.
func TestWatchKeys(t *testing.T) {
	w := newWatched(t)
	w.start(80)
	w.expect(`takes every save`)
	lines := func() bool {
		mode, err := unix.IoctlGetTermios(int(w.tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return mode.Lflag&unix.ICANON != 0 && mode.Lflag&unix.ECHO != 0 && mode.Lflag&unix.ISIG != 0
	}
	if lines() {
		t.Error("the terminal waits for lines while keys count")
	}
	pid := w.ready()
	w.tty.WriteString("x\n") // neither means something now
	w.tty.WriteString("r")
	w.expect(`building\S* the next one; the program runs on until then`)
	w.expect(`restarted\S* in [0-9.]+ m?s, with new state`)
	w.gone(pid)
	w.expect(`takes every save`)
	w.ready()
	w.tty.WriteString("q")
	if code := w.ended(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if !lines() {
		t.Error("the terminal is not as it was")
	}
	w.nothingRuns()
	w.tidy()
}
