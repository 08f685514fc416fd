// Package game is the logic of the arena: what players can do, and what happens by itself.
package game

import (
	"github.com/gosplice/gosplice/examples/arena-chain/api"
	"github.com/gosplice/gosplice/examples/arena-chain/logic/rules"
)

// Entry makes this version of the logic. It runs once, before the version becomes current, in place of
// init. With an error the version before stays.
func Entry(prev *api.Table) (*api.Table, error) {
	if err := rules.Check(); err != nil {
		return nil, err
	}
	if tally == nil {
		tally = new(api.Tally)
		if prev != nil {
			tally = prev.Tally // the variables of this package are new, what is in the table is kept
		}
	}
	tally.Versions.Add(1)
	return &api.Table{Open: open, Enter: enter, Do: do, Tick: tick, Inspect: inspect, Tally: tally}, nil
}

// tally is that of the table: written by the first Entry, before anything else of this version runs. Logic that
// is linked in twice, as in tests, has one variable for both.
var tally *api.Tally
