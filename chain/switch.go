package chain

import (
	"fmt"
	"runtime/debug"
)

// hook is a Hook without the type of the table.
type hook struct{ before, after func(swap) error }

// swap is a Switch without the type of the table.
type swap struct {
	from, to string
	old, new any
}

func (c *core) addHook(h hook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hooks = append(c.hooks, h)
}

// switchTo makes v the current version, and stack the versions that rollback goes through, unless a hook
// refuses. The caller holds c.changing.
func (c *core) switchTo(v *version, stack []*version) *Error {
	from := c.now()
	s := swap{to: v.version, new: v.table}
	if from != nil {
		s.from, s.old = from.version, from.table
	}
	c.mu.Lock()
	hooks := c.hooks
	c.mu.Unlock()
	for _, h := range hooks {
		if err := guarded(h.before, s); err != nil {
			return &Error{Refused: true, Reason: ReasonHook, Message: fmt.Sprintf("%s: a hook refused to switch from %s to %s: %s", c.title(), orNothing(s.from), s.to, err.Message), Detail: err.Detail}
		}
	}
	c.store(v.table)
	for i := len(hooks) - 1; i >= 0; i-- {
		if err := guarded(hooks[i].after, s); err != nil {
			return c.takeBack(s, err)
		}
	}
	c.mu.Lock()
	c.stack = stack
	c.mu.Unlock()
	return nil
}

// takeBack undoes a switch that an After hook refused.
func (c *core) takeBack(s swap, why *Error) *Error {
	c.store(s.old)
	return &Error{Refused: true, Reason: ReasonHook, Message: fmt.Sprintf("%s: a hook refused %s after the switch, and %s is current again: %s", c.title(), s.to, orNothing(s.from), why.Message), Detail: why.Detail}
}

// guarded runs a hook; a panic or runtime.Goexit in it is a no.
func guarded(f func(swap) error, s swap) (no *Error) {
	done := make(chan *Error, 1)
	go func() {
		says := &Error{Message: "it ended its goroutine with runtime.Goexit"}
		defer func() {
			if r := recover(); r != nil {
				says = &Error{Message: "it panicked: " + oneLine(r), Detail: string(debug.Stack())}
			}
			done <- says
		}()
		err := f(s)
		says = nil
		if err != nil {
			says = &Error{Message: oneLine(err)}
		}
	}()
	return <-done
}

func orNothing(version string) string {
	if version == "" {
		return "nothing"
	}
	return version
}
