package agent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// rollback switches to an earlier version; to is as in control.Request.To. What the newer version
// created stays in memory.
func (a *patcher) rollback(to string, who peer, req *control.Request, o control.SwitchOptions, rules policy, entry *control.Entry) (*control.Switched, error) {
	end, err := a.begin("rollback")
	if err != nil {
		return nil, err
	}
	defer end()
	stack, err := a.stackFor(to)
	if err != nil {
		return nil, err
	}
	var target *version
	if len(stack) > 0 {
		target = stack[len(stack)-1]
		entry.ID = target.id
	}
	entry.Version = nameOf(target)
	if now := a.current(); target == now {
		return &control.Switched{
			Message: fmt.Sprintf("version %s runs already, nothing was done", nameOf(now)),
			From:    nameOf(now), To: nameOf(now), ID: entry.ID, Already: true,
		}, nil
	}
	if err := a.mayGoBack(req, rules, "going back"); err != nil {
		return nil, err
	}
	if err := rules.ask(Request{
		Action: ActionRollback, Version: nameOf(target), ID: entry.ID, UID: who.uid, PID: who.pid,
	}); err != nil {
		return nil, err
	}
	left := a.stack[min(len(stack), len(a.stack)):]
	if len(stack) > len(a.stack) && target.early() {
		return nil, refused(control.ReasonNoVersion, "version %s can't be gone to again: it resets variables or has hooks that run before the switch, which needs its patch file: apply that again", target.label)
	}
	done, err := a.activate(target, stack, who, o, undoing(left), &control.Switched{})
	if err != nil {
		return nil, err
	}
	for _, v := range left {
		v.exchanged = nil
	}
	done.Warnings = append(done.Warnings, pinnedValues(imagesOf(left), imageOf(target))...)
	a.afterGoingBack(left, o.InitTimeout, done)
	return done, nil
}

// stackFor returns the versions that rollback goes through once it went to the version to.
func (a *patcher) stackFor(to string) ([]*version, error) {
	switch to {
	case "":
		if len(a.stack) == 0 {
			return nil, refused(control.ReasonNoVersion, "the program runs its release: there is nothing to roll back")
		}
		return a.stack[:len(a.stack)-1], nil
	case patch.ReleaseVersion:
		return nil, nil
	}
	for i, v := range slices.Backward(a.stack) {
		if v.named(to) {
			return a.stack[:i+1], nil
		}
	}
	// It was rolled back before, or never made it onto the stack.
	var known []string
	for _, v := range slices.Backward(a.versions) {
		if v.last.time.IsZero() {
			continue
		}
		if v.named(to) {
			return append(slices.Clone(a.stack), v), nil
		}
		known = append(known, v.label)
	}
	return nil, &problem{
		code: control.Usage, reason: control.ReasonNoVersion,
		message: fmt.Sprintf("there is no version %.128q in this process: it has %s", to, strings.Join(append(known, patch.ReleaseVersion), ", ")),
	}
}

// named says whether name means v: its label, its ID, or the first 8 or more digits of that.
func (v *version) named(name string) bool {
	return name == v.label || len(name) >= 8 && strings.HasPrefix(v.id, name)
}
