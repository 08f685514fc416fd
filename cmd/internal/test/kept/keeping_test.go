package kept

// A value is kept by a statement: $a is the value.
var keeping = map[string]string{
	"slice":     "kept = append(kept, $a)",
	"map":       "table[len(table)] = $a",
	"array":     "last[lastN%len(last)] = $a; lastN++",
	"channel":   "queue <- $a",
	"boxed":     "boxes = append(boxes, $a)",
	"closure":   "hooks = append(hooks, func() int { return number($a) })",
	"later":     "later($a)",
	"through":   "put(&store, $a)",
	"elsewhere": "run.Keep($a)",
	"carried":   "carriers = append(carriers, &carrier{v: $a})",
	"appended":  "lists = append(lists, append([]T(nil), $a))",
}

// stores is the end of each package: where values are kept, and their numbers.
const stores = `
//go:noinline
func number(v T) int { return $number(v) }

type carrier struct {
	n int
	v T
}

type box struct{ all []T }

var (
	kept     []T
	table    = map[int]T{}
	last     [256]T
	lastN    int
	queue    = make(chan T, 256)
	boxes    []any
	hooks    []func() int
	asks     []chan int
	store    box
	carriers []*carrier
	lists    [][]T
	unused   []func(T)
)

//go:noinline
func put(to *box, v T) { to.all = append(to.all, v) }

//go:noinline
func later(v T) {
	ask := make(chan int)
	asks = append(asks, ask)
	go func() {
		for range ask {
			ask <- number(v)
		}
	}()
}

//go:noinline
func register(f func(T)) {
	unused = append(unused, f)
}

// Kept are the numbers of all that is kept.
func Kept() (out []int) {
	add := func(v T) { out = append(out, number(v)) }
	for _, v := range kept {
		add(v)
	}
	for _, v := range table {
		add(v)
	}
	for i := range lastN {
		add(last[i])
	}
	for range len(queue) {
		v := <-queue
		add(v)
		queue <- v
	}
	for _, v := range boxes {
		add(v.(T))
	}
	for _, f := range hooks {
		out = append(out, f())
	}
	for _, ask := range asks {
		ask <- 0
		out = append(out, <-ask)
	}
	for _, v := range store.all {
		add(v)
	}
	for _, v := range run.Kept() {
		add(v.(T))
	}
	for _, c := range carriers {
		add(c.v)
	}
	for _, list := range lists {
		for _, v := range list {
			add(v)
		}
	}
	return append(out, $far...)
}
`
