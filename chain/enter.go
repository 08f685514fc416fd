package chain

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// source is where an entry comes from.
type source interface {
	open() (entry any, err error)
	ended() // nothing runs any more
}

// enter opens a source and calls its entry with the current table. It gives up
// after timeout; what runs then can't be stopped, and what it returns is not used.
func (c *core) enter(name string, from source, timeout time.Duration) (any, *Error) {
	var prev any
	if now := c.now(); now != nil {
		prev = now.table
	}
	type outcome struct {
		table any
		err   *Error
	}
	done := make(chan outcome, 1)
	var inEntry atomic.Bool
	where := func() string {
		if inEntry.Load() {
			return "Entry"
		}
		return "a package initialiser"
	}
	go func() {
		var out outcome
		returned := false
		defer func() {
			if r := recover(); r != nil {
				out = outcome{err: &Error{Reason: ReasonEntry, Message: fmt.Sprintf("%s: %s of %s panicked: %s", c.title(), where(), name, oneLine(r)), Detail: string(debug.Stack())}}
			} else if !returned {
				out = outcome{err: failed(ReasonEntry, "%s: %s of %s ended its goroutine with runtime.Goexit: return an error instead", c.title(), where(), name)}
			}
			from.ended()
			done <- out
		}()
		out.table, out.err = c.run(name, from, prev, &inEntry)
		returned = true
	}()
	limit := time.NewTimer(timeout)
	defer limit.Stop()
	select {
	case out := <-done:
		return out.table, out.err
	case <-limit.C:
		what := "what it makes is not used; mend it and build again"
		if !inEntry.Load() {
			what = "no plugin can be opened until it ends; if it never does, mend it and restart the program"
		}
		return nil, failed(ReasonEntry, "%s: %s of %s has not ended after %v: it runs on, and %s", c.title(), where(), name, timeout, what)
	}
}

// run opens a source and calls its entry, and says when it is there.
func (c *core) run(name string, from source, prev any, inEntry *atomic.Bool) (any, *Error) {
	entry, err := from.open()
	if err != nil {
		return nil, c.notOpened(name, err)
	}
	if !c.isEntry(entry) {
		return nil, refused(ReasonEntry, "%s: Entry of %s is a %T and not a func(prev *%s) (*%s, error): make it one", c.title(), name, entry, c.table, c.table)
	}
	inEntry.Store(true)
	return c.made(name, entry, prev)
}

func (c *core) notOpened(name string, err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return failed(ReasonOpen, "%s: %s can't be opened: %s", c.title(), name, oneLine(err))
}

// made calls an entry and checks the table that it makes.
func (c *core) made(name string, entry, prev any) (any, *Error) {
	table, err := c.call(entry, prev)
	if err != nil {
		return nil, failed(ReasonEntry, "%s: Entry of %s failed: %s", c.title(), name, oneLine(err))
	}
	if table == nil {
		return nil, failed(ReasonEntry, "%s: Entry of %s returned no table and no error: return one of them", c.title(), name)
	}
	if field := missing(reflect.ValueOf(table).Elem(), ""); field != "" {
		return nil, refused(ReasonTable, "%s: the table of %s has no function %s: set it in Entry, or tag the field `chain:\"optional\"`", c.title(), name, field)
	}
	return table, nil
}

// missing is a field with a function that is nil, other than those with the tag chain:"optional".
func missing(v reflect.Value, prefix string) string {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch f := v.Field(i); {
		case field.Tag.Get("chain") == "optional":
		case f.Kind() == reflect.Func && f.IsNil():
			return prefix + field.Name
		case f.Kind() == reflect.Struct:
			if inner := missing(f, prefix+field.Name+"."); inner != "" {
				return inner
			}
		}
	}
	return ""
}
