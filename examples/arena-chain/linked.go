//go:build !plugins

package main

import (
	"github.com/gosplice/gosplice/examples/arena-chain/api"
	"github.com/gosplice/gosplice/examples/arena-chain/logic/game"
)

// link makes the logic of these sources the first version. go build, go run and tests need no plugin.
func link() error { return api.Logic.Link("1.0.0", game.Entry) }
