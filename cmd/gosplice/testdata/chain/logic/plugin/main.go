// The plugin of the logic.
package main

import (
	"ex.com/game/api"
	"ex.com/game/logic"
)

// Entry is the plugin's entry.
func Entry(prev *api.Table) (*api.Table, error) { return logic.Entry(prev) }
