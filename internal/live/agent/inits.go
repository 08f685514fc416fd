package agent

import (
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// defaultInitTimeout bounds an initialiser when the request names no time.
const defaultInitTimeout = 30 * time.Second

// initialisers remembers which initialisers of patches ran in this process.
type initialisers struct {
	// ran has the values of those of patches that were applied, by name: see patch.Init.
	ran map[string]string
	// running are those that did not return in time, by the time at which they started.
	running map[string]abandoned
}

// abandoned is an initialiser that was given up; done is closed if it ends after all.
type abandoned struct {
	since time.Time
	done  <-chan struct{}
}

// pending returns the initialisers of p that have to run, when created tells which of its symbols
// are new in the process.
func (n *initialisers) pending(p *patch.Patch, created func(symbol uint32) bool) []patch.Init {
	var list []patch.Init
	for _, in := range p.Inits {
		needed := len(in.Vars) == 0 && in.After == ""
		for _, v := range in.Vars {
			needed = needed || created(v)
		}
		if _, before := n.ran[in.After]; in.After != "" && !before {
			continue
		}
		if _, before := n.ran[in.Name]; needed && !before {
			list = append(list, in)
		}
	}
	return list
}

// stays says of packages that an earlier patch initialised and that have other init functions or another version in p.
func (n *initialisers) stays(p *patch.Patch) (warnings []string) {
	for _, in := range p.Inits {
		if was, before := n.ran[in.Name]; before && was != in.Value {
			warnings = append(warnings, fmt.Sprintf("%s has other init functions, or another version, than when an earlier patch initialised it, and is not initialised again: what it gained may have no value; move the code into a function that is called again, or restart", in.Name))
		}
	}
	return warnings
}

// job is code of a patch that runs beside its functions: initialisers, what makes new values of variables,
// and hooks.
type job struct {
	what   string // such as "initialiser var arena.table (arena/t.go:12)"
	reason string // of failures
	// undone says what a failure means.
	undone string
}

// nothingSwitched is what the failure of code means that runs before the switch.
const nothingSwitched = "nothing was switched"

// run runs one initialiser, whose functions are given; see do.
func (n *initialisers) run(in patch.Init, funcs []func(), timeout time.Duration) error {
	return n.do(job{"initialiser " + in.Name + at(in.File, in.Line), control.ReasonInit, nothingSwitched}, timeout, func() error {
		for _, f := range funcs {
			f()
		}
		return nil
	})
}

// do calls f in a goroutine of its own. An error, a panic or a runtime.Goexit in it, and running longer
// than timeout (0: 30 s), are errors; the goroutine goes on in the last case, because nothing can end it.
func (n *initialisers) do(j job, timeout time.Duration, f func() error) error {
	if earlier, ok := n.running[j.what]; ok {
		select {
		case <-earlier.done:
			delete(n.running, j.what)
		default:
			return failed(j.reason, "%s of an earlier try still runs, since %s: wait until it returns", j.what, earlier.since.Format(time.TimeOnly))
		}
	}
	if timeout <= 0 {
		timeout = defaultInitTimeout
	}
	started := time.Now()
	outcome, done := start(j, f)
	expired := time.NewTimer(timeout)
	defer expired.Stop()
	select {
	case <-done:
		return outcome.err()
	case <-expired.C:
		n.running[j.what] = abandoned{started, done}
		return failed(j.reason, "%s did not return within %v: %s, and it still runs in the background: make it shorter, or allow it more time", j.what, timeout, j.undone)
	}
}

// thereAlready says what to do if the text of a panic says that a hook made what is there.
func (j job) thereAlready(text string) string {
	text = strings.ToLower(text)
	if j.reason != control.ReasonHook || !slices.ContainsFunc([]string{"already", "conflict", "duplicate", "multiple registrations", "reuse"}, func(w string) bool { return strings.Contains(text, w) }) {
		return ""
	}
	return ": what it makes may be there from a patch before, so let it look first, or remember in a new variable that it has run"
}

// outcome is how a job ended: nil when it returned. It may be read once done is closed.
type outcome struct{ problem *problem }

func (o *outcome) err() error {
	if o.problem == nil {
		return nil
	}
	return o.problem
}

// start calls f in a new goroutine, which outlives neither a panic nor a runtime.Goexit in it but
// reports it.
func start(j job, f func() error) (*outcome, <-chan struct{}) {
	o := &outcome{failed(j.reason, "%s ended its goroutine with runtime.Goexit: %s; mend it and make the patch again", j.what, j.undone)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				text := oneLine(r)
				o.problem = failed(j.reason, "%s panicked: %.500s: %s; mend it and make the patch again%s", j.what, text, j.undone, j.thereAlready(text))
				o.problem.detail = string(debug.Stack())
			}
		}()
		if err := f(); err != nil {
			o.problem = failed(j.reason, "%s returned an error: %.500s: %s", j.what, oneLine(err), j.undone)
			return
		}
		o.problem = nil
	}()
	return o, done
}
