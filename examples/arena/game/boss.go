package game

import "github.com/gosplice/gosplice/examples/arena/item"

// Boss values at the start of a room. A boss who is killed is followed by the next.
var (
	BossHP     = 600
	BossArmour = 3
	BossPower  = 4
)

type boss struct{ hp, armour, power int }

func newBoss() boss { return boss{BossHP, BossArmour, BossPower} }

// take subtracts damage and says whether that was the end of this boss.
func (b *boss) take(damage int) (killed bool) {
	b.hp -= damage
	return b.hp <= 0
}

// answer is what the boss does to a player who struck it. Players wear no armour.
func (b boss) answer() (damage, rule int) { return item.Damage(b.power, 0) }

// kill is the end of a boss, as told to the handlers of the room.
type kill struct {
	by    *Player
	count int // kills in this room so far
	bonus int // for the killer
}

// killHandler is called, in the order of registration, with the room locked.
type killHandler func(*kill)

// countKills returns a handler that counts.
func countKills() killHandler {
	n := 0
	return func(k *kill) {
		n++
		k.count = n
	}
}

// payBonus returns a handler that pays the killer base points, and more for every fifth boss.
func payBonus(base int) killHandler {
	return func(k *kill) {
		k.bonus = base
		if k.count%5 == 0 {
			k.bonus *= 2
		}
		scores.add(k.by.Name, k.bonus)
	}
}

// nextBoss returns a handler that brings a new boss into the room.
func nextBoss(r *Room) killHandler {
	return func(*kill) { r.boss = newBoss() }
}
