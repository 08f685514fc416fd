// Package rules has the numbers of the game: what a blow does, and what things do.
package rules

// Damage is what a strike of the given power does to somebody in armour, and by which version
// of the rule.
func Damage(power, armour int) (damage, rule int) {
	return max(power-armour, 1), 1
}
