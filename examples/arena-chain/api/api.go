// Package api is what the program asks of the logic: the table of functions, and the chain of its
// versions. Like package model it is shared by all versions, and stays.
package api

import (
	"sync/atomic"

	"github.com/gosplice/gosplice/chain"
	"github.com/gosplice/gosplice/examples/arena-chain/model"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// Table is one version of the logic. The room of each player, and each room, is locked.
type Table struct {
	// Open makes a room ready for the first player.
	Open func(r *model.Room)
	// Enter gives a new player what everybody begins with.
	Enter func(p *model.Player)
	// Do does what a player asks for.
	Do func(p *model.Player, req wire.Request) wire.Reply
	// Tick is one beat of a room.
	Tick func(r *model.Room)
	// Inspect says what a weapon would do to somebody in armour.
	Inspect func(req wire.Request) wire.Reply

	// Tally belongs to the logic. Each version takes it over from the one before.
	Tally *Tally
}

// Tally is what the logic counts for itself.
type Tally struct{ Blows, Versions atomic.Int64 }

// Logic is the chain: Logic.Current() is the table to call.
var Logic = chain.New[Table]("game")
