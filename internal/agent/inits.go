package agent

import (
	"runtime/debug"
	"time"

	"github.com/gosplice/gosplice/internal/control"
	"github.com/gosplice/gosplice/internal/patch"
)

// defaultInitTimeout bounds an initialiser when the request names no time.
const defaultInitTimeout = 30 * time.Second

// initialisers remembers which initialisers of patches ran in this process.
type initialisers struct {
	ran map[string]bool // those of patches that were applied
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
		needed := len(in.Vars) == 0
		for _, v := range in.Vars {
			needed = needed || created(v)
		}
		if needed && !n.ran[in.Name] {
			list = append(list, in)
		}
	}
	return list
}

// run runs one initialiser, whose functions are given, in a goroutine of its own. A panic or a
// runtime.Goexit in it, and running longer than timeout (0: 30 s), are errors; the goroutine goes
// on in the last case, because nothing can end it.
func (n *initialisers) run(in patch.Init, funcs []func(), timeout time.Duration) error {
	if earlier, ok := n.running[in.Name]; ok {
		select {
		case <-earlier.done:
			delete(n.running, in.Name)
		default:
			return failed(control.ReasonInit, "initialiser %s%s of an earlier try still runs, since %s: wait until it returns", in.Name, at(in.File, in.Line), earlier.since.Format(time.TimeOnly))
		}
	}
	if timeout <= 0 {
		timeout = defaultInitTimeout
	}
	started := time.Now()
	outcome, done := start(in, funcs)
	expired := time.NewTimer(timeout)
	defer expired.Stop()
	select {
	case <-done:
		return outcome.err()
	case <-expired.C:
		n.running[in.Name] = abandoned{started, done}
		return failed(control.ReasonInit, "initialiser %s%s did not return within %v: nothing was switched, and it still runs in the background: make it shorter, or allow it more time", in.Name, at(in.File, in.Line), timeout)
	}
}

// outcome is how an initialiser ended: nil when it returned. It may be read once done is closed.
type outcome struct{ problem *problem }

func (o *outcome) err() error {
	if o.problem == nil {
		return nil
	}
	return o.problem
}

// start calls funcs in order in a new goroutine, which outlives neither a panic nor a
// runtime.Goexit in them but reports it.
func start(in patch.Init, funcs []func()) (*outcome, <-chan struct{}) {
	o := &outcome{failed(control.ReasonInit, "initialiser %s%s ended its goroutine with runtime.Goexit: nothing was switched; mend it and make the patch again", in.Name, at(in.File, in.Line))}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				o.problem = failed(control.ReasonInit, "initialiser %s%s panicked: %.500s: nothing was switched; mend it and make the patch again", in.Name, at(in.File, in.Line), oneLine(r))
				o.problem.detail = string(debug.Stack())
			}
		}()
		for _, f := range funcs {
			f()
		}
		o.problem = nil
	}()
	return o, done
}
