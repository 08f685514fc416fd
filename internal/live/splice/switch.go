package splice

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	defaultTimeout = 2 * time.Second
	// Waits between attempts: the first ones only yield, then from minBackoff doubling to maxBackoff.
	yields     = 3
	minBackoff = 50 * time.Microsecond
	maxBackoff = 10 * time.Millisecond
	// A goroutine that enters a busy function again and again is outside of it for moments only: many
	// short attempts meet one. Their distance varies, so that they do not fall into its rhythm.
	entryBackoff = 500 * time.Microsecond
	// While a switch waits for frames to go the program runs at least this much longer than it stands still.
	pauseShare = 20
)

// WriteMode says how code is written: "proc-mem" or "mprotect".
func (e *Engine) WriteMode() string { return e.writer.mode }

// Func makes a func value of the code at addr, which takes and returns nothing.
func (e *Engine) Func(addr uint64) func() { return funcAt[func()](addr) }

// ErrorFunc makes a func value of the code at addr, which takes nothing and returns an error.
func (e *Engine) ErrorFunc(addr uint64) func() error { return funcAt[func() error](addr) }

// FuncVar reads the func variable at addr, which is in the data of an image.
func (e *Engine) FuncVar(addr uint64) func() { return *(*func())(pointer(addr)) }

// Switch replaces the words of all writes in one stop of the world, when no goroutine is in the way
// and every word is what Write.Old says, or nothing. While goroutines are in the way it starts the world
// again, waits a little and retries, until the options or ctx end it; then the error is an *ErrBusy
// or wraps ctx.Err(). A goroutine in a loop that can't be interrupted (GODEBUG=asyncpreemptoff=1) makes
// it wait for the loop, as it does the garbage collector.
func (e *Engine) Switch(ctx context.Context, writes []Write, o Options) (Stats, error) {
	if len(writes) == 0 && len(o.Exchange) == 0 {
		return Stats{}, nil
	}
	if err := e.settle(); err != nil {
		return Stats{}, err
	}
	if err := e.activate(); err != nil {
		return Stats{}, err
	}
	return e.switchWhen(ctx, writes, o)
}

// switchWhen is Switch whatever the list of modules is like.
func (e *Engine) switchWhen(ctx context.Context, writes []Write, o Options) (Stats, error) {
	s, err := e.newSwitching(writes, o)
	if err != nil {
		return Stats{}, err
	}
	if len(writes) > 0 {
		if err := e.writer.prepare(s.hulls, s.spans); err != nil {
			return Stats{}, err
		}
		defer e.writer.finish(s.hulls)
	}
	return s.run(ctx)
}

// switching is one call of Switch. Everything that the stopped world needs is allocated in it before.
type switching struct {
	e       *Engine
	writes  []Write // ascending
	spans   []span
	hulls   []Range // around the spans, one for each stretch of code
	entries *entryCheck
	frames  *census // nil without quiescence
	options Options
	stats   Stats
}

func (e *Engine) newSwitching(writes []Write, o Options) (*switching, error) {
	s := &switching{e: e, options: o, writes: slices.Clone(writes)}
	if s.options.Timeout <= 0 {
		s.options.Timeout = defaultTimeout
	}
	slices.SortFunc(s.writes, func(a, b Write) int { return cmp.Compare(a.Addr, b.Addr) })
	if err := e.checkWrites(s.writes); err != nil {
		return nil, err
	}
	if len(o.Quiesce) > 0 {
		var err error
		if s.frames, err = e.newCensus(o.Quiesce, false); err != nil {
			return nil, err
		}
		if err := s.checkSelf(); err != nil {
			return nil, err
		}
		s.frames.first = true
	}
	s.spans = spansOf(s.writes, pageSize)
	s.hulls = e.hullsOf(s.writes)
	s.entries = e.newEntryCheck(s.writes, o, e.code())
	return s, nil
}

// checkWrites finds, before the world is stopped, what can't be written. writes are ascending.
func (e *Engine) checkWrites(writes []Write) error {
	for i, w := range writes {
		switch {
		case w.Addr%wordSize != 0:
			return fmt.Errorf("%s at %#x is not aligned to %d bytes: its code can't be switched in one step", w.Name, w.Addr, wordSize)
		case !e.holdsCode(w.Addr):
			return fmt.Errorf("%s at %#x lies outside of the program's code (%#x to %#x): the patch was made for another program", w.Name, w.Addr, e.text.Lo, e.text.Hi)
		case i > 0 && w.Addr == writes[i-1].Addr:
			return fmt.Errorf("%s and %s are both to be written at %#x: make the patch again", writes[i-1].Name, w.Name, w.Addr)
		case e.text.contains(w.Addr) && runsWhenStopped(w.Addr): // nothing of that calls into an image
			return fmt.Errorf("%s runs while the world is stopped and can't be replaced: restart the program with the edit built in", w.Name)
		}
		if err := CheckCode(w.Name, w.Addr, w.Old); err != nil {
			return err
		}
	}
	return nil
}

// holdsCode reports a word of the program's code or of a loaded image's.
func (e *Engine) holdsCode(addr uint64) bool {
	_, ok := e.stretch(addr)
	return ok
}

// stretch returns the code, of the program or of a loaded image, that holds the word at addr.
func (e *Engine) stretch(addr uint64) (Range, bool) {
	if e.text.holds(addr, wordSize) {
		return e.text, true
	}
	for _, r := range e.regions {
		if r.sealed && r.text.holds(addr, wordSize) {
			return r.text, true
		}
	}
	return Range{}, false
}

// hullsOf returns the ranges around the writes, which are ascending and in code, one for each stretch
// of code. What lies between the stretches is data, or nothing, and keeps its protection.
func (e *Engine) hullsOf(writes []Write) []Range {
	var hulls []Range
	var code Range
	for _, w := range writes {
		if len(hulls) == 0 || !code.holds(w.Addr, wordSize) {
			code, _ = e.stretch(w.Addr)
			hulls = append(hulls, Range{w.Addr, w.Addr})
		}
		hulls[len(hulls)-1].Hi = w.Addr + wordSize
	}
	return hulls
}

// checkSelf refuses a quiescent switch asked for from inside one of the functions.
func (s *switching) checkSelf() error {
	s.frames.countSelf()
	defer s.frames.reset()
	if busy := s.busyFrames(); len(busy) > 0 {
		for i := range busy {
			busy[i].Self = true
		}
		return &ErrBusy{Funcs: busy, Quiesce: true}
	}
	return nil
}

// run attempts the switch until it succeeds, fails, or time is up.
func (s *switching) run(ctx context.Context) (Stats, error) {
	began := time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return s.stats, fmt.Errorf("not switched, nothing changed: %w", err)
		}
		s.stats.Attempts++
		switch r := s.attempt(); r.outcome {
		case switched:
			return s.stats, nil
		case failed:
			return s.stats, s.failure(r)
		}
		after := time.Since(began)
		if s.stats.Attempts == s.options.Attempts || after >= s.options.Timeout {
			return s.stats, s.busy(after)
		}
		s.wait(ctx)
	}
}

// wait lets goroutines move on before the next attempt. Where attempts look at all frames they take longer, and
// the program has to get on between them.
func (s *switching) wait(ctx context.Context) {
	attempts := s.stats.Attempts
	if attempts <= yields {
		runtime.Gosched()
		return
	}
	pause := minBackoff + rand.N(entryBackoff)
	if s.frames != nil {
		pause = max(min(minBackoff<<min(attempts-yields, 10), maxBackoff), pauseShare*s.stats.Pause)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// result is what an attempt came to. It is made in a stopped world and so holds no error values.
type result struct {
	outcome outcome
	problem problem
	errno   errno
	at      uint64 // address that the problem is about
	damaged bool   // undoing failed too
}

type outcome uint8

const (
	switched outcome = iota
	inTheWay
	failed
)

type problem uint8

const (
	changedCode problem = iota + 1 // code near a write is not what it was before the stop
	refusedWrite
	lostWrite // a word does not read back
)

// attempt stops the world, and switches if nothing is in the way.
func (s *switching) attempt() result {
	s.entries.reset()
	s.entries.walker.code = s.e.code() // others may have added some
	if s.frames != nil {
		s.frames.reset()
		s.frames.walker.code = s.entries.walker.code
	}
	s.entries.warm(&s.e.world)
	p := s.e.world.pause()
	r := s.stopped()
	s.stats.Scan = time.Since(p.since)
	if r.outcome == switched {
		r = s.change()
	}
	s.stats.Pause = s.e.world.resume(p)
	s.stats.Goroutines = s.entries.goroutines
	return r
}

// stopped checks all goroutines. It runs in a stopped world.
func (s *switching) stopped() result {
	if s.entries.needed() {
		s.entries.run(&s.e.world)
		if s.entries.conflicts > 0 && !skipEntryCheck {
			return result{outcome: inTheWay}
		}
	}
	if s.frames != nil {
		s.e.world.forEachG(s.frames.visit)
		s.entries.goroutines = s.frames.goroutines
		if s.frames.unknown > 0 {
			return result{outcome: inTheWay}
		}
		for i := range s.frames.counts {
			if s.frames.counts[i].count > 0 {
				return result{outcome: inTheWay}
			}
		}
	}
	return result{outcome: switched}
}

// change writes and exchanges. It runs in a stopped world.
func (s *switching) change() result {
	if len(s.spans) > 0 {
		r := s.write()
		s.e.barrier.sync()
		if r.outcome != switched {
			return r
		}
	}
	for _, exchange := range s.options.Exchange {
		exchange()
	}
	return result{outcome: switched}
}

// write changes all words, or none. It runs in a stopped world.
func (s *switching) write() result {
	for i := range s.spans {
		if n := &s.spans[i]; !bytes.Equal(n.old, bytesAt(n.addr, len(n.old))) {
			return result{outcome: failed, problem: changedCode, at: n.addr}
		}
	}
	w := s.e.writer
	if !w.usable() {
		return result{outcome: failed, problem: refusedWrite, errno: errClosed, at: s.spans[0].addr}
	}
	for i := range s.spans {
		n := &s.spans[i]
		e := w.write(n.addr, n.new)
		if failWrite(i) {
			e = errLost
		}
		if e != 0 {
			return s.undo(i+1, result{outcome: failed, problem: refusedWrite, errno: e, at: n.addr})
		}
	}
	for i := range s.spans {
		if n := &s.spans[i]; !bytes.Equal(n.new, bytesAt(n.addr, len(n.new))) {
			return s.undo(len(s.spans), result{outcome: failed, problem: lostWrite, at: n.addr})
		}
	}
	return result{outcome: switched}
}

// undo writes the old content of the first n spans back. It runs in a stopped world.
func (s *switching) undo(n int, r result) result {
	for i := range s.spans[:n] {
		sp := &s.spans[i]
		s.e.writer.write(sp.addr, sp.old)
		if !bytes.Equal(sp.old, bytesAt(sp.addr, len(sp.old))) {
			r.damaged = true
		}
	}
	return r
}

// failure puts a failed attempt into words.
func (s *switching) failure(r result) error {
	name := nameAt(r.at)
	if i, ok := slices.BinarySearchFunc(s.writes, r.at, func(w Write, at uint64) int { return cmp.Compare(w.Addr, at) }); ok {
		name = s.writes[i].Name
	}
	var what string
	if r.problem == changedCode {
		return s.changed(r.at)
	}
	switch r.problem {
	case refusedWrite:
		what = fmt.Sprintf("writing the code of %s at %#x: %v", name, r.at, r.errno)
	case lostWrite:
		what = fmt.Sprintf("writing the code of %s at %#x had no effect: allow writes through /proc/self/mem", name, r.at)
	}
	if r.damaged {
		return errors.New(what + "; putting the old code back failed too: restart the program now")
	}
	return errors.New("not switched, nothing changed: " + what)
}

// changed finds what in the span at addr is not what it was before the stop.
func (s *switching) changed(addr uint64) error {
	for _, n := range s.spans {
		if n.addr != addr {
			continue
		}
		for i := 0; i+wordSize <= len(n.old); i += wordSize {
			at := addr + uint64(i)
			name := nameAt(at)
			if w, ok := slices.BinarySearchFunc(s.writes, at, func(w Write, at uint64) int { return cmp.Compare(w.Addr, at) }); ok {
				name = s.writes[w].Name
			}
			if err := CheckCode(name, at, [wordSize]byte(n.old[i:])); err != nil {
				return err
			}
		}
	}
	return errors.New("not switched, nothing changed: something else has changed code and taken that back: try again")
}

// busy says what was in the way at the last attempt.
func (s *switching) busy(after time.Duration) error {
	err := &ErrBusy{Unknown: s.entries.unknown, Attempts: s.stats.Attempts, After: after}
	for i, n := range s.entries.counts {
		if n > 0 {
			err.Funcs = append(err.Funcs, BusyFunc{Name: s.writes[i].Name, Count: n})
		}
	}
	err.Interrupted = s.entries.interrupted
	if n := s.entries.interruptedAt; err.Interrupted > 0 && len(err.Funcs) == 0 && n != 0 {
		err.Funcs = append(err.Funcs, BusyFunc{Name: nameAt(n), Count: err.Interrupted})
	}
	if s.frames != nil && s.entries.conflicts == 0 {
		err.Quiesce = true
		err.Unknown = s.frames.unknown
		err.Funcs = s.busyFrames()
		if inside, scanErr := s.e.Scan(s.options.Quiesce); scanErr == nil && len(inside) > 0 {
			err.Inside = inside
			for _, h := range inside {
				s.frames.counts[h.Range].count = h.Count
			}
			err.Funcs = s.busyFrames()
		}
	}
	slices.SortStableFunc(err.Funcs, func(a, b BusyFunc) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Name, b.Name))
	})
	return err
}

// busyFrames names the ranges that have frames.
func (s *switching) busyFrames() []BusyFunc {
	var funcs []BusyFunc
	for i, k := range s.frames.counts {
		if k.count == 0 {
			continue
		}
		lo := s.options.Quiesce[i].Lo
		name := nameAt(lo)
		for _, w := range s.writes {
			if w.Addr == lo && w.Name != "" {
				name = w.Name
			}
		}
		if name == "" {
			name = fmt.Sprintf("the code at %#x", lo)
		}
		// Several ranges may lie in one function.
		if j := slices.IndexFunc(funcs, func(f BusyFunc) bool { return f.Name == name }); j >= 0 {
			funcs[j].Count += k.count
			continue
		}
		funcs = append(funcs, BusyFunc{Name: name, Count: k.count})
	}
	return funcs
}
