// Package edits has changes to the logic of arena-chain, which become its versions, and some that
// can't become one.
package edits

import "github.com/gosplice/gosplice/examples/arena/edits"

// Edit is one change of the sources.
type Edit = edits.Edit

// Change is a change of one file.
type Change = edits.Change

// Versions are made one after another. Each raises the version of one rule.
var Versions = []Edit{fasterTicks, harderBlows, politeChat}

var fasterTicks = Edit{
	Title: "players recover three times as fast",
	Why:   "called from a loop of the program that never returns",
	Rule:  "tick", Version: 2,
	Changes: []Change{{
		File: "logic/game/room.go",
		Old: `
		p.Energy++
		p.Ticks[1]++
`,
		New: `
		p.Energy += 3
		p.Ticks[2]++
`,
	}},
}

var harderBlows = Edit{
	Title: "strong blows go through armour",
	Why:   "in a package that is not main, inlined in two others",
	Rule:  "damage", Version: 2,
	Changes: []Change{{
		File: "logic/rules/damage.go",
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

// Unfit is refused before the plugin is opened.
var Unfit = Edit{
	Title: "players have a level",
	Why:   "a field of a struct that the program has in memory",
	Changes: []Change{{
		File: "model/model.go",
		Old: `
	Score      int64
`,
		New: `
	Score      int64
	Level      int
`,
	}},
}

// Faulty is refused by the entry of its own version.
var Faulty = Edit{
	Title: "a wand has no power",
	Why:   "the entry checks the tables of the logic before it becomes current",
	Changes: []Change{{
		File: "logic/rules/weapon.go",
		Old:  `"wand": 7}`,
		New:  `"wand": 0}`,
	}},
}

// Undo is the edit that takes another one back, which made no new file.
func Undo(e Edit) Edit {
	undo := Edit{Title: "undo: " + e.Title}
	for _, c := range e.Changes {
		undo.Changes = append(undo.Changes, Change{File: c.File, Old: c.New, New: c.Old})
	}
	return undo
}
