package splice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrBusy says that a switch was given up because goroutines stayed where it could not be made.
// Nothing was changed.
type ErrBusy struct {
	// Funcs are the functions in the way at the last attempt, by name.
	Funcs []BusyFunc
	// Unknown counts goroutines whose stack could not be followed.
	Unknown int
	// Interrupted counts goroutines that were interrupted in the middle of code which reads or writes what
	// was to be exchanged.
	Interrupted int
	// Inside are the goroutines in the ranges of Options.Quiesce, as they were after the last attempt.
	Inside []Held
	// Quiesce says that whole bodies had to be free of frames, not only entries of stopped goroutines.
	Quiesce  bool
	Attempts int
	After    time.Duration
	// Advice is what to do next. Where it is empty the above says it.
	Advice string
}

// BusyFunc is a function that goroutines were in.
type BusyFunc struct {
	Name string
	// Count is the number of goroutines.
	Count int
	// Self says that the goroutine that asked for the switch is one of them: waiting can't help.
	Self bool
}

func (e *ErrBusy) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "not switched, nothing changed: after %d attempts in %v goroutines are still ", e.Attempts, e.After.Round(time.Millisecond))
	if len(e.Funcs) == 0 {
		fmt.Fprintf(&b, "stopped where their stack can't be followed (%d)", e.Unknown)
	} else {
		b.WriteString("in ")
	}
	for i, f := range e.Funcs {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 5 {
			fmt.Fprintf(&b, "and %d more functions", len(e.Funcs)-i)
			break
		}
		fmt.Fprintf(&b, "%s (%d)", f.Name, f.Count)
	}
	b.WriteString("; " + cmp.Or(e.Advice, e.usualAdvice()))
	return b.String()
}

// usualAdvice is what to do when nothing more is known of who is in the way.
func (e *ErrBusy) usualAdvice() string {
	switch {
	case len(e.Funcs) == 0:
		return "try again"
	case slices.ContainsFunc(e.Funcs, func(f BusyFunc) bool { return f.Self }):
		return "one of them is the goroutine that asks: ask from another one"
	case e.Interrupted > 0:
		return "they were interrupted where they may be reading what is to be reset: try again when less is going on"
	case e.Quiesce:
		return "wait until they return, or switch without quiescence"
	}
	return "try again when they have returned"
}
