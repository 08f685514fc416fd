package game

import (
	"sync"
	"time"

	"github.com/gosplice/gosplice/examples/arena/box"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// TickEvery is the time between two ticks of a room.
var TickEvery = 50 * time.Millisecond

// Room is a place with a boss, in which players meet. It lives while somebody is in it.
type Room struct {
	name string
	done chan struct{} // closed when the last player has left

	mu      sync.Mutex
	players map[string]*Player
	boss    boss
	onKill  []killHandler
	blows   int64
	looted  int64
	said    *box.Ring[wire.Line]
}

func newRoom(name string) *Room {
	r := &Room{
		name:    name,
		done:    make(chan struct{}),
		players: map[string]*Player{},
		boss:    newBoss(),
		said:    box.NewRing[wire.Line](64),
	}
	r.onKill = []killHandler{countKills(), payBonus(50), nextBoss(r)}
	return r
}

// run ticks until the room is done.
func (r *Room) run() {
	t := time.NewTicker(TickEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			r.Tick()
		case <-r.done:
			return
		}
	}
}

// Tick is one beat of the room: everybody in it gets some energy back.
func (r *Room) Tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.players {
		p.energy++
		p.ticks[1]++
	}
}

func (r *Room) enter(p *Player) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.players[p.Name] = p
}

func (r *Room) leave(p *Player) (left int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.players, p.Name)
	return len(r.players)
}

// count adds what is in the room to c.
func (r *Room) count(c *wire.Count) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c.Rooms++
	c.Players += len(r.players)
	c.Blows += r.blows
	c.Looted += r.looted
	c.Lines += r.said.Next() - 1
	for _, p := range r.players {
		c.Items += int64(p.bag.Len())
		c.Score += scores.of(p.Name)
	}
}
