package main

import (
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// TestFollowedLine: what a program says of itself makes no line of its own and moves no cursor.
func TestFollowedLine(t *testing.T) {
	const odd = "\x1b]0;title\a\nforged"
	for i, set := range []func(*control.Status){
		func(s *control.Status) { s.Version = "1.0" + odd },
		func(s *control.Status) { s.InProgress = "waits" + odd },
		func(s *control.Status) { s.OldCodeError = "not known" + odd },
		func(s *control.Status) { s.OldCode = []control.OldCode{{Function: "main.f" + odd, Goroutines: 1}} },
	} {
		var s control.Status
		set(&s)
		if line := inOneLine(&s); strings.ContainsAny(line, "\x1b\a\n") {
			t.Errorf("%d: the line is %q", i, line)
		}
	}
}
