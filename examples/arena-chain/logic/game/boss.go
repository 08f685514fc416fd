package game

import (
	"github.com/gosplice/gosplice/examples/arena-chain/logic/rules"
	"github.com/gosplice/gosplice/examples/arena-chain/model"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

func newBoss() model.Boss { return model.Boss{HP: 600, Armour: 3, Power: 4} }

// attack strikes the boss, who strikes back. It costs one energy.
func attack(p *model.Player, _ wire.Request, re *wire.Reply) error {
	if p.Energy < 1 {
		return errTired
	}
	p.Energy--
	r := p.Room
	r.Blows++
	tally.Blows.Add(1)
	blow := &wire.Blow{N: r.Blows, Power: rules.Power(p.Weapon), Armour: r.Boss.Armour, BossBefore: r.Boss.HP, HPBefore: p.HP}
	re.Blow = blow

	blow.Damage, blow.Rule = rules.Strike(&p.Weapon, r.Boss.Armour)
	p.Score += int64(blow.Damage)
	blow.Back, blow.BackRule = rules.Damage(r.Boss.Power, 0)
	blow.Fell = suffer(p, blow.Back)

	r.Boss.HP -= blow.Damage
	if blow.Killed = r.Boss.HP <= 0; blow.Killed {
		blow.Kills, blow.Bonus = killed(r, p)
	}
	blow.BossAfter = r.Boss.HP
	return nil
}

// suffer takes damage away. A player who falls stands up again with full health.
func suffer(p *model.Player, damage int) (fell bool) {
	p.HP -= damage
	if fell = p.HP <= 0; fell {
		p.HP = rules.MaxHP
	}
	return fell
}

// killed pays the killer, more for every fifth boss, and brings the next one.
func killed(r *model.Room, by *model.Player) (kills, bonus int) {
	r.Kills++
	bonus = 50
	if r.Kills%5 == 0 {
		bonus *= 2
	}
	by.Score += int64(bonus)
	r.Boss = newBoss()
	return r.Kills, bonus
}

// inspect says what a weapon would do to somebody in armour.
func inspect(req wire.Request) wire.Reply {
	if !rules.IsWeapon(req.Weapon) {
		return wire.Reply{Error: errWeapon.Error()}
	}
	blow := &wire.Blow{Power: rules.Power(model.Weapon{Kind: req.Weapon}), Armour: req.Armour}
	blow.Damage, blow.Rule = rules.Damage(blow.Power, blow.Armour)
	return wire.Reply{OK: true, Blow: blow}
}
