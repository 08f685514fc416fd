package edits

var harderBlows = Edit{
	Title: "strong blows go through armour",
	Why:   "a function that the compiler has inlined in several packages",
	Rule:  "damage", Version: 2,
	Changes: []Change{{
		File: "item/damage.go",
		Old: `
	return max(power-armour, 1), 1
`,
		New: `
	if power > 2*armour {
		armour = 0
	}
	return max(power-armour, 1), 2
`,
	}},
}
