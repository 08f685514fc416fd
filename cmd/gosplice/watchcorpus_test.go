package main

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
)

// manyHost runs the programs of many scenarios as one: each is a package of its own.
const manyHost = `package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gosplice/gosplice"
IMPORTS)

type program struct {
	handle func(string) string
	load   bool
}

var programs = map[string]program{
PROGRAMS}

var answers int

// load calls all programs that take it, one after another, for ever.
func load() {
	for {
		for _, p := range programs {
			if p.load {
				p.handle("load")
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
}

func answer(r *http.Request) (out string) {
	defer func() {
		if r := recover(); r != nil {
			out = fmt.Sprint("panic: ", r)
		}
	}()
	answers++
	switch r.URL.Path {
	case "/answers":
		return fmt.Sprint(answers)
	case "/agent":
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		n := 0
		for _, g := range strings.Split(string(stacks), "\n\n") {
			if strings.Contains(g, "gosplice/internal/live/agent") {
				n++
			}
		}
		return fmt.Sprint(n)
	}
	return programs[r.URL.Path[1:]].handle(r.URL.Query().Get("req"))
}

func main() {
	if err := gosplice.Start(); err != nil {
		log.Fatal(err)
	}
STARTS
	for range 2 {
		go load()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, answer(r)) })}
	server.SetKeepAlivesEnabled(false)
	go server.Serve(l)
	if err := os.WriteFile(os.Args[1], []byte(l.Addr().String()), 0o666); err != nil {
		log.Fatal(err)
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	fmt.Println("stopped by", <-stop)
}
`

// adapter joins a scenario's package to manyHost. %s is the name of the package.
const adapter = `package %s

import "fmt"

func Start() { start() }

func Handle(req string) string { return handle(req) }

func oneOf[T comparable](got T, answers ...T) {
	for _, a := range answers {
		if got == a {
			return
		}
	}
	println("oneOf: an answer that no version gives")
	panic(fmt.Sprint(got, " is none of ", answers))
}
`

// alone are scenarios that can't be one of many, and why.
var alone = map[string]string{
	"A19-defer-recover":     "looks for functions of package main in stack traces",
	"A22-new-goroutine":     "counts the goroutines of the process",
	"A33-entry-loop":        "takes a processor for as long as it runs",
	"R12-main-only":         "edits main",
	"W14-endless-goroutine": "leaves a goroutine in old code, for which other switches wait",
	"W07-new-dep-init":      "its new package has a variable like one that another scenario leaves out",
	"W04-global-init-edit":  "looks at the arguments of the process",
	"R15-cgo-edit":          "needs C",
	"R18-dep-drift":         "has modules of its own",
}

// watchable are the verbs of scripts that a watch can be driven by, and then those that ask for what it does not
// show, and are left out. A scenario with others is for the commands.
var watchable = []string{"call", "edit", "plan", "apply", "rollback", "toggle", "redirected", "old", "stay", "wait", "says", "nopatch"}

// editor is somebody who works through the script of a scenario.
type editor struct {
	*scenario.Scenario
	name   string // of the package
	at     int    // in the script
	wanted string // the edit that was named last
	saved  string // the one that is in the files
	live   string // the one that runs
	before []string
	// stuck says that the files hold something that is refused, as long as which nobody else's saves can be applied.
	stuck bool
}

// readEditors reads the scenarios of the list of edits that can be many in one program.
func readEditors(t *testing.T) (all []*editor) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(checkout, "cmd/internal/test/corpus/testdata/[AWR][0-9]*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		s, err := scenario.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		other := slices.ContainsFunc(s.Script, func(c scenario.Command) bool {
			return !slices.Contains(watchable, c.Verb) || c.Verb == "apply" && c.Rest != ""
		})
		if name, _, _ := strings.Cut(s.Name, "-"); !other && alone[s.Name] == "" {
			all = append(all, &editor{Scenario: s, name: strings.ToLower(name), wanted: "-", saved: "-", live: "-"})
		}
	}
	return all
}

// takesLoad says that the program answers the request "load".
func (e *editor) takesLoad() bool {
	for _, text := range e.Program {
		if bytes.Contains(text, []byte(`"load"`)) {
			return true
		}
	}
	return false
}

var mainClause = regexp.MustCompile(`(?m)^package main\b`)

// files are those of a tree, by their names in the module of all.
func (e *editor) files(tree string) map[string]string {
	out := map[string]string{}
	for name, text := range e.Tree(tree) {
		s := string(text)
		if strings.HasSuffix(name, ".go") {
			s = mainClause.ReplaceAllString(s, "package "+e.name)
		}
		out[path.Join(e.name, name)] = strings.ReplaceAll(s, "scenario/", "example.com/watched/"+e.name+"/")
	}
	return out
}

// manySaves is the state of TestWatchManySaves.
type manySaves struct {
	*watched
	random *rand.Rand
	all    []*editor // that nobody has worked on
	count  int       // saves so far
	asked  int       // requests so far
	kinds  map[string]int
	usages []usage
}

// newManySaves writes the programs of all scenarios as one.
func newManySaves(t *testing.T, seed uint64) *manySaves {
	t.Helper()
	m := &manySaves{random: rand.New(rand.NewPCG(seed, 0)), all: readEditors(t), kinds: map[string]int{}}
	dir := t.TempDir()
	var imports, programs, starts strings.Builder
	files := map[string]string{".gitignore": "/unused\n"}
	for _, e := range m.all {
		maps.Copy(files, e.files("-"))
		files[e.name+"/zz_adapter.go"] = fmt.Sprintf(adapter, e.name)
		fmt.Fprintf(&imports, "\t\"example.com/watched/%s\"\n", e.name)
		fmt.Fprintf(&programs, "\t%q: {%s.Handle, %t},\n", e.name, e.name, e.takesLoad())
		fmt.Fprintf(&starts, "\t%s.Start()\n", e.name)
	}
	files["main.go"] = strings.NewReplacer("IMPORTS", imports.String(), "PROGRAMS", programs.String(), "STARTS", starts.String()).Replace(manyHost)
	for name, text := range files {
		put(t, filepath.Join(dir, name), text)
	}
	m.watched = newWatchedIn(t, dir)
	return m
}

// ask asks the program of a scenario, with its names as if it were alone.
func (m *manySaves) ask(e *editor, req string) string {
	m.t.Helper()
	got := m.request("/" + e.name + "?req=" + url.QueryEscape(req))
	return strings.NewReplacer("example.com/watched/"+e.name+"/", "scenario/", "example.com/watched/"+e.name+".", "main.", e.name+".", "main.").Replace(got)
}

// request asks the program.
func (m *manySaves) request(what string) string {
	m.t.Helper()
	addr, err := os.ReadFile(m.addr())
	if err != nil {
		m.t.Fatal(err)
	}
	resp, err := http.Get("http://" + string(addr) + what)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	m.asked++
	return strings.ReplaceAll(string(text), "\n", "\\n")
}

// put writes a file.
func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// tree saves the files of an edit that differ from those that are there, all at once.
func (m *manySaves) tree(e *editor, edit string) {
	m.t.Helper()
	was, is := e.files(e.saved), e.files(edit)
	aside := m.t.TempDir()
	type move struct{ from, to string }
	var moves []move
	for name, text := range is {
		to := filepath.Join(m.dir, name)
		now, err := os.ReadFile(to)
		if err == nil && string(now) == text {
			continue
		}
		from := filepath.Join(aside, strconv.Itoa(len(moves)))
		put(m.t, from, text)
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			m.t.Fatal(err)
		}
		moves = append(moves, move{from, to})
	}
	for _, v := range moves {
		if err := os.Rename(v.from, v.to); err != nil {
			m.t.Fatal(err)
		}
	}
	for name := range was {
		if _, ok := is[name]; !ok {
			if err := os.Remove(filepath.Join(m.dir, name)); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	e.saved = edit
	m.count++
}

// save saves an edit, and waits for what the terminal has to show. Now and then something that does not
// compile is saved before.
func (m *manySaves) save(e *editor, edit, kind, pattern string) {
	m.t.Helper()
	m.t.Logf("%3d %s %s: %s", m.count+1, e.Name, edit, kind)
	if m.random.IntN(10) == 0 {
		m.broken(e)
	}
	m.tree(e, edit)
	m.kinds[kind]++
	m.expect(pattern)
	m.usages = append(m.usages, m.usage())
}

// broken saves a file of the scenario's in the middle of writing it.
func (m *manySaves) broken(e *editor) {
	m.t.Helper()
	var names []string
	for name := range e.files(e.saved) {
		if strings.HasSuffix(name, ".go") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	name := names[m.random.IntN(len(names))]
	text := e.files(e.saved)[name]
	put(m.t, filepath.Join(m.dir, name), text+"\nfunc unfinished(\n")
	m.count++
	m.kinds["does not compile"]++
	m.expect(`does not compile\S*; the program runs on as it was`)
	m.expect(regexp.QuoteMeta(path.Base(name)) + `:\d+`)
	put(m.t, filepath.Join(m.dir, name), text)
	m.count++
	if e.stuck {
		m.expect(`refused`)
	} else {
		m.expect(`no code changed`)
	}
}

// verdict is what the plan of the edit that was named last says: the line of the script before the next that
// does something.
func (e *editor) verdict() (verdict string, ids []string) {
	for _, c := range e.Script[e.at:] {
		switch c.Verb {
		case "plan":
			words := strings.Fields(c.Rest)
			for _, word := range words[1:] {
				if regexp.MustCompile(`^GS3\d{3}$`).MatchString(word) {
					ids = append(ids, word)
				}
			}
			return words[0], ids
		case "edit", "call", "apply", "rollback":
			return "", nil
		}
	}
	return "", nil
}

// step goes on in a script, up to and with the next save and what has to be true then. It reports the end.
func (m *manySaves) step(e *editor) (over bool) {
	m.t.Helper()
	for saved := false; ; e.at++ {
		if e.at == len(e.Script) {
			return true
		}
		c := e.Script[e.at]
		if saves := c.Verb == "edit" || c.Verb == "apply" || c.Verb == "rollback" || c.Verb == "toggle"; saves && saved {
			return false
		}
		switch c.Verb {
		case "call":
			m.call(e, c)
		case "edit":
			e.wanted = c.Rest
			e.at++
			verdict, ids := e.verdict()
			e.at--
			switch verdict {
			case "refused":
				m.save(e, c.Rest, "refused", `refused\S*; the program runs on as it was`)
				for _, id := range ids {
					m.expect(id)
				}
				e.stuck, saved = true, true
			case "empty":
				if e.live != "-" {
					break // the script rolls back next, which the watch would have done
				}
				// Together with edits of others it is a patch, which may name other lines.
				m.save(e, c.Rest, "empty", `no code changed|live in|not before a restart`)
				e.stuck, saved = false, true
			}
		case "apply":
			m.save(e, e.wanted, "applies", `live in`)
			e.before = append(e.before, e.live)
			e.live, e.stuck, saved = e.wanted, false, true
		case "rollback":
			to := "-"
			if c.Rest == "" {
				to = e.before[len(e.before)-1]
				e.before = e.before[:len(e.before)-1]
			} else {
				e.before = nil
			}
			m.save(e, to, "taken back", `live in`)
			e.live, e.stuck, saved = to, false, true
		case "toggle":
			live := e.live
			m.save(e, "-", "taken back", `live in`)
			m.save(e, live, "applies", `live in`)
			e.before = append(e.before, "-") // what ran before what runs
			saved = true
		}
	}
}

// call compares an answer of the program.
func (m *manySaves) call(e *editor, c scenario.Command) {
	m.t.Helper()
	req, want, ok := strings.Cut(c.Rest, " = ")
	if ok {
		if got := m.ask(e, req); got != want {
			m.t.Fatalf("%s.txtar:%d: %s: the answer is %q", e.Name, c.Line, c.Rest, got)
		}
		return
	}
	req, want, _ = strings.Cut(c.Rest, " ~ ")
	if got := m.ask(e, req); !regexp.MustCompile(want).MatchString(got) {
		m.t.Fatalf("%s.txtar:%d: %s: the answer is %q", e.Name, c.Line, c.Rest, got)
	}
}

// leave takes what a script has left in the files back.
func (m *manySaves) leave(e *editor) {
	m.t.Helper()
	if e.saved != "-" {
		m.save(e, "-", "taken back", `live in|no code changed|not before a restart`)
	}
	e.stuck = false
}

// saves is how many saves the test makes.
func saves() int {
	n, err := strconv.Atoi(os.Getenv("GOSPLICE_WATCH"))
	if err != nil {
		return 100 // fewer are over before the watch has learnt all that it runs with
	}
	return n
}

// seedOfSaves is what the order of saves depends on.
func seedOfSaves() uint64 {
	n, err := strconv.ParseUint(os.Getenv("GOSPLICE_WATCH_SEED"), 10, 64)
	if err != nil {
		return 1
	}
	return n
}

// The edits of the corpus one after another, in one process that works all the time, in an order by chance: several
// people work through the scripts of scenarios at a time. What applies is live and answers as the script says, what is
// refused or does not compile leaves all as it was, no state is lost, and neither the program nor the watch takes
// more with each save.
func TestWatchManySaves(t *testing.T) {
	seed, total := seedOfSaves(), saves()
	t.Logf("GOSPLICE_WATCH_SEED=%d", seed)
	m := newManySaves(t, seed)
	m.start(80)
	m.expect(`takes every save`)
	pid := m.listens()
	m.random.Shuffle(len(m.all), func(i, j int) { m.all[i], m.all[j] = m.all[j], m.all[i] })
	var working []*editor
	for _, kind := range []string{"A", "W", "R"} {
		working = append(working, m.next(kind))
	}
	programFiles, agent := openFiles(pid), m.request("/agent")
	for m.count < total && len(working) > 0 {
		i := slices.IndexFunc(working, func(e *editor) bool { return e.stuck })
		if i < 0 {
			i = m.random.IntN(len(working))
		}
		if e := working[i]; m.step(e) {
			m.leave(e)
			working = slices.Delete(working, i, i+1)
			if next := m.next(e.Name[:1]); next != nil {
				working = append(working, next)
			}
		}
	}
	if m.count < total {
		t.Fatalf("the scripts have only %d saves", m.count)
	}
	// Between saves the watch runs the compiler to learn what it may do itself, for a while.
	m.sameAfterAWhile("processes of the watch", fmt.Sprint([]int{pid}), func() string { return fmt.Sprint(m.children()) })
	m.sameAfterAWhile("open files of the program", fmt.Sprint(programFiles), func() string { return fmt.Sprint(openFiles(pid)) })
	m.sameAfterAWhile("goroutines of the agent", agent, func() string { return m.request("/agent") })
	if n := m.request("/answers"); n != fmt.Sprint(m.asked) {
		t.Errorf("the program has counted %s answers, and gave %d", n, m.asked)
	}
	m.growth()
	m.tty.WriteString("\x03")
	if code := m.ended(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	m.gone(pid)
	m.tidy()
}

// next takes a scenario that nobody has worked on, of a kind if there is one left: A applies, W warns, R is refused.
func (m *manySaves) next(kind string) *editor {
	if len(m.all) == 0 {
		return nil
	}
	i := max(0, slices.IndexFunc(m.all, func(e *editor) bool { return e.Name[:1] == kind }))
	e := m.all[i]
	m.all = slices.Delete(m.all, i, i+1)
	return e
}

// listens waits until the program can be asked, and returns its process.
func (m *manySaves) listens() int {
	m.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if addr, _ := os.ReadFile(m.addr()); len(addr) > 0 { // it is there, and empty, before it is written
			if pids := m.children(); len(pids) == 1 {
				return pids[0]
			}
		}
	}
	m.t.Fatal("the program does not listen")
	return 0
}

// sameAfterAWhile waits until something is as it was: connections are closed some time after their last use.
func (m *manySaves) sameAfterAWhile(what, was string, is func() string) {
	m.t.Helper()
	now := ""
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if now = is(); now == was {
			return
		}
	}
	m.t.Errorf("%s: %s at first, %s after %d saves", what, was, now, m.count)
}

// growth compares the first saves with the last.
func (m *manySaves) growth() {
	m.t.Helper()
	times := m.times()
	few := min(20, len(times)/3, len(m.usages)/3)
	first, last := median(times[:few]), median(times[len(times)-few:])
	m.t.Logf("%d saves: %v", m.count, m.kinds)
	m.t.Logf("from save to live: median %v of the first %d, %v of the last, %.2f times as much", first, few, last, float64(last)/float64(first))
	of := func(what func(usage) int, one func([]int) int) (first, last int) {
		var all []int
		for _, u := range m.usages {
			all = append(all, what(u))
		}
		return one(all[:few]), one(all[len(all)-few:])
	}
	// A compiler that learns between saves is a process more, for a while, with files and goroutines.
	for _, k := range []struct {
		name string
		what func(usage) int
		kind string
		one  func([]int) int
		most float64 // of the last to the first
	}{
		{"kB of memory", func(u usage) int { return u.memory }, "median", median[int], 2},
		{"mappings", func(u usage) int { return u.mappings }, "median", median[int], 1.5},
		{"open files", func(u usage) int { return u.files }, "least", slices.Min[[]int], 1},
		{"processes", func(u usage) int { return u.children }, "least", slices.Min[[]int], 1},
		{"goroutines", func(u usage) int { return u.goroutines }, "least", slices.Min[[]int], 1},
	} {
		first, last := of(k.what, k.one)
		m.t.Logf("%s: %s %d of the first %d saves, %d of the last, %.2f times as much", k.name, k.kind, first, few, last, float64(last)/float64(first))
		if float64(last) > k.most*float64(first) {
			m.t.Errorf("%s: %d after the first saves, %d after the last", k.name, first, last)
		}
	}
}

// times are how long each save took until it was live, as the terminal shows it.
func (w *watched) times() (all []time.Duration) {
	w.t.Helper()
	text, _ := w.shown.all()
	for _, m := range regexp.MustCompile(`live in ([0-9.]+) (m?s)`).FindAllStringSubmatch(text, -1) {
		d, err := time.ParseDuration(m[1] + m[2])
		if err != nil {
			w.t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}
