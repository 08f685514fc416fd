// Package world is the registry of rooms and of who is in them. It belongs to the program, and
// lets the current version of the logic do everything that is a rule of the game.
package world

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/gosplice/gosplice/examples/arena-chain/api"
	"github.com/gosplice/gosplice/examples/arena-chain/model"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// Limits of a world.
const (
	MaxRooms   = 1000
	MaxPlayers = 5000
)

// TickEvery is the time between two ticks of a room.
const TickEvery = 50 * time.Millisecond

// Why somebody can't join.
var (
	errName  = errors.New("a name is 1 to 32 letters, digits and dashes")
	errTaken = errors.New("that name is already in the world")
	errFull  = errors.New("the world is full")
)

// World is the registry. The chain has a version before the first player joins.
type World struct {
	mu      sync.Mutex
	rooms   map[string]*room
	players map[string]*Player
	tickers sync.WaitGroup
}

// New returns a world without rooms: they come with the players.
func New() *World {
	return &World{rooms: map[string]*room{}, players: map[string]*Player{}}
}

// Player is somebody in the world.
type Player struct {
	*model.Player
	room *room
}

// Do does what a request asks for, by the version of the logic that is current now.
func (p *Player) Do(req wire.Request) wire.Reply {
	p.Room.Lock()
	defer p.Room.Unlock()
	return api.Logic.Current().Do(p.Player, req)
}

// Join lets a player enter a room, which is made if need be.
func (w *World) Join(name, player string) (*Player, error) {
	if !validName(name) || !validName(player) {
		return nil, errName
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.players[player] != nil {
		return nil, errTaken
	}
	r := w.rooms[name]
	if len(w.players) >= MaxPlayers || r == nil && len(w.rooms) >= MaxRooms {
		return nil, errFull
	}
	if r == nil {
		r = newRoom(name)
		w.rooms[name] = r
		w.tickers.Go(r.run)
	}
	p := r.enter(player)
	w.players[player] = p
	return p, nil
}

// Leave takes a player out of the world. A room that is empty then is closed.
func (w *World) Leave(p *Player) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.players, p.Name)
	if left := p.room.leave(p); left == 0 {
		delete(w.rooms, p.Room.Name)
		close(p.room.done)
	}
}

// Inspect says what a weapon would do to somebody in armour.
func (w *World) Inspect(req wire.Request) wire.Reply { return api.Logic.Current().Inspect(req) }

// Wait returns when no room ticks any more, after all players have left.
func (w *World) Wait() { w.tickers.Wait() }

// Count sums up the rooms whose names begin with prefix.
func (w *World) Count(prefix string) wire.Count {
	w.mu.Lock()
	defer w.mu.Unlock()
	var c wire.Count
	for name, r := range w.rooms {
		if strings.HasPrefix(name, prefix) {
			r.count(&c)
		}
	}
	return c
}

func validName(s string) bool {
	for _, c := range s {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 32
}
