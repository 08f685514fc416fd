package game

import (
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gosplice/gosplice/examples/arena/item"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// Why an action was not done. The player's state is as before.
var (
	errUnknown  = errors.New("unknown op")
	errWeapon   = errors.New("no such weapon")
	errTired    = errors.New("tired")
	errBagFull  = errors.New("bag is full")
	errBagEmpty = errors.New("bag is empty")
	errText     = errors.New("text is 1 to 120 bytes of UTF-8")
)

// action does one thing for a player whose room is locked, and says in the reply what it did.
type action func(p *Player, req wire.Request, re *wire.Reply) error

// actions is what players can do.
var actions = map[string]action{
	wire.Look:   (*Player).look,
	wire.Equip:  (*Player).equip,
	wire.Attack: (*Player).attack,
	wire.Loot:   (*Player).loot,
	wire.Use:    (*Player).use,
	wire.Bag:    (*Player).list,
	wire.Say:    (*Player).say,
	wire.Hear:   (*Player).hear,
}

// Do does what a request asks for. The reply has the state that the player is in after it, and
// nothing came between.
func (p *Player) Do(req wire.Request) wire.Reply {
	p.room.mu.Lock()
	defer p.room.mu.Unlock()
	var re wire.Reply
	err := errUnknown
	if act, ok := actions[req.Op]; ok {
		err = act(p, req, &re)
	}
	if err != nil {
		re = wire.Reply{Error: err.Error()}
	}
	re.OK = err == nil
	re.State = p.state()
	return re
}

func (p *Player) look(wire.Request, *wire.Reply) error { return nil }

func (p *Player) equip(req wire.Request, _ *wire.Reply) error {
	w := item.NewWeapon(req.Weapon)
	if w == nil {
		return errWeapon
	}
	p.weapon = w
	return nil
}

// attack strikes the boss, who strikes back. It costs one energy.
func (p *Player) attack(_ wire.Request, re *wire.Reply) error {
	if p.energy < 1 {
		return errTired
	}
	p.energy--
	r := p.room
	r.blows++
	blow := &wire.Blow{
		N:          r.blows,
		Power:      p.weapon.Power(),
		Armour:     r.boss.armour,
		BossBefore: r.boss.hp,
		HPBefore:   p.hp,
	}
	re.Blow = blow

	blow.Damage, blow.Rule = p.weapon.Strike(r.boss.armour)
	scores.add(p.Name, blow.Damage)
	blow.Back, blow.BackRule = r.boss.answer()
	blow.Fell = p.suffer(blow.Back)

	if blow.Killed = r.boss.take(blow.Damage); blow.Killed {
		k := kill{by: p}
		for _, handle := range r.onKill {
			handle(&k)
		}
		blow.Kills, blow.Bonus = k.count, k.bonus
	}
	blow.BossAfter = r.boss.hp
	return nil
}

// loot puts the next thing that lies around into the bag.
func (p *Player) loot(_ wire.Request, re *wire.Reply) error {
	if p.bag.Len() >= BagSize {
		return errBagFull
	}
	r := p.room
	r.looted++
	it := wire.Item{N: r.looted, Kind: item.Kind(r.looted)}
	p.bag.Push(it)
	re.Item = &it
	return nil
}

// use takes what is on top of the bag and uses it up.
func (p *Player) use(_ wire.Request, re *wire.Reply) error {
	it, ok := p.bag.Pop()
	if !ok {
		return errBagEmpty
	}
	p.hp, p.energy = item.EffectOf(it.Kind).Apply(p.hp, p.energy)
	re.Item = &it
	return nil
}

func (p *Player) list(_ wire.Request, re *wire.Reply) error {
	re.Bag = p.bag.List()
	return nil
}

// say says something to everybody in the room.
func (p *Player) say(req wire.Request, re *wire.Reply) error {
	if len(req.Text) > 120 || !utf8.ValidString(req.Text) || strings.TrimSpace(req.Text) == "" {
		return errText
	}
	said := p.room.said
	text, rule := clean(req.Text)
	line := wire.Line{N: said.Next(), From: p.Name, Text: text, Rule: rule}
	said.Add(line)
	re.Lines = []wire.Line{line}
	return nil
}

// hear tells what was said since a line that the player knows.
func (p *Player) hear(req wire.Request, re *wire.Reply) error {
	re.Lines = p.room.said.Since(req.Since, 8)
	return nil
}

// clean makes a text fit to be heard, and says by which version of the rule.
func clean(text string) (clean string, rule int) {
	return strings.TrimSpace(text), 1
}
