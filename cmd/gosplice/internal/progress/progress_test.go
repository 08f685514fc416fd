package progress

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestQuickWorkShowsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := Start(&out)
		l.Step("compiling", 0, 0)
		time.Sleep(patience / 2)
		l.Stop()
		if out.Len() > 0 {
			t.Errorf("shows %q", out.String())
		}
	})
}

func TestLongWorkShowsItsStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		l := Start(&out)
		l.Step("compiling", 0, 0)
		time.Sleep(patience + beat/2)
		l.Step("comparing", 7, 9)
		time.Sleep(2 * beat)
		l.Stop()
		l.Stop()
		text := out.String()
		if !strings.Contains(text, " compiling") || !strings.Contains(text, " comparing 7/9") {
			t.Errorf("shows %q", text)
		}
		if !strings.HasSuffix(text, clearLine) {
			t.Errorf("the line is left behind: %q", text)
		}
	})
}

func TestNilLine(t *testing.T) {
	var l *Line
	l.Step("compiling", 1, 2)
	l.Stop()
}

// TestStepOfAnotherProgram: what a program says of itself moves no cursor.
func TestStepOfAnotherProgram(t *testing.T) {
	l := &Line{}
	l.Step("waits\x1b]0;title\a\x1b[2J\nforged", 0, 0)
	if strings.ContainsAny(l.text, "\x1b\a\n") {
		t.Errorf("the line holds %q", l.text)
	}
}
