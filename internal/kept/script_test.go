package kept

import (
	"fmt"
	"math/rand"
)

// step is a thing that happens to a running program.
type step struct {
	what string // park, idle, open, switch
	n    int    // the hop, or the version to switch to
}

func (s step) String() string { return fmt.Sprintf("%s %d", s.what, s.n) }

// chooseScript chooses what happens: goroutines block at hops of a version, the program is switched to another
// one, and they run on.
func (w *way) chooseScript(r *rand.Rand) {
	version := 0
	to := func() {
		next := (version + 1 + r.Intn(versions-1)) % versions
		w.script = append(w.script, step{"switch", next})
		version = next
	}
	if r.Intn(2) == 0 {
		to()
	}
	for range 1 + r.Intn(3) {
		for range 1 + r.Intn(2) {
			w.script = append(w.script, step{"park", r.Intn(len(w.hops))})
		}
		if r.Intn(5) == 0 {
			last := &w.script[len(w.script)-1]
			*last = step{"idle", idleHop}
		}
		to()
		if r.Intn(2) == 0 {
			w.script = append(w.script, step{"open", 0})
		}
	}
	w.script = append(w.script, step{"open", 0})
}
