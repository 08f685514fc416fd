package item

// Weapon is something to strike with.
type Weapon interface {
	Name() string
	Power() int
	// Strike says what a blow does to somebody in armour, and by which version of the rule.
	Strike(armour int) (damage, rule int)
}

// weapons is the armoury: how to make one of each kind, by name.
var weapons = map[string]func() Weapon{
	"sword": func() Weapon { return Sword{Edge: 12} },
	"bow":   func() Weapon { return &Bow{Arrows: 20, Pull: 9} },
	"wand":  func() Weapon { return Wand{Charm{Magic: 7}} },
}

// NewWeapon makes a weapon of the kind with that name, or returns nil.
func NewWeapon(name string) Weapon {
	if forge, ok := weapons[name]; ok {
		return forge()
	}
	return nil
}

// Sword is always the same.
type Sword struct{ Edge int }

func (s Sword) Name() string                 { return "sword" }
func (s Sword) Power() int                   { return s.Edge }
func (s Sword) Strike(armour int) (int, int) { return Damage(s.Edge, armour) }

// Bow is weaker while arrows are gathered: after Arrows shots comes one with half the power.
type Bow struct {
	Arrows, Pull int
	shot         int
}

func (b *Bow) Name() string { return "bow" }

// Power is that of the next shot.
func (b *Bow) Power() int {
	if b.shot == b.Arrows {
		return b.Pull / 2
	}
	return b.Pull
}

func (b *Bow) Strike(armour int) (int, int) {
	power := b.Power()
	b.shot = (b.shot + 1) % (b.Arrows + 1)
	return Damage(power, armour)
}

// Charm goes through half of any armour.
type Charm struct{ Magic int }

func (c Charm) Power() int                   { return c.Magic }
func (c Charm) Strike(armour int) (int, int) { return Damage(c.Magic, armour/2) }

// Wand is a Charm to hold in the hand.
type Wand struct{ Charm }

func (w Wand) Name() string { return "wand" }
