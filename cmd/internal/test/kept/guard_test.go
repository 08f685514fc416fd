package kept

import "testing"

// unguarded is how many seeds are tried without the guard.
const unguarded = 40

// TestGuardMatters switches without the guard, and fails if the programs survive that: then the
// ways would prove nothing. Damage where no place moved to the heap is a fault as well: refusals
// are judged by these places.
func TestGuardMatters(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program of many ways")
	}
	r := newRun(t, "GOSPLICE_GUARD=off")
	r.unguarded = true
	first, n := setting(t, "GOSPLICE_KEPT_SEED", 1), setting(t, "GOSPLICE_KEPT", unguarded)
	if first == 1 && n < together {
		groupOf(t, first, together) // TestWays goes on with it
	}
	r.seeds(t, first, n)
	t.Log(r.figures())
	if corrupt := r.verdicts[damaged] + r.verdicts[died]; corrupt < n/20 || corrupt == 0 {
		t.Errorf("of %d programs without a guard %d were corrupted", n, corrupt)
	}
}
