package chain

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Table is what these tests swap.
type Table struct {
	Answer func() int
	Extra  func() `chain:"optional"`
	Inner  struct{ Part func() }
}

var chainNumber atomic.Int32

// newChain makes a chain of a name that no other has.
func newChain(opts ...Option) *Chain[Table] {
	return New[Table](fmt.Sprintf("test%d", chainNumber.Add(1)), opts...)
}

// answering is an entry of a version that answers n.
func answering(n int) func(*Table) (*Table, error) {
	return func(*Table) (*Table, error) {
		t := &Table{Answer: func() int { return n }}
		t.Inner.Part = func() {}
		return t, nil
	}
}

func link(t *testing.T, c *Chain[Table], version string, n int) {
	t.Helper()
	if err := c.Link(version, answering(n)); err != nil {
		t.Fatal(err)
	}
}

// reason checks that an error is one of this package, in one line, and returns its reason.
func reason(t *testing.T, err error) string {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *Error", err)
	}
	if e.Message == "" || strings.Contains(e.Message, "\n") {
		t.Errorf("message %q", e.Message)
	}
	return e.Reason
}

func names(c *Chain[Table]) (list []string) {
	for _, v := range c.Versions() {
		name := v.Version
		if v.Current {
			name += "*"
		}
		list = append(list, name)
	}
	return list
}

func TestVersionsAndRollback(t *testing.T) {
	c := newChain()
	if c.Current() != nil || len(c.Versions()) != 0 {
		t.Error("a new chain has a version")
	}
	if r := reason(t, c.Rollback("")); r != ReasonVersion {
		t.Error(r)
	}
	link(t, c, "1.0.0", 1)
	held := func() int { return c.Current().Answer() } // what a closure or a method of the program does
	if r := reason(t, c.Rollback("")); r != ReasonVersion {
		t.Error(r)
	}
	link(t, c, "1.0.1", 2)
	link(t, c, "1.2.0", 3)
	if held() != 3 {
		t.Error(held())
	}
	for _, step := range []struct {
		to     string
		answer int
	}{{"", 2}, {"", 1}, {"1.2.0", 3}, {"1.0.1", 2}, {"1.0.0", 1}} {
		if err := c.Rollback(step.to); err != nil || held() != step.answer {
			t.Errorf("to %q: %v, answer %d", step.to, err, held())
		}
	}
	if got := names(c); !reflect.DeepEqual(got, []string{"1.0.0*", "1.0.1", "1.2.0"}) {
		t.Error(got)
	}
	if r := reason(t, c.Rollback("9.9.9")); r != ReasonVersion {
		t.Error(r)
	}
	// After going back from a bad version comes one that is higher than the current one, but not
	// than all.
	link(t, c, "1.0.2", 4)
	if held() != 4 {
		t.Error(held())
	}
}

func TestOrder(t *testing.T) {
	c := newChain()
	link(t, c, "1.0.1", 1)
	for _, v := range []string{"1.0.0", "1.0.1", "0.9.0", "1.0.1-rc.1"} {
		if r := reason(t, c.Link(v, answering(2))); r != ReasonOrder {
			t.Errorf("%s: %s", v, r)
		}
	}
	if r := reason(t, c.Link("1", answering(2))); r != ReasonOrder {
		t.Error(r)
	}
	if c.Current().Answer() != 1 {
		t.Error("a refused version answers")
	}
}

func TestEntriesThatFail(t *testing.T) {
	c := newChain(WithEntryTimeout(50 * time.Millisecond))
	link(t, c, "1.0.0", 1)
	block := make(chan struct{})
	defer close(block)
	for name, entry := range map[string]func(*Table) (*Table, error){
		"error":   func(*Table) (*Table, error) { return nil, errors.New("no database\nat all") },
		"panic":   func(*Table) (*Table, error) { panic("lost\nits way") },
		"goexit":  func(*Table) (*Table, error) { runtime.Goexit(); return nil, nil },
		"nothing": func(*Table) (*Table, error) { return nil, nil },
		"block":   func(*Table) (*Table, error) { <-block; return answering(9)(nil) },
		//lint:ignore SA5000 it panics
		"nil map": func(*Table) (*Table, error) { var m map[int]int; m[1] = 1; return nil, nil },
	} {
		err := c.Link("1.0.1", entry)
		if r := reason(t, err); r != ReasonEntry {
			t.Errorf("%s: %s: %v", name, r, err)
		}
		if c.Current().Answer() != 1 {
			t.Errorf("%s: the current version is another", name)
		}
	}
	missing := func(*Table) (*Table, error) { return &Table{Answer: func() int { return 2 }}, nil }
	err := c.Link("1.0.1", missing)
	if r := reason(t, err); r != ReasonTable || !strings.Contains(err.Error(), "Inner.Part") {
		t.Errorf("%s: %v", r, err)
	}
	// The version is free after all these tries.
	link(t, c, "1.0.1", 2)
}

func TestEntryGetsTheTableBefore(t *testing.T) {
	c := newChain()
	var before []*Table
	entry := func(prev *Table) (*Table, error) {
		before = append(before, prev)
		return answering(len(before))(prev)
	}
	for _, v := range []string{"1.0.0", "1.0.1"} {
		if err := c.Link(v, entry); err != nil {
			t.Fatal(err)
		}
	}
	if len(before) != 2 || before[0] != nil || before[1] == nil || before[1].Answer() != 1 {
		t.Errorf("%v", before)
	}
	if err := c.Rollback(""); err != nil {
		t.Fatal(err)
	}
	if err := c.Rollback("1.0.1"); err != nil || len(before) != 2 {
		t.Errorf("%v; entries ran %d times, for two versions", err, len(before))
	}
}

func TestHooks(t *testing.T) {
	c := newChain()
	var log []string
	var no error
	at := ""
	say := func(where string) func(Switch[Table]) error {
		return func(s Switch[Table]) error {
			now := 0
			if c.Current() != nil {
				now = c.Current().Answer()
			}
			log = append(log, fmt.Sprintf("%s %s>%s while %d", where, s.From, s.To, now))
			if where == at {
				return no
			}
			return nil
		}
	}
	c.OnSwitch(Hook[Table]{Before: say("before1"), After: say("after1")})
	c.OnSwitch(Hook[Table]{Before: say("before2"), After: say("after2")})
	check := func(what string, want ...string) {
		t.Helper()
		if !reflect.DeepEqual(log, want) {
			t.Errorf("%s: %q", what, log)
		}
		log = nil
	}
	link(t, c, "1.0.0", 1)
	check("link", "before1 >1.0.0 while 0", "before2 >1.0.0 while 0", "after2 >1.0.0 while 1", "after1 >1.0.0 while 1")

	at, no = "before2", errors.New("not now")
	err := c.Link("1.0.1", answering(2))
	if r := reason(t, err); r != ReasonHook || !strings.Contains(err.Error(), "not now") {
		t.Error(err)
	}
	check("before refuses", "before1 1.0.0>1.0.1 while 1", "before2 1.0.0>1.0.1 while 1")

	at = "after2"
	if r := reason(t, c.Rollback("1.0.1")); r != ReasonHook || c.Current().Answer() != 1 {
		t.Errorf("%s, answer %d", r, c.Current().Answer())
	}
	check("after refuses", "before1 1.0.0>1.0.1 while 1", "before2 1.0.0>1.0.1 while 1", "after2 1.0.0>1.0.1 while 2")

	at = ""
	if err := c.Rollback("1.0.1"); err != nil || c.Current().Answer() != 2 {
		t.Errorf("%v, answer %d", err, c.Current().Answer())
	}
	log = nil
	if err := c.Rollback(""); err != nil {
		t.Error(err)
	}
	check("rollback", "before1 1.0.1>1.0.0 while 2", "before2 1.0.1>1.0.0 while 2", "after2 1.0.1>1.0.0 while 1", "after1 1.0.1>1.0.0 while 1")
}

func TestHooksThatBreak(t *testing.T) {
	for name, f := range map[string]func(Switch[Table]) error{
		"panic":  func(Switch[Table]) error { panic("hook") },
		"goexit": func(Switch[Table]) error { runtime.Goexit(); return nil },
	} {
		for _, h := range []Hook[Table]{{Before: f}, {After: f}} {
			c := newChain()
			c.OnSwitch(h)
			if r := reason(t, c.Link("1.0.0", answering(1))); r != ReasonHook || c.Current() != nil || len(c.core.stack) != 0 {
				t.Errorf("%s: %s, current %v", name, r, c.Current())
			}
		}
	}
}

// TestChangesDoNotNest changes a chain from inside of a change of it.
func TestChangesDoNotNest(t *testing.T) {
	c := newChain()
	var inner []error
	err := c.Link("1.0.0", func(*Table) (*Table, error) {
		inner = append(inner, c.Link("1.0.1", answering(1)), c.Rollback(""))
		return answering(1)(nil)
	})
	if err != nil || reason(t, inner[0]) != ReasonBusy || reason(t, inner[1]) != ReasonBusy {
		t.Error(err, inner)
	}
}

type tableOfAny[T any] struct{ F func(T) }

func TestNamesAndTables(t *testing.T) {
	for what, f := range map[string]func(){
		"name":     func() { New[Table]("Bad Name") },
		"unnamed":  func() { New[struct{ F func() }]("unnamed") },
		"no table": func() { New[int]("number") },
		"generic":  func() { New[tableOfAny[int]]("generic") },
		"twice":    func() { New[Table]("twice"); New[Table]("twice") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f()
		}()
	}
}

func TestProgramsWithoutTheLoader(t *testing.T) {
	c := newChain()
	_, err := c.Load("/dev/null")
	if r := reason(t, err); r != ReasonFile {
		t.Errorf("%s: %v", r, err)
	}
	_, err = c.Load("chain_test.go")
	if r := reason(t, err); r != ReasonPlatform || !strings.Contains(err.Error(), "gosplice plugin host") {
		t.Errorf("%s: %v", r, err)
	}
}

// TestSwapsUnderLoad swaps two versions while all cores call through the table: each call finds a
// whole table, and functions of one table belong together.
func TestSwapsUnderLoad(t *testing.T) {
	c := newChain()
	link(t, c, "1.0.0", 1)
	link(t, c, "1.0.1", 2)
	var stop atomic.Bool
	var calls atomic.Int64
	var wait, started sync.WaitGroup
	for range runtime.GOMAXPROCS(0) + 2 {
		wait.Add(1)
		started.Add(1)
		go func() {
			defer wait.Done()
			started.Done()
			n := int64(0)
			for n == 0 || !stop.Load() {
				table := c.Current()
				if a, b := table.Answer(), table.Answer(); a != b || a < 1 || a > 2 {
					t.Errorf("answers %d and %d of one table", a, b)
					return
				}
				n++
			}
			calls.Add(n)
		}()
	}
	started.Wait()
	for i := range 20_000 {
		if err := c.Rollback([]string{"1.0.0", "1.0.1"}[i%2]); err != nil {
			t.Fatal(err)
		}
		if i%100 == 0 {
			c.Versions()
			c.core.Status()
		}
	}
	stop.Store(true)
	wait.Wait()
	if calls.Load() == 0 {
		t.Error("no call was made")
	}
	if n := len(c.core.stack); n > 2 {
		t.Errorf("%d versions to roll back to, of 2", n)
	}
}
