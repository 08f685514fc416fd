package kept

import (
	"fmt"
	"maps"
	"math/rand"
	"os"
	"slices"
	"strings"
)

// versions are the release and two edits of it.
const versions = 3

// way is a package made by chance: a value goes from a place by way of hops, and what becomes of it
// at a hop differs between versions. Hop 0 is the function with the place.
type way struct {
	seed  int
	edit  string
	place place
	hops  []hop // the first is not used
	order []int // of blocking, acting and calling on, by hop
	loops bool
	// saved says that the value is made in a closure that outlives switches; then captures are of
	// other variables, by version.
	saved    bool
	captured [versions]string
	shift    [versions]int // of all lines
	// acts are lines of hops, by version.
	acts  [][versions]string
	names [versions]string // of the value
	// picks says that pick returns its argument, and pairs is what two values are for, by version.
	picks [versions]bool
	pairs [versions]string
	// crossed tells versions that pass the two in the other order. An old body then passes what stays
	// on the stack in both versions to a parameter that only another order keeps off it.
	crossed [versions]bool
	// spoils tells what becomes of bytes that share the memory of a string, by version: see shared.
	spoils [versions]int
	// keeps tells versions that keep the value, or may keep another one than others do.
	keeps [versions]bool
	// more are the hops whose signatures have another parameter, by version; 0 is none.
	more [versions]int
	// script is what happens to a running program.
	script []step

	text  [versions]string
	far   [versions]string // of another package, if there is one
	spans [versions][]span
}

// edits are the kinds of edit: what of a value is kept in the versions.
var edits = []string{"begins", "ceases", "moves", "other", "nothing", "result", "swapped", "literal", "writes"}

// newWay makes the way of a seed.
func newWay(seed int) *way {
	r := rand.New(rand.NewSource(int64(seed)))
	w := &way{seed: seed, edit: edits[r.Intn(len(edits))], place: places[r.Intn(len(places))], loops: r.Intn(4) == 0}
	if only := os.Getenv("GOSPLICE_KEPT_EDIT"); only != "" {
		w.edit = only
	}
	if w.edit == "writes" {
		w.place = shared
	}
	w.hops = make([]hop, 1, 6)
	for range 1 + r.Intn(5) {
		h := hops[r.Intn(len(hops))]
		for h.heap && (w.edit == "writes" || r.Intn(5) > 0) { // what is on the heap shares nothing
			h = hops[r.Intn(len(hops))]
		}
		w.hops = append(w.hops, h)
	}
	if r.Intn(5) == 0 {
		w.hops[len(w.hops)-1] = far
	}
	for range w.hops {
		w.order = append(w.order, []int{0, 0, 1, 1, 2}[r.Intn(5)])
	}
	w.names = [versions]string{"v", "v", "v"}
	if r.Intn(4) == 0 {
		w.names[1+r.Intn(2)] = "w"
	}
	if w.saved = r.Intn(6) == 0; w.saved {
		for k := range w.captured {
			w.captured[k] = []string{"n", "n", "m", "n + m"}[r.Intn(4)]
		}
	}
	for k := range w.shift {
		w.shift[k] = max(0, r.Intn(8)-4)
	}
	w.chooseActs(r)
	w.chooseScript(r)
	w.chooseMore(r)
	for i := range w.text {
		w.text[i] = w.render(i)
		w.spans[i] = w.functions(i)
		if w.isFar(len(w.hops) - 1) {
			w.far[i] = w.renderFar(i)
		}
	}
	return w
}

func (w *way) name() string { return fmt.Sprintf("w%06d", w.seed) }

// isFar reports whether a hop is a function of another package.
func (w *way) isFar(i int) bool { return w.hops[i].name == far.name }

func (w *way) String() string {
	names := make([]string, len(w.hops))
	for i, h := range w.hops {
		names[i] = h.name
	}
	names[0] = w.place.name
	kind := w.edit
	if w.saved {
		kind += ", in a closure"
	}
	return fmt.Sprintf("%s: %s", kind, strings.Join(names, " > "))
}

// chooseMore chooses a function that gets another signature in some versions.
func (w *way) chooseMore(r *rand.Rand) {
	var able []int
	for i, h := range w.hops {
		if h.more() {
			able = append(able, i)
		}
	}
	if len(able) == 0 || r.Intn(2) == 0 {
		return
	}
	at := able[r.Intn(len(able))]
	for k := range versions {
		if r.Intn(2) == 0 {
			w.more[k] = at
		}
	}
}

// chooseActs chooses what each version does at each hop.
func (w *way) chooseActs(r *rand.Rand) {
	w.acts = make([][versions]string, len(w.hops))
	for i := range w.acts {
		n := 1 + r.Intn(9)
		for k := range versions {
			if r.Intn(4) == 0 {
				n = 1 + r.Intn(9) // a function that changes without keeping anything else
			}
			w.acts[i][k] = fmt.Sprintf("run.Add(%d * number($v))", n)
		}
	}
	at, other := r.Intn(len(w.hops)), r.Intn(len(w.hops))
	if w.isFar(at) && (w.edit == "result" || w.edit == "literal" || w.edit == "writes") {
		at--
	}
	keeps := func(i, version int) {
		w.keeps[version] = true
		w.acts[i][version] = w.keep(r, i) + w.acts[i][version]
	}
	switch w.edit {
	case "begins":
		keeps(at, 1)
		if r.Intn(2) == 0 {
			keeps(other, 2)
		}
	case "ceases":
		keeps(at, 0)
		if r.Intn(2) == 0 {
			keeps(other, 2)
		}
	case "moves":
		keeps(at, 0)
		keeps(other, 1)
	case "other":
		keeps(at, 0)
		keeps(at, 1)
		if r.Intn(2) == 0 {
			keeps(at, 2)
		}
	case "nothing":
		if r.Intn(2) == 0 {
			same := w.keep(r, at)
			for k := range versions {
				w.acts[at][k] = same + w.acts[at][k]
			}
		}
	case "result":
		k := r.Intn(versions)
		w.picks[k], w.keeps[k] = true, true
		for k := range versions {
			w.acts[at][k] = "if p, ok := pick($v); ok { kept = append(kept, p); run.Note(number(p)) }; " + w.acts[at][k]
		}
	case "swapped":
		w.choosePairs(r)
	case "writes":
		for k, spoils := range r.Perm(len(spoiling))[:versions] {
			w.spoils[k] = spoils
			w.acts[at][k] = spoiling[spoils].calls + w.acts[at][k]
		}
	case "literal":
		for k, inside := range r.Perm(versions) {
			w.keeps[k] = inside != 0
			w.chooseLiteral(r, at, k, inside == 0)
		}
	}
}

// keep is a statement of hop i that keeps the value, and tells which.
func (w *way) keep(r *rand.Rand, i int) string {
	h := w.hops[i]
	switch {
	case w.isFar(i):
		return "kept = append(kept, $v); run.Note(number($v)); "
	case h.list != "" && r.Intn(2) == 0:
		return fmt.Sprintf("lists = append(lists, %s); for _, x := range %[1]s { run.Note(number(x)) }; ", h.list)
	case h.alias != "" && r.Intn(2) == 0:
		return strings.ReplaceAll(keeping["closure"]+"; run.Note(number($a)); ", "$a", h.alias)
	}
	kinds := slices.Sorted(maps.Keys(keeping))
	return strings.ReplaceAll(keeping[kinds[r.Intn(len(kinds))]]+"; run.Note(number($a)); ", "$a", "$v")
}

// chooseLiteral has a literal that is never called keep its parameter, or the declaration around
// it.
func (w *way) chooseLiteral(r *rand.Rand, at, version int, inside bool) {
	kept := w.keep(r, 0)
	literal := "register(func($v T) { run.Add(number($v)) }); "
	if inside {
		literal = "register(func($v T) { " + kept + "run.Add(number($v)) }); "
		kept = ""
	}
	w.acts[at][version] = literal + kept + w.acts[at][version]
}

// choosePairs has the last hop make another value of the kind: a function gets both, and keeps one.
func (w *way) choosePairs(r *rand.Rand) {
	ways := []string{"a", "b", "names", "none"}
	for k, i := range r.Perm(len(ways))[:versions] {
		w.pairs[k], w.keeps[k] = ways[i], k > 0
	}
	crossed := r.Intn(2) == 0
	last := len(w.acts) - 1
	if w.isFar(last) {
		last--
	}
	for k := range versions {
		call := "two($v, u); "
		if crossed && k == 1 {
			call, w.crossed[k] = "two(u, $v); ", true
		}
		w.acts[last][k] = "run.Add(number(u)); " + call + w.acts[last][k]
	}
}
