package world

import (
	"time"

	"github.com/gosplice/gosplice/examples/arena-chain/api"
	"github.com/gosplice/gosplice/examples/arena-chain/model"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// room is a room that ticks while somebody is in it.
type room struct {
	*model.Room
	done chan struct{} // closed when the last player has left
}

func newRoom(name string) *room {
	r := &room{model.NewRoom(name), make(chan struct{})}
	r.Lock()
	defer r.Unlock()
	api.Logic.Current().Open(r.Room)
	return r
}

// run ticks until the room is done. It never returns while somebody plays, and yet each tick is one of
// the version that is current then.
func (r *room) run() {
	t := time.NewTicker(TickEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			r.tick()
		case <-r.done:
			return
		}
	}
}

func (r *room) tick() {
	r.Lock()
	defer r.Unlock()
	api.Logic.Current().Tick(r.Room)
}

func (r *room) enter(name string) *Player {
	r.Lock()
	defer r.Unlock()
	p := &model.Player{Name: name, Room: r.Room, Ticks: map[int]int64{}}
	api.Logic.Current().Enter(p)
	r.Players[name] = p
	return &Player{p, r}
}

func (r *room) leave(p *Player) (left int) {
	r.Lock()
	defer r.Unlock()
	delete(r.Players, p.Name)
	return len(r.Players)
}

// count adds what is in the room to c.
func (r *room) count(c *wire.Count) {
	r.Lock()
	defer r.Unlock()
	c.Rooms++
	c.Players += len(r.Players)
	c.Blows += r.Blows
	c.Looted += r.Looted
	c.Lines += r.Said.Next() - 1
	for _, p := range r.Players {
		c.Items += int64(p.Bag.Len())
		c.Score += p.Score
	}
}
