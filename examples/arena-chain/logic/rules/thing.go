package rules

import "github.com/gosplice/gosplice/examples/arena-chain/model"

// MaxHP is the health of a player who was never struck.
const MaxHP = 100

// kinds lists what lies around in a room, in the order in which it is found.
var kinds = []string{"potion", "stone", "tonic"}

// Kind is what the n-th thing of a room is.
func Kind(n int64) string { return kinds[n%int64(len(kinds))] }

// Use does to a player what using up a thing of the kind does.
func Use(p *model.Player, kind string) {
	switch kind {
	case "potion":
		p.HP = min(p.HP+25, MaxHP)
	case "tonic":
		p.Energy += 5
	}
}
