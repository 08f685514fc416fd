package kept

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Numbers of seeds, unless GOSPLICE_KEPT names one.
const (
	usual = 200
	few   = 20
	// together is how many ways one program has.
	together = 100
	// atOnce is how many programs run at a time: they wait more than they work.
	atOnce = 6
)

// patience is how long a switch waits in these tests.
const patience = "GOSPLICE_GUARD=200ms"

// TestWays sends values on ways by chance. Nothing that is kept may be damaged, and no switch may
// be refused without need.
func TestWays(t *testing.T) {
	n := usual
	if testing.Short() {
		n = few
	}
	first := setting(t, "GOSPLICE_KEPT_SEED", 1)
	r := newRun(t, patience)
	r.seeds(t, first, setting(t, "GOSPLICE_KEPT", n))
	t.Log(r.figures())
}

// setting is a number that a variable has.
func setting(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%s is no number", name, text)
	}
	return n
}

// run is a run of many seeds.
type run struct {
	sockets string
	env     []string
	began   time.Time
	// unguarded says that corruption is expected.
	unguarded bool

	mu       sync.Mutex
	tried    int
	risky    int
	warned   int // plans that say GS2017 where no place moved
	waited   int
	verdicts map[verdict]int
	byEdit   map[string]map[verdict]int
}

func newRun(t *testing.T, env ...string) *run {
	// A socket has a short name.
	sockets, err := os.MkdirTemp("", "kept-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	return &run{sockets: sockets, env: env, began: time.Now(), verdicts: map[verdict]int{}, byEdit: map[string]map[verdict]int{}}
}

// seeds tries seeds, a group at a time.
func (r *run) seeds(t *testing.T, first, n int) {
	for at := first; at < first+n; at += together {
		g := groupOf(t, at, min(together, first+n-at))
		if g == nil {
			continue
		}
		r.group(t, g, n)
	}
}

// kept are groups of the usual seeds, which more than one test drives.
var keptGroups = map[int]*group{}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, g := range keptGroups {
		g.session.Close()
		os.RemoveAll(g.dir)
	}
	os.Exit(code)
}

// groupOf is the program of some seeds.
func groupOf(t *testing.T, first, n int) *group {
	t.Helper()
	if g := keptGroups[first]; g != nil && len(g.ways) >= n {
		return g
	}
	var ways []*way
	for seed := first; seed < first+n; seed++ {
		ways = append(ways, newWay(seed))
	}
	dir, err := os.MkdirTemp("", "kept-")
	if err != nil {
		t.Fatal(err)
	}
	g, err := newGroup(t.Context(), dir, ways)
	if err != nil {
		os.RemoveAll(dir)
		t.Errorf("seeds %d to %d: %v", first, first+n-1, err)
		return nil
	}
	if first == 1 {
		keptGroups[first] = g
		return g
	}
	t.Cleanup(func() {
		g.session.Close()
		os.RemoveAll(dir)
	})
	return g
}

// group tries ways of one program, as many as are asked for: while one is planned others run.
func (r *run) group(t *testing.T, g *group, most int) {
	var all sync.WaitGroup
	defer all.Wait()
	free := make(chan bool, atOnce)
	for _, w := range g.ways[:min(most, len(g.ways))] {
		plans, err := g.planAll(t.Context(), w)
		if err != nil {
			r.tell(t, g, w, result{verdict: failed, words: err.Error()})
			continue
		}
		r.countWarnings(g, w, *plans)
		if refusal, ok := g.judgePlan(w, *plans); ok {
			r.tell(t, g, w, refusal)
			continue
		}
		free <- true
		all.Go(func() {
			defer func() { <-free }()
			r.tell(t, g, w, g.drive(t.Context(), w, r.sockets, *plans, r.env...))
		})
	}
}

// countWarnings counts the plans that say that a switch may wait, where no place moved.
func (r *run) countWarnings(g *group, w *way, plans [versions]*planned) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for v := 1; v < versions; v++ {
		if plans[v].warned["GS2017"] && len(w.moved(g.decisions(w), 0, v)) == 0 {
			r.warned++
		}
	}
}

// tell counts a result, and reports one that is a fault.
func (r *run) tell(t *testing.T, g *group, w *way, got result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tried++
	r.waited += got.waited
	if got.risky {
		r.risky++
	}
	r.verdicts[got.verdict]++
	if r.byEdit[w.edit] == nil {
		r.byEdit[w.edit] = map[verdict]int{}
	}
	r.byEdit[w.edit][got.verdict]++
	corrupt := got.verdict == damaged || got.verdict == died
	if corrupt && !got.risky {
		got.words += "\nno place had moved to the heap"
	}
	switch {
	case got.verdict == right:
		return
	case got.verdict == refused || r.unguarded && corrupt && got.risky:
		t.Logf("seed %d: %s: %s: %s", w.seed, w, got.verdict, got.words)
		return
	}
	t.Errorf("seed %d: %s: %s\n%s\nsources: %s\nagain: GOSPLICE_KEPT=1 GOSPLICE_KEPT_SEED=%d go test ./cmd/internal/test/kept -run TestWays -v",
		w.seed, w, got.verdict, got.words, g.keepSources(t, w), w.seed)
}

func (r *run) figures() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d seeds in %.0f s, %d switches waited for, %d risks taken, %d plans with GS2017 where nothing moved\n", r.tried, time.Since(r.began).Seconds(), r.waited, r.risky, r.warned)
	for _, v := range slices.Sorted(maps.Keys(r.verdicts)) {
		fmt.Fprintf(&b, "%5d %s", r.verdicts[v], v)
		for _, e := range edits {
			if n := r.byEdit[e][v]; n > 0 {
				fmt.Fprintf(&b, ", %d %s", n, e)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
