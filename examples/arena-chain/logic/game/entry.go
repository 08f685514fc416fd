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
	t := &api.Table{Open: open, Enter: enter, Do: do, Tick: tick, Inspect: inspect}
	if prev != nil {
		t.Tally = prev.Tally // the variables of this package are new, what is in the table is kept
	} else {
		t.Tally = new(api.Tally)
	}
	t.Tally.Versions.Add(1)
	tally = t.Tally
	return t, nil
}

// tally is that of the table: written by Entry, before anything else of this version runs.
var tally *api.Tally
