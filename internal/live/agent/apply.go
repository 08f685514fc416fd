package agent

import (
	"cmp"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// policy is who may change the program, beyond its user.
type policy struct {
	approve func(Request) error
	trusted []ed25519.PublicKey
	// signedBack says that going back needs one of them.
	signedBack bool
}

// apply switches the program to the patch in file. It refuses before it touches anything, or
// fails with the program as it was before; memory that the runtime knows of stays taken then.
func (a *patcher) apply(file []byte, who peer, req *control.Request, o control.SwitchOptions, rules policy, entry *control.Entry) (_ *control.Switched, err error) {
	end, err := a.begin("apply")
	if err != nil {
		return nil, err
	}
	defer end()
	defer func() {
		if err != nil {
			a.settleTypes()
		}
	}()
	if err := hasRoom(); err != nil {
		return nil, err
	}
	p, err := a.open(file, rules, entry)
	if err != nil {
		return nil, err
	}
	if now := a.current(); now != nil && now.id == p.ID {
		return &control.Switched{
			Message: fmt.Sprintf("version %s is applied already, nothing was done", now.label),
			From:    now.label, To: now.label, ID: now.id, Already: true,
		}, nil
	}
	if err := a.inOrder(ordered{p.Made, p.Label(), p.ID}, req, rules); err != nil {
		return nil, err
	}
	if err := rules.ask(Request{
		Action: ActionApply, Version: p.Label(), ID: p.ID, Signer: p.Signer, UID: who.uid, PID: who.pid,
	}); err != nil {
		return nil, err
	}
	if err := a.program.slide(p); err != nil {
		return nil, err
	}
	if err := a.prepare(p); err != nil {
		return nil, err
	}
	result := &control.Switched{Warnings: a.program.changedByOthers(p)}
	v := a.loaded(p.ID)
	if v == nil {
		if v, err = a.load(p, len(file), o.InitTimeout, result); err != nil {
			return nil, err
		}
	}
	exchanges, err := a.setFor(v, o.InitTimeout)
	if err != nil {
		return nil, err
	}
	if result.Hooks, err = a.beforeSwitch(v, o.InitTimeout); err != nil {
		return nil, err
	}
	done, err := a.activate(v, append(slices.Clone(a.stack), v), who, o, exchanges, result)
	if err != nil {
		return nil, a.takenBack(v, err, o.InitTimeout)
	}
	v.exchanged = exchanges
	a.ran(ordered{v.made, v.label, v.id}, rules)
	return done, nil
}

// open reads a patch file for this program: who signed it counts first, then whom it is for, and only then what is in it.
func (a *patcher) open(file []byte, rules policy, entry *control.Entry) (*patch.Patch, error) {
	sealed, err := patch.Open(file)
	if err != nil {
		return nil, refused(control.ReasonMalformed, "%v", err)
	}
	entry.ID, entry.Signer = sealed.ID, hex.EncodeToString(sealed.Signer)
	if err := rules.accepts(sealed.Signer); err != nil {
		return nil, err
	}
	entry.Version = sealed.Label()
	a.setProgress("apply " + sealed.Label())
	if err := a.program.fits(sealed.Head.Release()); err != nil {
		return nil, err
	}
	p, err := sealed.Patch()
	if err != nil {
		return nil, refused(control.ReasonMalformed, "%v", err)
	}
	return p, nil
}

// takenBack adds to the error of a switch what became of the patch's hooks: those that run after going
// back undo what those before the switch did.
func (a *patcher) takenBack(v *version, err error, timeout time.Duration) error {
	if !v.hasHooks(false) || v.unhooked {
		return err
	}
	ran, hookErr := a.runHooks(v, true, func(patch.Hook) bool { return false }, "the program runs its former version", timeout)
	p := *problemOf(err)
	if len(ran) > 0 {
		p.message += "; the patch's hooks had run, and " + strings.Join(ran, ", ") + " has run to take that back"
	}
	if hookErr != nil {
		p.message += "; " + problemOf(hookErr).message
	}
	return &p
}

// accepts reports whether the signature of a patch is what the program asks for.
func (r policy) accepts(signer []byte) error { return r.trusts(signer, "patch") }

// trusts reports whether the signature of a file of some kind is what the program asks for.
func (r policy) trusts(signer []byte, kind string) error {
	switch {
	case len(r.trusted) == 0:
		return nil
	case signer == nil:
		return refused(control.ReasonUnsigned, "the %s is not signed, and this program accepts only what is signed with a key that it trusts: make it again with --key", kind)
	case !slices.ContainsFunc(r.trusted, func(k ed25519.PublicKey) bool { return k.Equal(ed25519.PublicKey(signer)) }):
		return refused(control.ReasonForeignKey, "the %s is signed with the key %x, which this program does not trust: sign it with one that it does", kind, signer)
	}
	return nil
}

// ask asks the program's approval function, if there is one. It runs in a goroutine of its own, because
// runtime.Goexit in it is a no, like a panic.
func (r policy) ask(q Request) error {
	if r.approve == nil {
		return nil
	}
	verdict := make(chan *problem, 1)
	go func() {
		says := refused(control.ReasonNotApproved, "the program's approval function ended its goroutine with runtime.Goexit")
		defer func() {
			if v := recover(); v != nil {
				says = refused(control.ReasonNotApproved, "the program's approval function panicked: %.500s", oneLine(v))
			}
			verdict <- says
		}()
		err := r.approve(q)
		says = nil
		if err != nil {
			says = refused(control.ReasonNotApproved, "the program did not approve: %.500s", oneLine(err))
		}
	}()
	if says := <-verdict; says != nil {
		return says
	}
	return nil
}

// prepare makes sure that p describes the code and the runtime of this process, and arms the
// engine with the first patch.
func (a *patcher) prepare(p *patch.Patch) error {
	if err := a.program.textMatches(&p.Release); err != nil {
		return err
	}
	if err := a.program.checkPlaces(p); err != nil {
		return err
	}
	if err := a.checkOriginals(p); err != nil {
		return err
	}
	if a.engine == nil || !sameRuntime(a.runtime, p.Runtime) {
		if err := a.prove(p); err != nil {
			return err
		}
	}
	if err := a.engine.NoPlugins(); err != nil {
		return refused(control.ReasonRuntime, "%v", err)
	}
	for _, r := range p.Redirects {
		f := &p.Funcs[r.Func]
		if err := a.engine.CheckFunction(r.Addr, r.HostName(f)); err != nil {
			return malformed("%s%s: %v", f.Name, at(f.File, f.Line), err)
		}
	}
	return nil
}

// prove arms the engine with where p says the runtime is. Once there are images the engine stays,
// because it knows them. That a later patch can be proven as well shows that both mean the same.
func (a *patcher) prove(p *patch.Patch) error {
	var e engine
	var err error
	a.withEngine(func() { e, err = a.arm(p.Runtime, p.Release.Text, p.Release.Etext) })
	if err != nil {
		return refused(control.ReasonRuntime, "%v", err)
	}
	a.state.Lock()
	defer a.state.Unlock()
	if len(a.versions) == 0 {
		a.engine = e
	}
	a.runtime = p.Runtime
	return nil
}

// checkOriginals reports a function of the program that does not begin as p says, or no longer as this process left
// it: another tool has written there.
func (a *patcher) checkOriginals(p *patch.Patch) error {
	known := hostSites(a.images())
	for _, r := range p.Redirects {
		f := &p.Funcs[r.Func]
		name := r.HostName(f) + at(f.File, f.Line)
		original := word(memoryAt(r.Addr, wordSize))
		if s, ok := known[r.Addr]; ok {
			original = s.original
			now, ok := a.written[r.Addr]
			if !ok {
				now = original
			}
			if err := a.engine.CheckCode(name, r.Addr, now); err != nil {
				return refused(control.ReasonTextDiffers, "%v", err)
			}
		}
		if original == r.Old {
			continue
		}
		if a.program.fileHolds(r.Addr, r.Old[:]) {
			return refused(control.ReasonTextDiffers, "%v", splice.CheckCode(name, r.Addr, r.Old))
		}
		return malformed("%s%s begins with % x in this process, and with % x in the patch", f.Name, at(f.File, f.Line), original, r.Old)
	}
	return nil
}

func sameRuntime(a, b patch.Runtime) bool {
	return maps.Equal(a.Func, b.Func) && maps.Equal(a.Var, b.Var) && maps.Equal(a.Offset, b.Offset) &&
		a.Types == b.Types && a.Rodata == b.Rodata
}

// activate makes v the current version (nil: the release) in one switch, and stack the versions
// behind it. The result is completed.
func (a *patcher) activate(v *version, stack []*version, who peer, o control.SwitchOptions, exchanges []exchange, result *control.Switched) (*control.Switched, error) {
	from := a.current()
	if v != nil {
		result.ID = v.id
	}
	result.From, result.To = nameOf(from), nameOf(v)
	stats, functions, err := a.switchTo(v, who, o, exchanges)
	if err != nil {
		return nil, err
	}
	result.Functions = functions
	result.Resets = namesOf(exchanges)
	result.Pause, result.Scan, result.Attempts = stats.Pause, stats.Scan, stats.Attempts
	a.state.Lock()
	a.stack = stack
	if v != nil {
		a.symbols.add(v.symbols, v.addrs, v.label)
		for _, in := range v.ran {
			a.inits.ran[in.Name] = in.Value
		}
		v.last = activation{time.Now(), who, stats.Pause}
	}
	a.state.Unlock()
	result.Message = fmt.Sprintf("%s -> %s: functions switched: %d; the program stood still for %v", result.From, result.To, functions, stats.Pause.Round(time.Microsecond))
	if a.unsettled != nil {
		result.Message += "; " + a.unsettled.Error()
	}
	result.OldCode, result.OldCodeError = a.oldCode()
	return result, nil
}

// switchTo writes what has to change at function entries for v to run, and returns how many
// functions of the program do.
func (a *patcher) switchTo(v *version, who peer, o control.SwitchOptions, exchanges []exchange) (splice.Stats, int, error) {
	sites, err := desired(a.images(), imageOf(v))
	if err != nil {
		return splice.Stats{}, 0, failed(control.ReasonMemory, "version %s can't be switched to: %v", nameOf(v), err)
	}
	writes := differences(sites, a.written)
	calls := desiredCalls(a.images(), imageOf(v))
	if writes, err = withCalls(writes, calls, a.calls); err != nil {
		return splice.Stats{}, 0, err
	}
	options := splice.Options{Timeout: o.Quiesce}
	var bodies []oldBody // in which nobody may be
	if o.Quiesce > 0 {
		bodies = slices.Concat(leaving(sites, writes), a.leavingCalls(calls), imageOf(v).leftBodies())
	}
	guard, err := keeping(a.images(), imageOf(v))
	if err != nil {
		return splice.Stats{}, 0, err
	}
	relaid, err := laidOutAnew(a.images(), imageOf(a.current()), imageOf(v))
	if err != nil {
		return splice.Stats{}, 0, err
	}
	bodies = joined(joined(joined(nil, guard.bodies), relaid.bodies), bodies)
	if o.Wait > 0 && len(bodies) > 0 {
		options.Timeout = o.Wait
	} else if options.Timeout == 0 && len(bodies) > 0 {
		options.Timeout = guardPatience(guardTimeout)
	}
	options.Quiesce = rangesOf(bodies)
	withExchanges(&options, exchanges, a.images())
	a.unsettled = nil
	finish, err := a.exchangeMethods(v, &options)
	if err != nil {
		return splice.Stats{}, 0, failed("", "%v", err)
	}
	if len(writes) == 0 && len(options.Exchange) == 0 {
		return splice.Stats{}, 0, nil
	}
	stats, err := a.trySwitch(writes, options, bodies, who, o)
	if finish != nil {
		a.unsettled = finish(err == nil)
	}
	if err != nil {
		return stats, 0, switchProblem(err, sites, bodies, guard, relaid)
	}
	a.program.text.frozen = len(writes) > 0 || a.program.text.frozen
	for _, s := range sites {
		if s.wanted == s.original {
			delete(a.written, s.addr)
		} else {
			a.written[s.addr] = s.wanted
		}
	}
	return stats, replaced(sites, writes) + changedCalls(calls, a.calls, a.images()), nil
}

// switchProblem is what a switch that was not made is answered with. bodies are those in which nobody may have been.
func switchProblem(err error, sites []site, bodies []oldBody, guard guard, relaid relaid) *problem {
	if p := (*problem)(nil); errors.As(err, &p) {
		return p
	}
	if changed := (*splice.ErrChanged)(nil); errors.As(err, &changed) {
		return refused(control.ReasonTextDiffers, "%v", changed)
	}
	busy := (*splice.ErrBusy)(nil)
	if !errors.As(err, &busy) {
		return failed("", "%v", err)
	}
	inside := counted(busy.Inside, bodies)
	kept, relays, endless := "", false, ""
	for _, h := range busy.Inside {
		at := bodies[h.Range].at
		kept = cmp.Or(kept, guard.of(at))
		relays = relays || slices.ContainsFunc(relaid.bodies, func(b oldBody) bool { return b.at == at })
	}
	if i := slices.IndexFunc(inside, func(o control.OldCode) bool { return o.Endless }); i >= 0 {
		endless = "no way leads out of the loop in " + inside[i].Function + ", so waiting does not help"
	}
	var p *problem
	switch {
	case kept != "":
		p = refused(control.ReasonBusy, "%s: not switched, nothing changed. Inside: %s", kept, whoIsInside(inside))
		p.message += waitLonger(inside)
	case relays:
		p = refused(control.ReasonBusy, "%s has another layout, and goroutines stay inside of functions that handle its values: %v", relaid.types[0], err)
		if endless != "" {
			p.message += "; " + endless + ": restart the program"
		}
	default:
		switch spins := spinning(busy, sites); {
		case endless != "":
			busy.Advice = "switch without quiescence: " + endless
		case spins != "":
			busy.Advice = "no way leads out of " + spins + ", whose entry can't be written over while anybody is inside: restart the program with the edit built in"
		}
		p = failed(control.ReasonBusy, "%v", err)
	}
	p.inside = inside
	return p
}

// whoIsInside counts goroutines by function, and says where they are.
func whoIsInside(inside []control.OldCode) string {
	const most = 3
	var parts []string
	for _, o := range inside {
		text := fmt.Sprintf("%d in %s", o.Goroutines, o.Function)
		if i := slices.IndexFunc(o.Stack, func(f control.Function) bool { return f.Name == o.Function }); i >= 0 {
			text += fmt.Sprintf(" (%s:%d)", filepath.Base(o.Stack[i].File), o.Stack[i].Line)
		}
		parts = append(parts, text)
	}
	if more := len(parts) - most; more > 0 {
		parts = append(parts[:most], fmt.Sprintf("%d more functions", more))
	}
	return strings.Join(parts, ", ")
}

// waitLonger is the advice that follows.
func waitLonger(inside []control.OldCode) string {
	if i := slices.IndexFunc(inside, func(o control.OldCode) bool { return o.Endless }); i >= 0 {
		return "; no way leads out of the loop in " + inside[i].Function + ": restart the program with the edit built in"
	}
	return ": ask again when they have returned, or wait longer (--wait 10m)"
}
