package agent

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// hello says which program this is.
func (a *patcher) hello(started time.Time) *control.Hello {
	a.state.Lock()
	defer a.state.Unlock()
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	return &control.Hello{
		PID: os.Getpid(), UID: os.Geteuid(),
		Program: path, Main: mainPackage(), BuildID: a.program.buildID,
		GoVersion: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH,
		Version: nameOf(a.current()), Chains: chainVersions(), Started: started,
	}
}

// status says what is applied. It counts goroutines in old code unless an apply or a rollback is
// under way, which it does not wait for.
func (a *patcher) status(started time.Time, rules policy) *control.Status {
	s := &control.Status{Hello: *a.hello(started), Signed: len(rules.trusted) > 0, Chains: chainStatus()}
	a.state.Lock()
	a.fillStatus(s)
	a.state.Unlock()
	if s.InProgress == "" {
		s.OldCode, s.OldCodeError = a.oldCode()
	}
	return s
}

// recentFor is how long a status counts for those who ask from outside.
const recentFor = time.Second

// recentStatus is the last status that was told to somebody outside.
type recentStatus struct {
	sync.Mutex
	status *control.Status
	at     time.Time
	ready  changing
}

// changing is what a status is made anew for.
type changing struct {
	now        *version
	inProgress string
}

func (a *patcher) changing() changing {
	a.state.Lock()
	defer a.state.Unlock()
	return changing{a.current(), a.inProgress}
}

// recentStatus is the status, made at most once in recentFor, but for what changes.
func (s *server) recentStatus(now time.Time) *control.Status {
	r := &s.recent
	r.Lock()
	defer r.Unlock()
	is := s.patcher.changing()
	if age := now.Sub(r.at); r.status == nil || age < 0 || age >= recentFor || is != r.ready {
		r.status, r.at, r.ready = s.status(), now, is
	}
	return r.status
}

// fillStatus sets what a knows without asking the engine about goroutines. The caller holds
// a.state.
func (a *patcher) fillStatus(s *control.Status) {
	s.InProgress = a.inProgress
	if a.engine != nil {
		s.WriteMode = a.engine.WriteMode()
	}
	now := a.current()
	s.Version = nameOf(now)
	for _, v := range a.stack {
		s.Stack = append(s.Stack, v.label)
	}
	for _, v := range a.versions {
		s.Memory += v.memory
	}
	for _, list := range a.applied() {
		latest := slices.MaxFunc(list, func(v, w *version) int { return v.last.time.Compare(w.last.time) })
		p := latest.describe(latest == now)
		p.Images = len(list)
		p.Memory *= uint64(len(list))
		s.Patches = append(s.Patches, p)
	}
	if now == nil {
		return
	}
	for _, r := range now.redirects {
		f := &now.funcs[r.Func]
		s.Redirected = append(s.Redirected, control.Function{Name: f.Name, File: f.File, Line: f.Line})
	}
	slices.SortFunc(s.Redirected, func(a, b control.Function) int { return strings.Compare(a.Name, b.Name) })
}

// applied are the versions that ran, those of one patch together, in the order of the last image of each.
func (a *patcher) applied() [][]*version {
	var all [][]*version
	for _, v := range a.versions {
		if v.last.time.IsZero() {
			continue
		}
		list := []*version{v}
		if i := slices.IndexFunc(all, func(l []*version) bool { return l[0].id == v.id }); i >= 0 {
			list = append(all[i], v)
			all = slices.Delete(all, i, i+1)
		}
		all = append(all, list)
	}
	return all
}

// describe says what status tells of v.
func (v *version) describe(current bool) control.Applied {
	return control.Applied{
		ID: v.id, Version: v.label, Made: v.made, Current: current,
		Time: v.last.time, UID: v.last.who.uid, PID: v.last.who.pid, Pause: v.last.pause,
		FileSize: v.fileSize, Memory: v.memory, Signer: v.signer, Changes: v.changes,
	}
}
