// Logic is the entry of the plugin: what the logic is, is in the packages below.
package main

import (
	"github.com/gosplice/gosplice/examples/arena-chain/api"
	"github.com/gosplice/gosplice/examples/arena-chain/logic/game"
)

// Entry makes this version of the logic.
func Entry(prev *api.Table) (*api.Table, error) { return game.Entry(prev) }

func main() {}
