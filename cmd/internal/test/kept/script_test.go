package kept

import (
	"fmt"
	"math/rand"
)

// step is a thing that happens to a running program.
type step struct {
	what string // park, idle, open, switch, or return: switch by a rollback where that is possible
	n    int    // the hop, or the version to switch to
}

func (s step) String() string { return fmt.Sprintf("%s %d", s.what, s.n) }

// chooseScript chooses what happens: goroutines block at hops of a version, the program is switched
// to another one, and they run on.
func (w *way) chooseScript(r *rand.Rand) {
	version := 0
	to := func(next int) {
		if next != version {
			w.script = append(w.script, step{[]string{"switch", "switch", "return"}[r.Intn(3)], next})
		}
		version = next
	}
	for range 4 { // most often goroutines block before the value is kept
		if from := r.Intn(versions); !w.keeps[from] {
			to(from)
			break
		}
	}
	for range 1 + r.Intn(3) {
		for range 1 + r.Intn(2) {
			w.script = append(w.script, step{"park", r.Intn(len(w.hops))})
		}
		if r.Intn(5) == 0 {
			last := &w.script[len(w.script)-1]
			*last = step{"idle", idleHop}
		}
		next := (version + 1 + r.Intn(versions-1)) % versions
		if !w.keeps[next] && r.Intn(2) == 0 {
			next = (version + 1 + r.Intn(versions-1)) % versions
		}
		to(next)
		if r.Intn(2) == 0 {
			w.script = append(w.script, step{"open", 0})
		}
	}
	w.script = append(w.script, step{"open", 0})
}
