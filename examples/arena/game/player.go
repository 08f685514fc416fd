package game

import (
	"maps"

	"github.com/gosplice/gosplice/examples/arena/box"
	"github.com/gosplice/gosplice/examples/arena/item"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// BagSize is how many items a player can carry.
var BagSize = 24

// Player is somebody in a room. What it holds is guarded by the lock of the room.
type Player struct {
	Name string
	room *Room

	hp, energy int
	weapon     item.Weapon
	bag        box.Stack[wire.Item]
	ticks      map[int]int64 // seen, by version of the rule
}

func newPlayer(name string, r *Room) *Player {
	return &Player{
		Name:   name,
		room:   r,
		hp:     item.MaxHP,
		energy: 10,
		weapon: item.NewWeapon("sword"),
		ticks:  map[int]int64{},
	}
}

// state is what the player is told after every request.
func (p *Player) state() *wire.State {
	return &wire.State{
		HP:     p.hp,
		Energy: p.energy,
		Score:  scores.of(p.Name),
		Items:  p.bag.Len(),
		Ticks:  maps.Clone(p.ticks),
	}
}

// suffer takes damage away. A player who falls stands up again with full health.
func (p *Player) suffer(damage int) (fell bool) {
	p.hp -= damage
	if fell = p.hp <= 0; fell {
		p.hp = item.MaxHP
	}
	return fell
}
