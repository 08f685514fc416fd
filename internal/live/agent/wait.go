package agent

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// waitSlice is how long a switch is tried before it is told who is in the way, and before it is asked whether anybody
// still waits for it.
const waitSlice = 250 * time.Millisecond

// trySwitch makes a switch as soon as nobody is in bodies, within the time of the options. While it waits the
// progress says who is inside. A switch that was to wait for a time of the asker's choice is given up when the asker
// hangs up.
func (a *patcher) trySwitch(writes []splice.Write, options splice.Options, bodies []oldBody, who peer, o control.SwitchOptions) (stats splice.Stats, err error) {
	doing := a.progress()
	defer a.setProgress(doing)
	began := time.Now()
	whole := options.Timeout
	for attempts := 0; ; {
		if len(bodies) > 0 {
			options.Timeout = max(min(waitSlice, whole-time.Since(began)), time.Millisecond)
		}
		a.withEngine(func() { stats, err = a.engine.Switch(context.Background(), writes, options) })
		attempts += stats.Attempts
		stats.Attempts = attempts
		busy := (*splice.ErrBusy)(nil)
		if !errors.As(err, &busy) {
			return stats, err
		}
		busy.Attempts, busy.After = attempts, time.Since(began)
		isSelf := slices.ContainsFunc(busy.Funcs, func(f splice.BusyFunc) bool { return f.Self })
		if len(bodies) == 0 || isSelf || time.Since(began) >= whole {
			return stats, err
		}
		if o.Wait > 0 && who.hungUp() {
			return stats, failed(control.ReasonBusy, "not switched, nothing changed: who asked for the switch has hung up, after %v in which goroutines stayed inside: %s",
				busy.After.Round(time.Millisecond), whoIsInside(counted(busy.Inside, bodies)))
		}
		a.setProgress(doing + ", waiting for " + whoIsInside(counted(busy.Inside, bodies)))
	}
}

func (a *patcher) progress() string {
	a.state.Lock()
	defer a.state.Unlock()
	return a.inProgress
}
