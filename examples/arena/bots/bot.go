package bots

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// bot is one player with its connection.
type bot struct {
	fleet  *Fleet
	client *client // nil before join
	name   string
	room   *room
	rand   *rand.Rand
	model  *model
}

func newBot(f *Fleet, i int) *bot {
	b := &bot{
		fleet: f,
		name:  fmt.Sprintf("%s-b%d", f.prefix, i),
		room:  f.rooms[i%len(f.rooms)],
		rand:  rand.New(rand.NewPCG(f.opts.Seed, uint64(i))),
	}
	b.model = newModel(b)
	return b
}

func (b *bot) join(ctx context.Context) (err error) {
	if b.client, err = dial(ctx, b.fleet.opts.Addr); err != nil {
		return err
	}
	return b.request(wire.Request{Op: wire.Join, Room: b.room.name, Name: b.name})
}

// play makes one request after another until ctx is done or the connection is lost.
func (b *bot) play(ctx context.Context) {
	for b.rest(ctx) {
		if err := b.turn(); err != nil {
			b.fleet.tally.lost.Add(1)
			b.fleet.tally.fail(fmt.Sprintf("%s: connection lost: %v", b.name, err))
			return
		}
	}
}

// rest waits for half to one and a half of the mean pause.
func (b *bot) rest(ctx context.Context) bool {
	pause := b.fleet.opts.Pause
	t := time.NewTimer(pause/2 + time.Duration(b.rand.Int64N(int64(pause)+1)))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return ctx.Err() == nil
	}
}

// turn makes one request, unless the fleet is being counted: then it waits.
func (b *bot) turn() error {
	b.fleet.gate.RLock()
	defer b.fleet.gate.RUnlock()
	return b.request(b.choose())
}

// request makes a request and checks the answer. What is wrong with the answer is counted;
// an error means that the connection is lost.
func (b *bot) request(req wire.Request) error {
	start := time.Now()
	re, err := b.client.ask(req)
	if err != nil {
		return err
	}
	b.fleet.tally.answered(time.Since(start))
	b.model.check(req, re)
	return nil
}

// choose makes up the next request.
func (b *bot) choose() wire.Request {
	switch n := b.rand.IntN(100); {
	case n < 45:
		return wire.Request{Op: wire.Attack}
	case n < 63:
		return wire.Request{Op: wire.Loot}
	case n < 78:
		return wire.Request{Op: wire.Use}
	case n < 82:
		return wire.Request{Op: wire.Equip, Weapon: weaponNames[b.rand.IntN(len(weaponNames))]}
	case n < 86:
		return wire.Request{Op: wire.Inspect, Weapon: weaponNames[b.rand.IntN(len(weaponNames))], Armour: b.rand.IntN(10)}
	case n < 89:
		return wire.Request{Op: wire.Bag}
	case n < 93:
		return wire.Request{Op: wire.Say, Text: phrases[b.rand.IntN(len(phrases))].said}
	case n < 97:
		return wire.Request{Op: wire.Hear, Since: b.model.heard}
	default:
		return wire.Request{Op: wire.Look}
	}
}
