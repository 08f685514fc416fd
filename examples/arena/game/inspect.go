package game

import (
	"github.com/gosplice/gosplice/examples/arena/item"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// Inspect says what a weapon would do to somebody in armour.
func (w *World) Inspect(req wire.Request) wire.Reply {
	weapon := item.NewWeapon(req.Weapon)
	if weapon == nil {
		return wire.Reply{Error: "no such weapon"}
	}
	blow := &wire.Blow{Power: weapon.Power(), Armour: req.Armour}
	blow.Damage, blow.Rule = item.Damage(blow.Power, blow.Armour)
	return wire.Reply{OK: true, Blow: blow}
}
