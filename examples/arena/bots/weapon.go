package bots

// weapon is what a bot knows of what it holds in hand.
type weapon struct {
	name  string
	shots int // since it was taken in hand
}

var weaponNames = []string{"sword", "bow", "wand"}

// strike is the power of the next blow, and how much of an armour counts against it.
func (w *weapon) strike(armour int) (power, counts int) {
	switch w.name {
	case "bow":
		w.shots++
		if w.shots%21 == 0 {
			return 4, armour // out of arrows
		}
		return 9, armour
	case "wand":
		return 7, armour / 2
	default:
		return 12, armour
	}
}

// freshPower is the power of the first blow of a weapon.
func freshPower(name string) int {
	power, _ := (&weapon{name: name}).strike(0)
	return power
}
