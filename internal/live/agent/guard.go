//go:build !splicefaults

package agent

import "time"

// The seams by which test programs break the guard (guard_faults.go) are closed.
const guardOff = false

func guardPatience(usual time.Duration) time.Duration { return usual }
