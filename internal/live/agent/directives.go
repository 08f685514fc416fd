package agent

import (
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// What the directives of the source ask for: variables that get their initial value in the switch, and
// functions that run before it or after going back.

// exchange gives variables another value. Its swap exchanges that with what they hold, so called once
// more it puts it back.
type exchange struct {
	name string
	swap func()
	// users is the code of the program that may be in the middle of reading or writing the variables.
	users    []splice.Range
	anywhere bool // any code may
	wide     bool // it takes more than one instruction
}

// setFor returns what has to be exchanged for v to run, which was just loaded, after making the new
// values: what v resets to another value than the version that runs now.
func (a *patcher) setFor(v *version, timeout time.Duration) ([]exchange, error) {
	var list []exchange
	for _, r := range v.resets {
		if a.valueOf(r) == r.Value || v.createdAll(r) {
			continue
		}
		var f func()
		a.withEngine(func() { f = a.engine.Func(v.base + r.Func) })
		j := job{"the new value of " + r.Name + at(r.File, r.Line), control.ReasonInit, nothingSwitched}
		if err := a.inits.do(j, timeout, func() error { f(); return nil }); err != nil {
			return nil, err
		}
		x := exchange{name: r.Name, anywhere: r.Anywhere, wide: r.Wide}
		a.withEngine(func() { x.swap = a.engine.FuncVar(v.base + r.Swap) })
		if x.swap == nil {
			return nil, malformed("the new value of %s was not made", r.Name)
		}
		for _, u := range r.Users {
			x.users = append(x.users, splice.Range{Lo: u.Addr, Hi: u.Addr + u.Size})
		}
		list = append(list, x)
	}
	return list, nil
}

// valueOf identifies the initial value that the version which runs has given to the variables of r.
func (a *patcher) valueOf(r patch.Reset) string {
	now := a.current()
	if now == nil {
		return r.Release
	}
	for _, earlier := range now.resets {
		if earlier.Name == r.Name {
			return earlier.Value
		}
	}
	return ""
}

// createdAll says that v, which never ran, has created the variables of r: they have their initial value then.
func (v *version) createdAll(r patch.Reset) bool {
	return v.last.time.IsZero() && len(r.Vars) > 0 && !slices.ContainsFunc(r.Vars, func(s uint32) bool { return !v.created[s] })
}

// undoing returns the exchanges of versions that are gone back from, the newest first.
func undoing(versions []*version) []exchange {
	var list []exchange
	for _, v := range slices.Backward(versions) {
		for _, x := range slices.Backward(v.exchanged) {
			list = append(list, x)
		}
	}
	return list
}

// withExchanges completes the options of a switch. Code of images is not told apart: any of it may use
// the variables.
func withExchanges(o *splice.Options, list []exchange, images []*image) {
	for _, x := range list {
		o.Exchange = append(o.Exchange, x.swap)
		if !x.wide {
			continue
		}
		o.WholeCode = o.WholeCode || x.anywhere
		o.Whole = append(o.Whole, x.users...)
		for _, m := range images {
			if code, ok := m.code(); ok {
				o.Whole = append(o.Whole, code)
			}
		}
	}
	if len(o.Whole) > 0 && o.Timeout == 0 {
		o.Timeout = guardTimeout
	}
}

// code is the range of an image's functions.
func (m *image) code() (splice.Range, bool) {
	if len(m.funcs) == 0 {
		return splice.Range{}, false
	}
	last := m.funcs[len(m.funcs)-1]
	return splice.Range{Lo: m.base, Hi: m.base + last.Off + last.Size}, true
}

// namesOf are the variables that were exchanged.
func namesOf(list []exchange) []string {
	var names []string
	for _, x := range list {
		if !slices.Contains(names, x.name) {
			names = append(names, x.name)
		}
	}
	return names
}

// runHooks runs the hooks of one kind in order, but for those to be skipped, until one fails, and returns the names of
// those that returned.
func (a *patcher) runHooks(v *version, rollback bool, skip func(patch.Hook) bool, undone string, timeout time.Duration) (ran []string, err error) {
	for _, h := range v.hooks {
		if h.Rollback != rollback || skip(h) {
			continue
		}
		f := a.hookFunc(v, h)
		kind := "apply hook "
		if rollback {
			kind = "rollback hook "
		}
		if err := a.inits.do(job{kind + h.Name + at(h.File, h.Line), control.ReasonHook, undone}, timeout, f); err != nil {
			return ran, err
		}
		ran = append(ran, h.Name)
	}
	return ran, nil
}

// hookedBy reports a hook that the latest of some versions which has one of its name has as well, where it does the same.
func hookedBy(versions []*version, h patch.Hook) bool {
	for _, v := range slices.Backward(versions) {
		i := slices.IndexFunc(v.hooks, func(o patch.Hook) bool { return o.Rollback == h.Rollback && o.Name == h.Name })
		if i >= 0 {
			return h.Code != "" && v.hooks[i].Code == h.Code
		}
	}
	return false
}

// beforeSwitch runs the hooks of v that run before the switch. Those that did for a version from which the program has not gone
// back, and do the same, don't run again: what they opened or registered is there.
func (a *patcher) beforeSwitch(v *version, timeout time.Duration) (ran []string, err error) {
	ran, err = a.runHooks(v, false, func(h patch.Hook) bool { return hookedBy(a.stack, h) }, nothingSwitched, timeout)
	v.unhooked = len(ran) == 0 && v.hasHooks(false)
	return ran, err
}

func (v *version) hasHooks(rollback bool) bool {
	return slices.ContainsFunc(v.hooks, func(h patch.Hook) bool { return h.Rollback == rollback })
}

func (a *patcher) hookFunc(v *version, h patch.Hook) (f func() error) {
	a.withEngine(func() {
		if h.Error {
			f = a.engine.ErrorFunc(v.base + h.Func)
			return
		}
		plain := a.engine.Func(v.base + h.Func)
		f = func() error { plain(); return nil }
	})
	return f
}

// afterGoingBack runs the rollback hooks of versions that were left, the newest first. The program has
// gone back already, so what fails is only told.
func (a *patcher) afterGoingBack(left []*version, timeout time.Duration, result *control.Switched) {
	for i, v := range slices.Backward(left) {
		// What v did not do is for those to take back that are before it.
		skip := func(h patch.Hook) bool { return v.unhooked && hookedBy(slices.Concat(a.stack, left[:i]), h) }
		ran, err := a.runHooks(v, true, skip, "the program has gone back all the same", timeout)
		result.Hooks = append(result.Hooks, ran...)
		if err != nil {
			result.Warnings = append(result.Warnings, problemOf(err).message)
		}
	}
}

// early says that code of v has to run before a switch to it.
func (v *version) early() bool {
	return len(v.resets) > 0 || v.hasHooks(false)
}

// again says whether a version in memory does what a new load of its patch would. Code that runs before the switch
// has to call v's own functions, of which some may lead into other versions by now; and what a try that failed left
// in the variables of v is not to be found.
func (a *patcher) again(v *version) bool {
	return !v.early() || !v.last.time.IsZero() && !slices.Contains(a.stack, v) && !a.leadsAway(v)
}

// leadsAway says that a call which code of v makes before the switch leads elsewhere than into v.
func (a *patcher) leadsAway(v *version) bool {
	for i, f := range v.funcs {
		if !f.Early {
			continue
		}
		if _, away := a.written[v.entry(i)]; away {
			return true
		}
		for _, off := range f.Calls {
			if _, away := a.calls[v.base+uint64(off)]; away {
				return true
			}
		}
	}
	return false
}
