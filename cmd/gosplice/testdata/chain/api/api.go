// Package api is what host and logic agree on.
package api

import "ex.com/game/model"

// Table is the logic of the game.
type Table struct {
	Name func() string
	// Hit is a blow of n against p.
	Hit func(p *model.Player, n int) string
	// Count counts its calls in a variable of the logic.
	Count func() int
	// Stay ends when leave is closed.
	Stay func(entered chan<- bool, leave <-chan bool) string
	// Make returns a value of a type of the logic.
	Make func() any
	// Later is set by versions that have it.
	Later func() string `chain:"optional"`
}

// Other is the table of another chain.
type Other struct{ F func() }
