package game

import (
	"errors"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/gosplice/gosplice/examples/arena-chain/logic/rules"
	"github.com/gosplice/gosplice/examples/arena-chain/model"
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

const bagSize = 24

// actions is what players can do. Each says in the reply what it did.
var actions = map[string]func(*model.Player, wire.Request, *wire.Reply) error{
	wire.Look:   func(*model.Player, wire.Request, *wire.Reply) error { return nil },
	wire.Equip:  equip,
	wire.Attack: attack,
	wire.Loot:   loot,
	wire.Use:    use,
	wire.Bag:    list,
	wire.Say:    say,
	wire.Hear:   hear,
}

// do does what a request asks for. The reply has the state that the player is in after it.
func do(p *model.Player, req wire.Request) wire.Reply {
	var re wire.Reply
	err := errUnknown
	if act, ok := actions[req.Op]; ok {
		err = act(p, req, &re)
	}
	if err != nil {
		re = wire.Reply{Error: err.Error()}
	}
	re.OK = err == nil
	re.State = &wire.State{HP: p.HP, Energy: p.Energy, Score: p.Score, Items: p.Bag.Len(), Ticks: maps.Clone(p.Ticks)}
	return re
}

func equip(p *model.Player, req wire.Request, _ *wire.Reply) error {
	if !rules.IsWeapon(req.Weapon) {
		return errWeapon
	}
	p.Weapon = model.Weapon{Kind: req.Weapon}
	return nil
}

// loot puts the next thing that lies around into the bag.
func loot(p *model.Player, _ wire.Request, re *wire.Reply) error {
	if p.Bag.Len() >= bagSize {
		return errBagFull
	}
	p.Room.Looted++
	it := wire.Item{N: p.Room.Looted, Kind: rules.Kind(p.Room.Looted)}
	p.Bag.Push(it)
	re.Item = &it
	return nil
}

// use takes what is on top of the bag and uses it up.
func use(p *model.Player, _ wire.Request, re *wire.Reply) error {
	it, ok := p.Bag.Pop()
	if !ok {
		return errBagEmpty
	}
	rules.Use(p, it.Kind)
	re.Item = &it
	return nil
}

func list(p *model.Player, _ wire.Request, re *wire.Reply) error {
	re.Bag = p.Bag.List()
	return nil
}

// say says something to everybody in the room.
func say(p *model.Player, req wire.Request, re *wire.Reply) error {
	if len(req.Text) > 120 || !utf8.ValidString(req.Text) || strings.TrimSpace(req.Text) == "" {
		return errText
	}
	said := p.Room.Said
	text, rule := clean(req.Text)
	line := wire.Line{N: said.Next(), From: p.Name, Text: text, Rule: rule}
	said.Add(line)
	re.Lines = []wire.Line{line}
	return nil
}

// hear tells what was said since a line that the player knows.
func hear(p *model.Player, req wire.Request, re *wire.Reply) error {
	re.Lines = p.Room.Said.Since(req.Since, 8)
	return nil
}

// clean makes a text fit to be heard, and says by which version of the rule.
func clean(text string) (clean string, rule int) {
	return strings.TrimSpace(text), 1
}
