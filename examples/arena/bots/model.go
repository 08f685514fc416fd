package bots

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// What the bots know of every player.
const (
	maxHP       = 100
	startEnergy = 10
	bagSize     = 24
)

// model is what a bot believes of its player. The answers have to agree.
type model struct {
	bot *bot

	hp     int
	spent  int // energy that blows took
	woken  int // energy that tonics gave
	score  int64
	bag    []wire.Item
	weapon weapon
	ticks  map[int]int64
	heard  int64 // the last line heard

	lastSaid wire.Line // by this bot
	latest   map[string]int
	backs    map[string]int // goings back that were used up, by rule
}

func newModel(b *bot) *model {
	return &model{
		bot:    b,
		hp:     maxHP,
		weapon: weapon{name: "sword"},
		ticks:  map[int]int64{},
		latest: map[string]int{},
		backs:  map[string]int{},
	}
}

// check compares an answer with the model and brings the model up to date.
func (m *model) check(req wire.Request, re wire.Reply) {
	if !re.OK {
		m.checkRefusal(req, re)
	} else {
		m.checkDone(req, re)
	}
	if req.Op != wire.Inspect {
		m.checkState(re)
	}
}

// checkDone checks what the server says that it did.
func (m *model) checkDone(req wire.Request, re wire.Reply) {
	switch req.Op {
	case wire.Attack:
		if has(m, "blow", re.Blow) {
			m.attacked(*re.Blow)
		}
	case wire.Inspect:
		if has(m, "blow", re.Blow) {
			m.inspected(req, *re.Blow)
		}
	case wire.Loot:
		if has(m, "item", re.Item) {
			m.looted(*re.Item)
		}
	case wire.Use:
		if has(m, "item", re.Item) {
			m.used(*re.Item)
		}
	case wire.Equip:
		m.weapon = weapon{name: req.Weapon}
	case wire.Bag:
		m.ok(slices.Equal(re.Bag, m.bag), "the bag holds %v instead of %v", re.Bag, m.bag)
	case wire.Say:
		m.said(req.Text, re.Lines)
	case wire.Hear:
		m.hear(req.Since, re.Lines)
	}
}

// checkRefusal checks that the server had a reason not to do it.
func (m *model) checkRefusal(req wire.Request, re wire.Reply) {
	reason := ""
	switch {
	case req.Op == wire.Attack && re.State != nil && re.State.Energy < 1:
		reason = "tired"
	case req.Op == wire.Loot && len(m.bag) == bagSize:
		reason = "bag is full"
	case req.Op == wire.Use && len(m.bag) == 0:
		reason = "bag is empty"
	}
	m.ok(re.Error == reason, "%s was refused: %q", req.Op, re.Error)
}

// checkState checks the whole player, as after every request.
func (m *model) checkState(re wire.Reply) {
	if !has(m, "state", re.State) {
		return
	}
	s := re.State
	same(m, "HP", s.HP, m.hp)
	same(m, "score", s.Score, m.score)
	same(m, "number of items", s.Items, len(m.bag))
	m.checkTicks(s.Ticks)
	energy := startEnergy + m.woken - m.spent
	for rule, n := range s.Ticks {
		energy += energyOfTick[rule] * int(n)
	}
	same(m, "energy", s.Energy, energy)
	m.ok(s.Energy >= 0, "energy is %d", s.Energy)
}

// checkTicks notes under which versions of the rule ticks came since the last answer.
func (m *model) checkTicks(ticks map[int]int64) {
	var came []int
	for _, version := range slices.Sorted(maps.Keys(ticks)) {
		m.ok(ticks[version] >= m.ticks[version], "ticks under version %d went from %d to %d", version, m.ticks[version], ticks[version])
		if ticks[version] > m.ticks[version] {
			came = append(came, version)
		}
	}
	if len(came) > 0 && came[0] < m.latest[TickRule] {
		slices.Reverse(came) // the later version came before the earlier one
	}
	for _, version := range came {
		m.ok(energyOfTick[version] != 0, "unknown version %d of rule %q", version, TickRule)
		m.ruled(TickRule, version)
	}
	m.ticks = ticks
}

func (m *model) attacked(b wire.Blow) {
	power, armour := m.weapon.strike(bossArmour)
	same(m, "power", b.Power, power)
	same(m, "armour of the boss", b.Armour, bossArmour)
	m.damage(b.Rule, b.Damage, power, armour)
	m.damage(b.BackRule, b.Back, bossPower, 0)
	m.error(m.bot.room.blows.add(b.N, b))

	same(m, "HP before", b.HPBefore, m.hp)
	m.hp -= b.Back
	same(m, "falling", b.Fell, m.hp <= 0)
	if m.hp <= 0 {
		m.hp = maxHP
	}
	bonus := 0
	if b.Killed {
		bonus = 50
		if b.Kills%5 == 0 {
			bonus = 100
		}
	}
	same(m, "bonus", b.Bonus, bonus)
	m.spent++
	m.score += int64(b.Damage + bonus)
}

func (m *model) inspected(req wire.Request, b wire.Blow) {
	same(m, "power", b.Power, freshPower(req.Weapon))
	same(m, "armour", b.Armour, req.Armour)
	m.damage(b.Rule, b.Damage, b.Power, b.Armour)
}

// damage checks what a blow did against the version of the rule that the answer names.
func (m *model) damage(version, got, power, armour int) {
	rule := damageOf[version]
	if m.ok(rule != nil, "unknown version %d of rule %q", version, DamageRule) {
		same(m, "damage", got, rule(power, armour))
		m.ruled(DamageRule, version)
	}
}

func (m *model) looted(it wire.Item) {
	m.ok(len(m.bag) < bagSize, "got an item into a full bag")
	m.bag = append(m.bag, it)
	m.error(m.bot.room.items.add(it.N, it))
}

func (m *model) used(it wire.Item) {
	if !m.ok(len(m.bag) > 0, "used something from an empty bag") {
		return
	}
	top := len(m.bag) - 1
	same(m, "item on top", it, m.bag[top])
	m.bag = m.bag[:top]
	switch it.Kind {
	case "potion":
		m.hp = min(m.hp+25, maxHP)
	case "tonic":
		m.woken += 5
	}
}

func (m *model) said(text string, lines []wire.Line) {
	if !m.ok(len(lines) == 1, "said one line but got %d", len(lines)) {
		return
	}
	line := lines[0]
	i := slices.IndexFunc(phrases, func(p phrase) bool { return p.said == text })
	heard, known := phrases[i].heard[line.Rule]
	m.ok(known, "unknown version %d of rule %q", line.Rule, ChatRule)
	same(m, "what was said", line.Text, heard)
	same(m, "who said it", line.From, m.bot.name)
	m.ruled(ChatRule, line.Rule)
	m.error(m.bot.room.lines.add(line.N, line))
	m.lastSaid = line
}

// hear checks that lines come in order, without a gap, and that the bot's own is as it was said.
func (m *model) hear(since int64, lines []wire.Line) {
	for i, line := range lines {
		m.ok(line.N > since, "heard line %d again", line.N)
		m.ok(i == 0 || line.N == since+1, "line %d follows line %d", line.N, since)
		m.ok(heardUnder(line.Rule, line.Text), "line %d reads %q under version %d", line.N, line.Text, line.Rule)
		if line.N == m.lastSaid.N {
			same(m, "own line", line, m.lastSaid)
		}
		since = line.N
	}
	m.heard = since
}

// ruled notes that an answer came from a version of a rule. Versions only go up, unless the
// fleet was told that the server goes back, or may do so.
func (m *model) ruled(rule string, version int) {
	backs := m.bot.fleet.rules.add(rule, version)
	if version < m.latest[rule] && !m.bot.fleet.opts.Backwards {
		m.ok(m.backs[rule] < backs, "rule %q went back from version %d to %d", rule, m.latest[rule], version)
		m.backs[rule]++
	}
	m.latest[rule] = version
}

// ok counts one check, and a failure unless it holds.
func (m *model) ok(holds bool, format string, args ...any) bool {
	m.bot.fleet.tally.checks.Add(1)
	if !holds {
		m.bot.fleet.tally.fail(m.bot.name + ": " + fmt.Sprintf(format, args...))
	}
	return holds
}

func (m *model) error(err error) { m.ok(err == nil, "%v", err) }

// same checks one value.
func same[T comparable](m *model, what string, got, want T) {
	m.ok(got == want, "%s: %v instead of %v", what, got, want)
}

// has checks that a part of the answer is there.
func has[T any](m *model, what string, part *T) bool {
	return m.ok(part != nil, "the answer has no %s", what)
}
