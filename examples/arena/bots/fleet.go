// Package bots plays the arena with many connections at once and checks every answer.
//
// Each bot keeps its own model of its player: health, energy, score, every item in the bag.
// The bots of a room together keep its history: every blow, item and line is numbered by the
// server, so one that is lost, repeated or out of order shows. What a rule says may change
// while they play; the server names the version of the rule in each answer, and the bots know
// what each version should have done.
package bots

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Options says how to play.
type Options struct {
	Addr string // of the server; loopback only
	// Bots is the number of players, each with a connection held all the time: 1 to MaxBots.
	Bots int
	// Rooms is how many rooms they share; 0: one for every 30 bots.
	Rooms int
	// Pause is the mean time between an answer and the next request of one bot; 0: 40 ms.
	Pause time.Duration
	// For is how long they play at most; 0: MaxTime.
	For time.Duration
	// Seed makes the bots choose the same actions again.
	Seed uint64
	// Backwards lets rules go back to an earlier version at any time, also without GoesBack.
	Backwards bool
}

// Bounds of a fleet.
const (
	MaxBots = 2000
	MaxTime = 10 * time.Minute
)

func (o *Options) complete() error {
	if o.Bots < 1 || o.Bots > MaxBots {
		return fmt.Errorf("%d bots: must be 1 to %d", o.Bots, MaxBots)
	}
	if o.Rooms <= 0 {
		o.Rooms = (o.Bots + 29) / 30
	}
	if o.Pause <= 0 {
		o.Pause = 40 * time.Millisecond
	}
	if o.For <= 0 || o.For > MaxTime {
		o.For = MaxTime
	}
	addr, err := net.ResolveTCPAddr("tcp", o.Addr)
	if err != nil {
		return err
	}
	if !addr.IP.IsLoopback() {
		return fmt.Errorf("%s is not a loopback address: bots play on this machine only", o.Addr)
	}
	return nil
}

// Fleet is a group of bots at play.
type Fleet struct {
	opts   Options
	prefix string // of the names of the fleet's rooms and players
	bots   []*bot
	rooms  []*room
	purser *client // counts

	// gate is held for reading during each request, for writing to have a moment without any.
	gate  sync.RWMutex
	tally tally
	rules *sightings

	cancel  context.CancelFunc
	playing sync.WaitGroup
	over    chan struct{} // closed when nobody plays any more
}

// Start connects the bots, lets all of them join their rooms, and then lets them play until
// Stop, or ctx is done, or their time is over.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	f := &Fleet{
		opts:   o,
		prefix: fmt.Sprintf("fleet-%08x", rand.Uint32()),
		rules:  newSightings(),
		over:   make(chan struct{}),
	}
	for i := range o.Rooms {
		f.rooms = append(f.rooms, newRoom(fmt.Sprintf("%s-%d", f.prefix, i)))
	}
	for i := range o.Bots {
		f.bots = append(f.bots, newBot(f, i))
	}
	ctx, f.cancel = context.WithTimeout(ctx, o.For)
	if err := f.connect(ctx); err != nil {
		f.Stop()
		return nil, err
	}
	for _, b := range f.bots {
		f.playing.Go(func() { b.play(ctx) })
	}
	go func() {
		f.playing.Wait()
		close(f.over)
	}()
	return f, nil
}

// connect lets everybody in, some at a time.
func (f *Fleet) connect(ctx context.Context) error {
	var err error
	if f.purser, err = dial(ctx, f.opts.Addr); err != nil {
		return err
	}
	var group sync.WaitGroup
	var failed atomic.Pointer[error]
	turn := make(chan struct{}, 32)
	for _, b := range f.bots {
		turn <- struct{}{}
		group.Go(func() {
			defer func() { <-turn }()
			if err := b.join(ctx); err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	}
	group.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Stop ends the play after the requests under way, closes the connections and returns the
// final numbers.
func (f *Fleet) Stop() Stats {
	f.cancel()
	f.playing.Wait()
	for _, b := range f.bots {
		b.client.close()
	}
	f.purser.close()
	return f.Stats()
}

// Over is closed when the bots play no more: stopped, out of time, or all disconnected.
func (f *Fleet) Over() <-chan struct{} { return f.over }

// Prefix is what the names of all rooms and players of this fleet begin with.
func (f *Fleet) Prefix() string { return f.prefix }

// Stats returns the numbers up to now.
func (f *Fleet) Stats() Stats { return f.tally.stats(len(f.bots)) }

// LongestWait is the longest that any request took since the last call of LongestWait.
func (f *Fleet) LongestWait() time.Duration { return time.Duration(f.tally.longest.Swap(0)) }

// SawRule says whether any answer was made by that version of a rule, and when first: since
// GoesBack, if that was called for the version.
func (f *Fleet) SawRule(rule string, version int) (time.Time, bool) {
	s, ok := f.rules.of(rule, version)
	return s.First, ok
}

// Sightings says which versions of the rules the answers came from.
func (f *Fleet) Sightings() []Sighting { return f.rules.all() }

// GoesBack tells the bots that the server is about to go back to an earlier version of a
// rule, which is otherwise a failure. For SawRule and AwaitRule that version is then one not
// seen yet.
func (f *Fleet) GoesBack(rule string, version int) { f.rules.goesBack(rule, version) }

// AwaitRule returns when a bot has seen that version of a rule, with the time when it did.
func (f *Fleet) AwaitRule(ctx context.Context, rule string, version int) (time.Time, error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		if t, ok := f.SawRule(rule, version); ok {
			return t, nil
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("no answer came from version %d of rule %q: %w", version, rule, ctx.Err())
		case <-f.over:
			return time.Time{}, fmt.Errorf("no answer came from version %d of rule %q while the bots played", version, rule)
		case <-tick.C:
		}
	}
}
