// Package model is what the players own: rooms, players, and what they carry. It holds data and
// no rules. The program and all versions of the logic share it, so it stays as it is while
// the program runs.
package model

import (
	"sync"

	"github.com/gosplice/gosplice/examples/arena/box"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// Room is a place with a boss, in which players meet.
type Room struct {
	Name string

	// Mutex is held by whoever looks at what follows or at a player of the room.
	sync.Mutex
	Players map[string]*Player
	Boss    Boss
	Kills   int
	Blows   int64
	Looted  int64
	Said    *box.Ring[wire.Line]
}

// NewRoom returns a room in which nobody is. Its boss is for the logic to make.
func NewRoom(name string) *Room {
	return &Room{Name: name, Players: map[string]*Player{}, Said: box.NewRing[wire.Line](64)}
}

// Boss is whom players strike.
type Boss struct{ HP, Armour, Power int }

// Player is somebody in a room.
type Player struct {
	Name string
	Room *Room

	HP, Energy int
	Score      int64
	Weapon     Weapon
	Bag        box.Stack[wire.Item]
	Ticks      map[int]int64 // seen, by version of the rule
}

// Weapon is what a player holds. It names its kind and is no interface: a value of a type
// of the logic would belong to the version that made it for ever.
type Weapon struct {
	Kind string
	Shot int // with a bow, since arrows were gathered
}
