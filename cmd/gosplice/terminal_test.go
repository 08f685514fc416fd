package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// onTerminal runs gosplice on a terminal and returns what it shows.
func onTerminal(t *testing.T, width int, env []string, args ...string) string {
	t.Helper()
	self := filepath.Join(t.TempDir(), "gosplice")
	if err := os.Symlink(testBinary(t), self); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), append([]string{"TERM=xterm-256color", "NO_COLOR="}, env...)...)
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: uint16(width)})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	var shown bytes.Buffer
	io.Copy(&shown, tty) // ends with an error when the terminal is closed at the other end
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, shown.String())
	}
	return strings.ReplaceAll(shown.String(), "\r\n", "\n")
}

var escapes = regexp.MustCompile(`\x1b\[[0-9;]*[a-zA-Z]`)

// Colour is for terminals that have it, and for people who want it. It changes no word, and no
// line is wider than the terminal.
func TestColour(t *testing.T) {
	for _, width := range []int{80, 160} {
		coloured := onTerminal(t, width, nil, "explain")
		if !escapes.MatchString(coloured) {
			t.Errorf("no colour on a terminal:\n%s", coloured)
		}
		for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
			plain := onTerminal(t, width, []string{env}, "explain")
			if escapes.MatchString(plain) {
				t.Errorf("colour with %s:\n%q", env, plain)
			}
			if plain != escapes.ReplaceAllString(coloured, "") {
				t.Errorf("with %s the words are others", env)
			}
			for line := range strings.Lines(plain) {
				if n := len([]rune(strings.TrimRight(line, "\n"))); n > width {
					t.Errorf("a line of %d columns on a terminal of %d: %s", n, width, line)
				}
			}
		}
	}
}

// The help of every command fits 80 columns.
func TestHelpFits(t *testing.T) {
	for name, cmd := range allCommands() {
		args := append(strings.Fields(strings.TrimPrefix(cmd.CommandPath(), "gosplice")), "--help")
		code, out, _ := gosplice(t, args...)
		if code != exitDone {
			t.Errorf("%s --help: exit code %d", name, code)
		}
		for line := range strings.Lines(out) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > usualWidth {
				t.Errorf("%s --help has a line of %d columns: %s", name, n, line)
			}
		}
	}
}
