package report

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text with a file in testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; go test -update writes it.\ngot:\n%s\nwant:\n%s", file, text, want)
	}
}

// fits checks that no line is wider than width but for a single name that is longer, behind a mark of one letter.
func fits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 1 || len(words) == 2 && len(words[0]) == 1 {
			continue
		}
		if n := columns(strings.TrimRight(line, "\n")); n > width {
			t.Errorf("line of %d columns: %s", n, line)
		}
	}
}

var (
	bodyChange    = patch.Change{Symbol: "arena.(*Room).Tick", What: "body", Verdict: "applies", ID: "GS1001"}
	inlinedChange = patch.Change{Symbol: "arena.damage", What: "body; inlined in 5 functions", Verdict: "applies, with its callers"}
	newChange     = patch.Change{Symbol: "arena.comboBonus", What: "new function", Verdict: "applies"}
	warnedChange  = patch.Change{Symbol: "arena.maxPlayers", What: "16 -> 32", Verdict: "keeps its live value", ID: "GS2004"}
	refusedChange = patch.Change{Symbol: "arena.Player", What: "field Level int added", Verdict: "refused", ID: "GS3001",
		Reason:  "Player is 48 bytes in the running program and 56 in your edit: the 3 functions that touch Level would read past every Player already in memory.",
		WaysOut: []string{"keep Level in a map keyed by *Player (arena/player.go:31)", "restart"},
		Layout: &patch.Layout{
			Old:     []patch.Part{{Name: "Name", Type: "string"}, {Name: "Score", Type: "int", Offset: 16, Differs: true}, {Name: "Items", Type: "[]item.Item", Offset: 24, Differs: true}},
			New:     []patch.Part{{Name: "Name", Type: "string"}, {Name: "Level", Type: "int", Offset: 16, Differs: true}, {Name: "Score", Type: "int", Offset: 24, Differs: true}, {Name: "Items", Type: "[]item.Item", Offset: 32, Differs: true}},
			OldSize: 48, NewSize: 56,
		}}
	longChange = patch.Change{
		Symbol:  "example.com/company/platform/services/billing/internal/ledger.(*TransactionJournal[go.shape.int]).AppendWithDeadline",
		What:    "body; inlined in 214 functions in 31 packages",
		Verdict: "applies, with its callers; calls in flight finish in the old code",
		ID:      "GS2011",
	}
)

func planOf(changes ...patch.Change) *pipeline.Plan {
	p := &pipeline.Plan{
		Program:   "server",
		Release:   patch.Release{BuildID: "a/b/c/d", Main: "example.com/server", Program: "server", GoVersion: "go1.26.8", GOOS: "linux", GOARCH: "amd64"},
		Functions: 14843, TextBytes: 6_700_000, Changes: changes, Empty: len(changes) == 0,
	}
	for _, c := range changes {
		p.Refused = p.Refused || c.Verdict == rules.Refused
	}
	return p
}

func TestPlan(t *testing.T) {
	plans := map[string]*pipeline.Plan{
		"applies": planOf(bodyChange, inlinedChange, newChange),
		// The refused change comes first here and has to come last in the report.
		"refused": planOf(refusedChange, bodyChange, inlinedChange, newChange, warnedChange),
		"warned":  planOf(warnedChange, bodyChange),
		"empty":   planOf(),
		"long":    planOf(longChange, bodyChange),
	}
	for name, plan := range plans {
		t.Run(name, func(t *testing.T) {
			for width, suffix := range map[int]string{80: "", 110: "-110"} {
				text := Plan(plan, Style{}, width)
				fits(t, text, width)
				golden(t, "plan-"+name+suffix, text)
			}
		})
	}
}

// Changes in a row that are explained by the same words have them once, below the last; others keep their own.
func TestSameDetails(t *testing.T) {
	initialised := func(symbol string) patch.Change {
		return patch.Change{Symbol: symbol, What: "new package", Verdict: "applies, initialised now", ID: "GS2007", Reason: "Its init functions run once.", WaysOut: []string{"look at them"}}
	}
	other, noted := initialised("d"), bodyChange
	other.Reason = "Its init function has run."
	noted.ID, noted.Reason = "GS2007", other.Reason
	text := strings.Join(Changes([]patch.Change{initialised("a"), initialised("b"), refusedChange, initialised("c"), other, noted}, Style{}, 80), "\n")
	for words, want := range map[string]int{"run once": 1, "look at them": 2, "has run": 2, "every Player": 1} {
		if got := strings.Count(text, words); got != want {
			t.Errorf("%q is there %d times, not %d, in:\n%s", words, got, want, text)
		}
	}
	if strings.Index(text, "! c ") > strings.Index(text, "run once") {
		t.Errorf("the explanation does not stand below the last:\n%s", text)
	}
}

// Changes stand in groups of their modules once a dependency has another version; what needs attention stands last.
func TestPlanByModule(t *testing.T) {
	in := func(module string, c patch.Change) patch.Change {
		c.Module = module
		return c
	}
	moved := []pipeline.Module{{Path: "example.com/arena", Old: "v1.0.0", New: "v1.2.0"}, {Path: "example.com/words", Old: "v0.1.0", New: "v0.2.0"}}
	plan := planOf(in("example.com/arena", refusedChange), in("example.com/arena", bodyChange), in("example.com/words", newChange), in("example.com/server", warnedChange))
	plan.Modules = moved
	text := Plan(plan, Style{}, 80)
	fits(t, text, 80)
	golden(t, "plan-modules", text)

	held := planOf(in("example.com/words", newChange), in("example.com/server", bodyChange))
	held.Modules = moved
	held.Modules[0].Held = true
	text = Plan(held, Style{}, 80)
	golden(t, "plan-held", text)
	j := NewPlanJSON(held)
	if j.Changes[0].Module != "example.com/words" || len(j.Modules) != 2 || !j.Modules[0].Held || j.Modules[1] != (ModuleJSON{Path: "example.com/words", Old: "v0.1.0", New: "v0.2.0"}) {
		t.Errorf("the plan as JSON: %+v", j)
	}
}

func TestPlanInColour(t *testing.T) {
	plan := planOf(refusedChange, bodyChange, warnedChange)
	coloured := Plan(plan, Style{Color: true}, 80)
	golden(t, "plan-colour", strings.ReplaceAll(coloured, "\x1b", "ESC"))
	plain := coloured
	for _, code := range []string{"0", "1", "2", "31", "32", "33", "36"} {
		plain = strings.ReplaceAll(plain, "\x1b["+code+"m", "")
	}
	if plain != Plan(plan, Style{}, 80) {
		t.Errorf("colour changes the layout:\n%s", plain)
	}
}

func TestTextFromOutsideCannotSteerTheTerminal(t *testing.T) {
	evil := bodyChange
	evil.Symbol, evil.Reason = "main.\x1b[2Jf", "a\r\x07b"
	text := Plan(planOf(evil), Style{}, 80)
	if strings.ContainsAny(text, "\x1b\r\x07") {
		t.Errorf("control characters in %q", text)
	}
}

func TestTable(t *testing.T) {
	table := Table{Head: []string{"PID", "PROGRAM", "VERSION"}}
	table.Add("7", "/usr/local/bin/server", "release")
	table.Add("104233", "/home/somebody/with/a/long/directory/name/that/does/not/fit/into/the/screen/at/all/worker", "1.4.2")
	text := strings.Join(table.Lines(Style{}, 80), "\n") + "\n"
	fits(t, text, 80)
	golden(t, "table", text)
}

// A Chinese character takes two columns of a terminal, and a combining accent none.
func TestColumns(t *testing.T) {
	for text, want := range map[string]int{"arena": 5, "修复": 4, "Cafe\u0301": 4, "…": 1, "µs": 2, "": 0, "🚀": 2} {
		if got := columns(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
	table := Table{Head: []string{"VERSION", "APPLIED", "BY"}}
	table.Add("修复数据库", "12s", "ops")
	table.Add("1.4.2", "3m", "团队")
	table.Add("Café", "9d", "dev")
	lines := table.Lines(Style{}, 80)
	for i, column := range [][]string{{"APPLIED", "12s", "3m", "9d"}, {"BY", "ops", "团队", "dev"}} {
		for k, line := range lines {
			before, _, ok := strings.Cut(line, column[k])
			if want := []int{12, 21}[i]; !ok || columns(before) != want {
				t.Errorf("%s does not start in column %d:\n%s", column[k], want, strings.Join(lines, "\n"))
			}
		}
	}
	// What has no spaces is broken between characters, and into lines that fit.
	for _, line := range wrap(strings.Repeat("数据库", 20), 15) {
		if n := columns(line); n > 15 {
			t.Errorf("a line of %d columns: %s", n, line)
		}
	}
}

// Names in a plan are searched for and copied: at no width is one cut in two, wherever it stands.
func TestNamesStayWhole(t *testing.T) {
	name := longChange.Symbol
	inText := refusedChange
	inText.Symbol, inText.What = "数据.处理器", "type "+name+" -> int"
	inText.Reason, inText.WaysOut = "The value of "+name+" would be left behind.", []string{"keep " + name, "restart"}
	inText.Layout = &patch.Layout{
		Old: []patch.Part{{Name: "a", Type: "int"}, {Name: "journal", Type: "*" + name, Differs: true}},
		New: []patch.Part{{Name: "a", Type: "int"}, {Name: "journal", Type: "[]*" + name, Differs: true}, {Name: "b", Type: "int"}},
	}
	for width := 20; width < 200; width += 7 {
		text := Plan(planOf(inText, longChange, bodyChange), Style{}, width)
		for what, want := range map[string]int{name: 6, "数据.处理器": 1, bodyChange.Symbol: 1, "GS2011": 1} {
			if got := strings.Count(text, what); got != want {
				t.Fatalf("%d columns: %s stands there %d times, want %d:\n%s", width, what, got, want, text)
			}
		}
	}
}

func TestFields(t *testing.T) {
	var f Fields
	f.Add("version", "1.4.2")
	f.Add("signed by", "")
	f.Add("holds", strings.Repeat("12 functions and ", 8)+"more")
	golden(t, "fields", strings.Join(f.Lines(Style{}, 60), "\n")+"\n")
}

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		Count(0): "0", Count(999): "999", Count(14843): "14,843", Count(-1234567): "-1,234,567",
		Plural(1, "function"): "1 function", Plural(2, "body"): "2 bodies",
		Bytes(0): "0 bytes", Bytes(999): "999 bytes", Bytes(6_700_000): "6.7 MB", Bytes(16_384): "16 kB", Bytes(999_600): "1.0 MB",
		Duration(87 * time.Microsecond):   "87 µs",
		Duration(1230 * time.Microsecond): "1.2 ms",
		Duration(4 * time.Second):         "4 s",
		Duration(12):                      "12 ns",
		Age(12 * time.Second):             "12s", Age(3 * time.Hour): "3h", Age(9 * 24 * time.Hour): "9d", Age(-time.Second): "0s",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
