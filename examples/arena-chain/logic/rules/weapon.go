package rules

import "github.com/gosplice/gosplice/examples/arena-chain/model"

// weapons is the armoury: the power of each kind.
var weapons = map[string]int{"sword": 12, "bow": 9, "wand": 7}

// arrows is how many shots a bow has until arrows have to be gathered.
const arrows = 20

// IsWeapon says whether there is a weapon of that kind.
func IsWeapon(kind string) bool { return weapons[kind] > 0 }

// Power is that of the next strike. A bow without arrows has half of it.
func Power(w model.Weapon) int {
	if w.Kind == "bow" && w.Shot == arrows {
		return weapons[w.Kind] / 2
	}
	return weapons[w.Kind]
}

// Strike says what a blow does to somebody in armour, and by which version of the rule. A wand goes
// through half of any armour.
func Strike(w *model.Weapon, armour int) (damage, rule int) {
	power := Power(*w)
	switch w.Kind {
	case "bow":
		w.Shot = (w.Shot + 1) % (arrows + 1)
	case "wand":
		armour /= 2
	}
	return Damage(power, armour)
}
