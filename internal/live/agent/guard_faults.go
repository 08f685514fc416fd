//go:build splicefaults

package agent

import (
	"os"
	"time"
)

// In test programs built with the tag splicefaults GOSPLICE_GUARD says what becomes of the guard of
// values that functions keep: "off" leaves it out, and a duration is how long a switch waits.

var guardOff = os.Getenv("GOSPLICE_GUARD") == "off"

func guardPatience(usual time.Duration) time.Duration {
	if d, err := time.ParseDuration(os.Getenv("GOSPLICE_GUARD")); err == nil {
		return d
	}
	return usual
}
