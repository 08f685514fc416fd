package edits

var fasterTicks = Edit{
	Title: "players recover three times as fast",
	Why:   "a method, called from a loop that never returns",
	Rule:  "tick", Version: 2,
	Changes: []Change{{
		File: "game/room.go",
		Old: `
		p.energy++
		p.ticks[1]++
`,
		New: `
		p.energy += 3
		p.ticks[2]++
`,
	}},
}
