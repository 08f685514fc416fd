// Package game is the arena itself: a world of rooms, in each a boss, and players who strike
// it, gather things, and talk.
package game

import (
	"errors"
	"strings"
	"sync"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// Limits of a world.
var (
	MaxRooms   = 1000
	MaxPlayers = 5000
)

// Why somebody can't join.
var (
	errName  = errors.New("a name is 1 to 32 letters, digits and dashes")
	errTaken = errors.New("that name is already in the world")
	errFull  = errors.New("the world is full")
)

// World is the registry of rooms and of who is in them.
type World struct {
	mu      sync.Mutex
	rooms   map[string]*Room
	players map[string]*Player
	tickers sync.WaitGroup
}

// NewWorld returns a world without rooms: they come with the players.
func NewWorld() *World {
	return &World{rooms: map[string]*Room{}, players: map[string]*Player{}}
}

// Join lets a player enter a room, which is made if need be.
func (w *World) Join(room, name string) (*Player, error) {
	if !validName(room) || !validName(name) {
		return nil, errName
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.players[name] != nil {
		return nil, errTaken
	}
	if len(w.players) >= MaxPlayers || w.rooms[room] == nil && len(w.rooms) >= MaxRooms || !scores.enrol(name) {
		return nil, errFull
	}
	r := w.rooms[room]
	if r == nil {
		r = newRoom(room)
		w.rooms[room] = r
		w.tickers.Go(r.run)
	}
	p := newPlayer(name, r)
	w.players[name] = p
	r.enter(p)
	return p, nil
}

// Leave takes a player out of the world. A room that is empty then is closed.
func (w *World) Leave(p *Player) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.players, p.Name)
	if left := p.room.leave(p); left == 0 {
		delete(w.rooms, p.room.name)
		close(p.room.done)
	}
}

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
