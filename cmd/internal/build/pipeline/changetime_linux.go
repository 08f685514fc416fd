package pipeline

import (
	"syscall"
	"time"
)

// changeTime is when a file or what is known of it changed last, which nobody can set.
func changeTime(name string) (t time.Time, ok bool) {
	var s syscall.Stat_t
	if err := syscall.Stat(name, &s); err != nil {
		return t, false
	}
	return time.Unix(s.Ctim.Unix()), true
}
