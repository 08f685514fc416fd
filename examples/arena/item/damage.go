package item

// Damage is what a strike of the given power does to somebody in armour, and by which version
// of the rule. It is small, so the compiler inlines it wherever a blow is struck or shown.
func Damage(power, armour int) (damage, rule int) {
	return max(power-armour, 1), 1
}
