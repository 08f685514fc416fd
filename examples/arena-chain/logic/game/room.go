package game

import (
	"github.com/gosplice/gosplice/examples/arena-chain/logic/rules"
	"github.com/gosplice/gosplice/examples/arena-chain/model"
)

func open(r *model.Room) { r.Boss = newBoss() }

// enter gives a new player what everybody begins with.
func enter(p *model.Player) {
	p.HP = rules.MaxHP
	p.Energy = 10
	p.Weapon = model.Weapon{Kind: "sword"}
}

// tick gives everybody in the room some energy back.
func tick(r *model.Room) {
	for _, p := range r.Players {
		p.Energy++
		p.Ticks[1]++
	}
}
