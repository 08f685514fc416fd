package rules

// Mark tells versions apart.
const Mark = "one"

// Damage is what a blow does.
func Damage(n int) int { return n }
