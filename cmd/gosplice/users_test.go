package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// TestOtherUsers: a program says itself which build it is, so that of another user is shown with the user wherever one is
// named or chosen from.
func TestOtherUsers(t *testing.T) {
	me := os.Geteuid()
	own := control.Process{PID: 11, Socket: "/own/11.sock", Hello: &control.Hello{PID: 11, UID: me, Program: "/bin/server", BuildID: "same"}}
	other := control.Process{PID: 12, Socket: "/other/12.sock", Hello: &control.Hello{PID: 12, UID: me + 1000, Program: "/bin/server", BuildID: "same"}}
	user := strings.TrimSpace(otherUser(other.Hello))
	if user == "" || otherUser(own.Hello) != "" {
		t.Errorf("users %q and %q", otherUser(own.Hello), user)
	}
	var out bytes.Buffer
	c := &console{out: &out, err: &out, width: usualWidth}
	for h, want := range map[*control.Hello]bool{own.Hello: false, other.Hello: true} {
		out.Reset()
		showSwitched(c, h, &control.Switched{From: "release", To: "1.4.2"})
		if heading, _, _ := strings.Cut(out.String(), "\n"); strings.Contains(heading, user) != want {
			t.Errorf("user %d: %s", h.UID, heading)
		}
	}
	_, err := choose([]control.Process{own, other}, []control.Process{own, other}, release("same"))
	if err == nil || strings.Count(err.Error(), "user ") != 1 || !strings.Contains(err.Error(), user) {
		t.Errorf("of two that fit: %v", err)
	}
	table := func(found ...control.Process) string {
		return strings.Join(processTable(found, time.Now()).Lines(c.style, c.width), "\n")
	}
	gone := control.Process{PID: 13, Err: os.ErrDeadlineExceeded}
	if text := table(own, gone); strings.Contains(text, "USER") {
		t.Errorf("only own programs:\n%s", text)
	}
	if text := table(own, gone, other); !strings.Contains(text, "USER") || !strings.Contains(text, strings.TrimPrefix(user, "user ")) {
		t.Errorf("programs of others:\n%s", text)
	}
}
