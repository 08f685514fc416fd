package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

var oldCode = []control.OldCode{
	{Function: "arena.(*Room).Loop", Version: "release", Goroutines: 12, Stack: []control.Function{
		{Name: "time.Sleep", File: "/usr/lib/go/src/runtime/time.go", Line: 363},
		{Name: "arena.(*Room).Loop", File: "/src/arena/room.go", Line: 41}}},
	{Function: "main.serve", Version: "1.4.1", Goroutines: 1},
}

func switched() control.Response {
	return control.Response{Code: control.Done, Switched: &control.Switched{
		From: "release", To: "1.4.2", ID: strings.Repeat("1f", 32), Functions: 3, Inits: []string{"var arena.cache", "package regexp"},
		Created: 2, Reused: 1, Memory: 49_152, Pause: 87 * time.Microsecond, Attempts: 2, OldCode: oldCode,
	}}
}

func TestApply(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = switched()
	a.start(t)
	file := writePatch(t, nil)

	code, out, messages := gosplice(t, "apply", file, "--quiesce", "5s")
	if code != exitDone || messages != "" {
		t.Errorf("exit code %d, %s", code, messages)
	}
	golden(t, "apply", out)
	last := a.requests[len(a.requests)-1]
	if last.Verb != control.VerbApply || last.Quiesce != 5*time.Second || len(last.Patch) == 0 {
		t.Errorf("asked for %s, quiesce %s, %d bytes", last.Verb, last.Quiesce, len(last.Patch))
	}
}

// TestApplyOfALoop: goroutines that can't leave old code are told apart.
func TestApplyOfALoop(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = switched()
	s := *a.answer.Switched
	s.Resets, s.Hooks, s.Warnings = []string{"arena.prices"}, []string{"main.open"}, []string{"rollback hook main.shut panicked"}
	s.OldCode = append(slices.Clone(oldCode), control.OldCode{Function: "main.accept", Version: "release", Goroutines: 2, Endless: true, Stack: []control.Function{
		{Name: "main.accept", File: "/src/server/main.go", Line: 20}}})
	a.answer.Switched = &s
	a.start(t)
	_, out, _ := gosplice(t, "apply", writePatch(t, nil))
	golden(t, "apply-loop", out)
}

// TestApplyGivenUp: who was inside.
func TestApplyGivenUp(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = control.Response{Code: control.Failed, Reason: control.ReasonBusy, Message: "not switched: goroutines are still in main.both (5), main.accept (1)", Inside: []control.OldCode{
		{Function: "main.both", Version: "release", Goroutines: 5, IDs: []uint64{17, 21, 34, 35}, Stack: []control.Function{{Name: "main.both", File: "/src/server/both.go", Line: 7}}},
		{Function: "main.accept", Version: "1.4.1", Goroutines: 1, IDs: []uint64{8}, Endless: true, Stack: []control.Function{{Name: "main.accept", File: "/src/server/main.go", Line: 20}}},
	}}
	a.start(t)
	code, out, messages := gosplice(t, "apply", writePatch(t, nil), "--quiesce", "5s")
	if code != exitFailed || out != "" {
		t.Errorf("exit code %d, %s", code, out)
	}
	golden(t, "apply-given-up", messages)
}

func TestApplyVerboseShowsStacks(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = switched()
	a.start(t)
	_, out, _ := gosplice(t, "apply", writePatch(t, nil), "-v")
	golden(t, "apply-verbose", out)
}

func TestApplyJSON(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = switched()
	a.start(t)
	code, out, _ := gosplice(t, "apply", writePatch(t, nil), "--json")
	var got control.Switched
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != exitDone || got.To != "1.4.2" || got.Pause != 87*time.Microsecond {
		t.Errorf("exit code %d, %v, %s", code, err, out)
	}
}

func TestApplyWhatRunsAlready(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = control.Response{Code: control.Done, Switched: &control.Switched{To: "1.4.2", Already: true}}
	a.start(t)
	code, out, _ := gosplice(t, "apply", writePatch(t, nil))
	if code != exitDone || !strings.Contains(out, "1.4.2 runs already: nothing was done") {
		t.Errorf("exit code %d, %s", code, out)
	}
}

func TestExitCodesOfAgents(t *testing.T) {
	for code, want := range map[control.Code]int{control.Failed: 1, control.Usage: 2, control.Refused: 3} {
		noPrograms(t)
		a := program(4711)
		a.answer = control.Response{Code: code, Reason: control.ReasonBusy, Message: "goroutine 7 stayed in main.spin", Detail: "main.spin()\n\tmain.go:7"}
		a.start(t)
		got, out, messages := gosplice(t, "apply", writePatch(t, nil))
		if got != want || out != "" || messages != "gosplice: goroutine 7 stayed in main.spin\n" {
			t.Errorf("%s: exit code %d, %s, %s", code, got, out, messages)
		}
		_, _, messages = gosplice(t, "apply", writePatch(t, nil), "--verbose")
		if !strings.Contains(messages, "\n  main.spin()\n  \tmain.go:7\n") {
			t.Errorf("verbose: %s", messages)
		}
	}
}

func TestApplyChoosesTheProgramOfTheRelease(t *testing.T) {
	noPrograms(t)
	file := writePatch(t, nil)
	other := program(10)
	other.hello.BuildID = "w/x/y/z"
	other.start(t)

	code, _, messages := gosplice(t, "apply", file)
	if want := "gosplice: no running program is release 69b3db0; running: 10 (server, release 51a4e0e)\n"; code != exitFailed || messages != want {
		t.Errorf("exit code %d, %s", code, messages)
	}

	fitting := program(11)
	fitting.answer = switched()
	fitting.start(t)
	if code, _, messages := gosplice(t, "apply", file); code != exitDone {
		t.Errorf("exit code %d, %s", code, messages)
	}

	program(12).start(t)
	code, _, messages = gosplice(t, "apply", file)
	want := "gosplice: 2 programs fit, choose one with --pid: 11 (server, release 69b3db0), 12 (server, release 69b3db0)\n"
	if code != exitUsage || messages != want {
		t.Errorf("exit code %d, %s", code, messages)
	}
	if code, _, messages := gosplice(t, "apply", file, "--pid", "11"); code != exitDone {
		t.Errorf("exit code %d, %s", code, messages)
	}
	if code, _, messages := gosplice(t, "apply", file, "--socket", socketOf(t, 11)); code != exitDone {
		t.Errorf("exit code %d, %s", code, messages)
	}
}

func TestNoPrograms(t *testing.T) {
	noPrograms(t)
	if code, out, _ := gosplice(t, "ps"); code != exitDone || !strings.Contains(out, "No running program can be patched") {
		t.Errorf("ps: exit code %d, %s", code, out)
	}
	if _, out, _ := gosplice(t, "ps", "--json"); out != "[]\n" {
		t.Errorf("ps --json: %s", out)
	}
	code, _, messages := gosplice(t, "status")
	if code != exitFailed || !strings.Contains(messages, "no running program can be patched") {
		t.Errorf("status: exit code %d, %s", code, messages)
	}
	code, _, messages = gosplice(t, "status", "--pid", "77")
	if code != exitFailed || !strings.Contains(messages, "process 77 does not listen") {
		t.Errorf("status --pid: exit code %d, %s", code, messages)
	}
}

func TestRollback(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = control.Response{Code: control.Done, Switched: &control.Switched{From: "1.4.2", To: "release", Functions: 3, Pause: 64 * time.Microsecond, Attempts: 1}}
	a.start(t)
	code, out, messages := gosplice(t, "rollback", "--to", "release")
	if code != exitDone || messages != "" {
		t.Errorf("exit code %d, %s", code, messages)
	}
	golden(t, "rollback", out)
	if last := a.requests[len(a.requests)-1]; last.Verb != control.VerbRollback || last.To != "release" {
		t.Errorf("asked for %s to %q", last.Verb, last.To)
	}
}

func TestStatus(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.hello.Version = "1.4.2"
	a.answer = control.Response{Code: control.Done, Status: &control.Status{
		Hello: a.hello, WriteMode: "/proc/self/mem", Memory: 98_304, Signed: true, Stack: []string{"1.4.1", "1.4.2"},
		Patches: []control.Applied{
			{ID: strings.Repeat("0a", 32), Version: "1.4.1", Time: time.Now().Add(-2 * time.Hour), Pause: 91 * time.Microsecond, Memory: 49_152,
				Changes: make([]patch.Change, 2), Signer: strings.Repeat("ab", 32)},
			{ID: strings.Repeat("1f", 32), Version: "1.4.2", Current: true, Time: time.Now().Add(-5 * time.Minute), Pause: 87 * time.Microsecond,
				Memory: 49_152, Changes: make([]patch.Change, 3), Signer: strings.Repeat("ab", 32)},
		},
		Redirected: []control.Function{{Name: "arena.(*Room).Tick", File: "/src/arena/room.go", Line: 30}, {Name: "arena.damage"}},
		OldCode:    oldCode,
	}}
	a.start(t)
	code, out, messages := gosplice(t, "status")
	if code != exitDone || messages != "" {
		t.Errorf("exit code %d, %s", code, messages)
	}
	golden(t, "status", out)
}

func TestStatusOfARelease(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.answer = control.Response{Code: control.Done, Status: &control.Status{Hello: a.hello}}
	a.start(t)
	_, out, _ := gosplice(t, "status")
	golden(t, "status-release", out)
}

// draining are answers of a program whose goroutines leave old code one after another, until it ends.
func draining(a *agent) {
	for _, old := range [][]control.OldCode{oldCode, oldCode, oldCode[:1], nil, nil} {
		a.answers = append(a.answers, control.Response{Code: control.Done, Status: &control.Status{
			Hello: a.hello, Redirected: []control.Function{{Name: "arena.(*Room).Tick"}}, OldCode: old,
		}})
	}
}

func TestFollow(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.hello.Version = "1.4.2"
	draining(a)
	a.start(t)
	code, out, messages := gosplice(t, "status", "--follow", "--interval", "1ms")
	if code != exitFailed || messages != "gosplice: the program has ended\n" {
		t.Errorf("exit code %d, %s", code, messages)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	want := []string{
		"  1.4.2  old code: 13 goroutines  arena.(*Room).Loop 12  main.serve 1",
		"  1.4.2  old code: 12 goroutines  arena.(*Room).Loop 12",
		"  1.4.2  old code: none",
	}
	if len(lines) != len(want) {
		t.Fatalf("lines are %q", lines)
	}
	for i, line := range lines {
		if _, err := time.Parse(time.TimeOnly, line[:8]); err != nil || line[8:] != want[i] {
			t.Errorf("line %q, want a time and %q", line, want[i])
		}
	}
}

// On a terminal each picture stands where the one before was.
func TestFollowOnATerminal(t *testing.T) {
	noPrograms(t)
	a := program(4711)
	a.hello.Version = "1.4.2"
	draining(a)
	a.start(t)
	var out bytes.Buffer
	c := &console{out: &out, err: io.Discard, width: usualWidth, shown: true}
	if code := execute(t.Context(), c, []string{"status", "-f", "--interval", "1ms"}); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	// Nothing but what moves back over the picture before.
	golden(t, "follow", strings.NewReplacer("\x1b[K", "", "\r", "", "\x1b[J", "(clear the rest)\n").Replace(out.String()))
}

func TestFollowsInSensibleSteps(t *testing.T) {
	noPrograms(t)
	for _, interval := range []string{"0s", "1h"} {
		code, _, messages := gosplice(t, "status", "--follow", "--interval", interval)
		if code != exitUsage || !strings.Contains(messages, "must be from 1ms to 20s") {
			t.Errorf("%s: exit code %d, %s", interval, code, messages)
		}
	}
}

func TestJournal(t *testing.T) {
	noPrograms(t)
	t.Setenv("TZ", "UTC")
	time.Local = time.UTC
	a := program(4711)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	a.answer = control.Response{Code: control.Done, Journal: []control.Entry{
		{Time: at, UID: 1000, Verb: control.VerbApply, Version: "1.4.2", Code: control.Refused, Message: "made for release 8acf5a3, this is release 69b3db0", Took: time.Millisecond},
		{Time: at.Add(time.Minute), UID: 1000, Verb: control.VerbApply, Version: "1.4.2", Code: control.Done, Message: "release -> 1.4.2", Took: 3 * time.Millisecond},
	}}
	a.start(t)
	_, out, _ := gosplice(t, "status", "--journal")
	golden(t, "journal", out)
}

func TestPs(t *testing.T) {
	noPrograms(t)
	program(4711).start(t)
	patched := program(104233)
	patched.hello.Version, patched.hello.Program = "1.4.2", "/srv/bin/worker"
	patched.start(t)
	leaveSocket(t, 99)
	code, out, messages := gosplice(t, "ps")
	if code != exitDone || messages != "" {
		t.Errorf("exit code %d, %s", code, messages)
	}
	golden(t, "ps", out)

	_, out, _ = gosplice(t, "ps", "--json")
	var list []struct {
		PID              int
		Version, Release string
	}
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) != 2 || list[1].Version != "1.4.2" || list[0].PID != 4711 || list[0].Release != "69b3db0" {
		t.Errorf("%v: %s", err, out)
	}
}

// leaveSocket leaves a socket whose program is gone.
func leaveSocket(t *testing.T, pid int) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socketOf(t, pid), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

// TestNamesAreWhole: where a table has no room for the directories of packages, names are without them and not cut in two.
func TestNamesAreWhole(t *testing.T) {
	const function = "example.com/services/of/messages/broker.(*Broker[a/b]).Loop"
	old := []control.OldCode{{Function: function, Version: "release", Goroutines: 1, Stack: []control.Function{{Name: function, File: "/src/broker/broker.go", Line: 66}}}}
	for width, want := range map[int]string{120: function, 80: "broker.(*Broker[a/b]).Loop"} {
		table := whereTable([]string{"GOROUTINES", "FUNCTION"}, old, width, func(o control.OldCode, function string) []string {
			return []string{"1", function, o.Version, place(o)}
		})
		lines := table.Lines(report.Style{}, width)
		if len(lines) != 2 || strings.Join(strings.Fields(lines[1]), " ") != "1 "+want+" release broker/broker.go:66" {
			t.Errorf("%d columns: %q", width, lines)
		}
	}
}
