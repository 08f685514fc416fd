// Package model is the state of the game, which stays.
package model

// Player is one player.
type Player struct{ HP int }

// Hits counts the blows of all versions.
var Hits int

func init() { Hits = 100 }
