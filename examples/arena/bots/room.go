package bots

import (
	"fmt"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// What the bots know of every boss.
const (
	bossHP     = 600
	bossArmour = 3
	bossPower  = 4
)

// room is what the bots in one room know of it together.
type room struct {
	name  string
	blows *history[wire.Blow]
	items *history[wire.Item]
	lines *history[wire.Line]
}

func newRoom(name string) *room {
	return &room{
		name:  name,
		blows: newHistory("blow", followBlows()),
		items: newHistory("item", followItems),
		lines: newHistory("line", func(wire.Line) error { return nil }),
	}
}

// followBlows checks that every boss starts with full health, loses what each blow takes, and
// is counted when it dies.
func followBlows() func(wire.Blow) error {
	hp, kills := bossHP, 0
	return func(b wire.Blow) error {
		if b.BossBefore != hp {
			return fmt.Errorf("the boss had %d HP before it, but %d after the blow before", b.BossBefore, hp)
		}
		hp -= b.Damage
		killed := hp <= 0
		if killed {
			hp = bossHP
			kills++
		}
		if b.Killed != killed || b.BossAfter != hp {
			return fmt.Errorf("the boss had %d HP after it (killed: %t) instead of %d (%t)", b.BossAfter, b.Killed, hp, killed)
		}
		if killed && b.Kills != kills {
			return fmt.Errorf("it was kill %d instead of %d", b.Kills, kills)
		}
		return nil
	}
}

// kinds are what lies around in rooms, in the order in which it is found.
var kinds = []string{"potion", "stone", "tonic"}

func followItems(it wire.Item) error {
	if want := kinds[it.N%int64(len(kinds))]; it.Kind != want {
		return fmt.Errorf("it is a %s instead of a %s", it.Kind, want)
	}
	return nil
}
