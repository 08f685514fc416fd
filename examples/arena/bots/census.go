package bots

import (
	"fmt"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// Census is everything in the rooms of the fleet, counted by the server while no request was
// under way.
type Census struct {
	wire.Count
	// Sent is how many requests the fleet has sent, this one not counted. With no other client
	// the server's Count.Requests is the same.
	Sent int64
}

// Census lets all requests under way end, holds back new ones, asks the server to count, and
// compares with what the bots have. Any difference is an error, and counts as a failure.
func (f *Fleet) Census() (Census, error) {
	f.gate.Lock()
	defer f.gate.Unlock()
	sent := f.tally.requests.Load()
	re, err := f.purser.ask(wire.Request{Op: wire.Census, Room: f.prefix})
	if err != nil {
		return Census{}, fmt.Errorf("the server can't be asked: %w", err)
	}
	f.tally.requests.Add(1)
	if re.Count == nil {
		return Census{}, fmt.Errorf("the server did not count: %s", re.Error)
	}
	c := Census{*re.Count, sent}
	if err := f.compare(*re.Count); err != nil {
		f.tally.fail(err.Error())
		return c, err
	}
	return c, nil
}

// compare sums up what the bots have and compares.
func (f *Fleet) compare(got wire.Count) error {
	want := wire.Count{Rooms: len(f.rooms), Players: len(f.bots)}
	for _, b := range f.bots {
		want.Items += int64(len(b.model.bag))
		want.Score += b.model.score
	}
	for _, r := range f.rooms {
		if err := r.sum(&want); err != nil {
			return fmt.Errorf("room %s: %w", r.name, err)
		}
	}
	want.Accepted, want.Requests = got.Accepted, got.Requests // of the whole server
	f.tally.checks.Add(7)
	if got != want {
		return fmt.Errorf("the server counts %+v, the bots %+v", got, want)
	}
	return nil
}

// sum adds what happened in the room, of which nothing may be missing.
func (r *room) sum(c *wire.Count) error {
	blows, err := r.blows.count()
	if err != nil {
		return err
	}
	items, err := r.items.count()
	if err != nil {
		return err
	}
	lines, err := r.lines.count()
	c.Blows += blows
	c.Looted += items
	c.Lines += lines
	return err
}
