package agent

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

func newInitialisers() *initialisers {
	return &initialisers{ran: make(map[string]string), running: make(map[string]abandoned)}
}

func TestInitsPending(t *testing.T) {
	p := &patch.Patch{Inits: []patch.Init{
		{Name: "package x"},
		{Name: "var a", Vars: []uint32{0}},
		{Name: "var b, c", Vars: []uint32{0, 1}},
		{Name: "var d", Vars: []uint32{2}},
		{Name: "package y"},
		{Name: "var e of y, which an earlier patch made", After: "package y", Vars: []uint32{0}},
		{Name: "var f of y", After: "package y", Vars: []uint32{2}},
		{Name: "var g of x, which is initialised with it", After: "package x", Vars: []uint32{2}},
	}}
	n := newInitialisers()
	n.ran["var d"], n.ran["package y"] = "", "inits"
	var names []string
	for _, in := range n.pending(p, func(symbol uint32) bool { return symbol > 0 }) {
		names = append(names, in.Name)
	}
	if !slices.Equal(names, []string{"package x", "var b, c", "var f of y"}) {
		t.Errorf("pending = %q", names)
	}
	if got := n.stays(p); len(got) != 1 || !strings.Contains(got[0], "package y has other init functions, or another version,") {
		t.Errorf("warnings are %q", got)
	}
}

func TestInitsRun(t *testing.T) {
	in := patch.Init{Name: "var arena.table", File: "arena/t.go", Line: 12}
	var order []int
	step := func(i int) func() { return func() { order = append(order, i) } }
	if err := newInitialisers().run(in, []func(){step(1), step(2)}, 0); err != nil || !slices.Equal(order, []int{1, 2}) {
		t.Errorf("ran %v: %v", order, err)
	}
	for _, c := range []struct {
		name, says string
		f          func()
	}{
		{"panic", "panicked: no such table: nothing", func() { panic("no such\ntable") }},
		{"nil panic", "panicked", func() { panic(nil) }},
		{"goexit", "runtime.Goexit", runtime.Goexit},
		{"fault", "panicked: runtime error: invalid memory address", func() { var p *int; *p = 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			later := false
			err := newInitialisers().run(in, []func(){c.f, func() { later = true }}, 0)
			p := problemOf(err)
			if err == nil || p.code != control.Failed || p.reason != control.ReasonInit {
				t.Fatalf("err = %v", err)
			}
			if !strings.HasPrefix(p.message, "initialiser var arena.table (arena/t.go:12) ") || !strings.Contains(p.message, c.says) {
				t.Errorf("message %q", p.message)
			}
			if strings.Contains(p.message, "\n") {
				t.Errorf("message has lines: %q", p.message)
			}
			if later {
				t.Error("what comes after the failed function ran")
			}
		})
	}
}

func TestInitsTimeout(t *testing.T) {
	in := patch.Init{Name: "var slow"}
	n := newInitialisers()
	release := make(chan struct{})
	err := n.run(in, []func(){func() { <-release }}, time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not return within 1ms") {
		t.Fatalf("err = %v", err)
	}
	if err := n.run(in, []func(){func() {}}, 0); err == nil || !strings.Contains(err.Error(), "still runs") {
		t.Errorf("second run while the first is under way: %v", err)
	}
	abandoned := n.running["initialiser "+in.Name].done
	close(release)
	<-abandoned
	if err := n.run(in, []func(){func() {}}, 0); err != nil {
		t.Errorf("run after the first returned: %v", err)
	}
}

// TestThereAlready: a hook that registers what is there gets a way out, and no other panic does.
func TestThereAlready(t *testing.T) {
	for _, c := range []struct {
		reason, text string
		want         bool
	}{
		{control.ReasonHook, `pattern "/bye" (registered at main.go:9) conflicts with pattern "/bye"`, true},
		{control.ReasonHook, "http: multiple registrations for /bye", true},
		{control.ReasonHook, "Reuse of exported var name: hits", true},
		{control.ReasonHook, "index out of range [3]", false},
		{control.ReasonInit, "sql: Register called twice, already there", false},
	} {
		n := initialisers{running: map[string]abandoned{}}
		err := n.do(job{"apply hook main.routes", c.reason, nothingSwitched}, time.Second, func() error { panic(c.text) })
		if err == nil || strings.Contains(err.Error(), "let it look first") != c.want {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}
