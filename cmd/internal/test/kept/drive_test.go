package kept

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// verdict is what came of a seed.
type verdict string

const (
	right      verdict = "right"
	damaged    verdict = "damaged"            // a value that is kept was overwritten
	died       verdict = "died"               // the program did
	wrong      verdict = "wrong answer"       // not that of the rebuilt program
	needless   verdict = "needless refusal"   // of a switch, where no place moved to the heap
	stuck      verdict = "refused for nobody" // of a switch, with no goroutine inside
	needlessly verdict = "needless refusal of the plan"
	refused    verdict = "refused by the plan" // as it may be
	failed     verdict = "failed"              // the test itself, or the command
)

// result is a verdict with what it is about.
type result struct {
	verdict verdict
	words   string
	waited  int // switches that were refused as they had to be
	// risky says that a switch was made while a place that moved to the heap was on the stack of a
	// goroutine, or could come there.
	risky bool
}

// faulty is a failing verdict.
type faulty struct {
	verdict verdict
	words   string
}

func (f *faulty) Error() string { return string(f.verdict) + ": " + f.words }

// driven is a program that is on its way through a script.
type driven struct {
	g       *group
	w       *way
	p       *process
	patches [versions][]byte
	decided [versions]decisions
	version int
	applied [versions]bool
	parked  []blocked
	gates   int
	waited  int
	risky   bool
	log     []string
}

// blocked is a goroutine that blocks at a hop of a version.
type blocked struct{ gate, hop, version int }

// drive goes through the script of a way.
func (g *group) drive(ctx context.Context, w *way, sockets string, plans [versions]*planned, env ...string) result {
	answers, err := g.answers(w, sockets)
	if err != nil {
		return result{verdict: failed, words: "the rebuilt programs: " + err.Error()}
	}
	p, err := start(g.binary, sockets, env...)
	if err != nil {
		return result{verdict: failed, words: err.Error()}
	}
	defer p.end()
	d := &driven{g: g, w: w, p: p, decided: g.decisions(w)}
	for v := 1; v < versions; v++ {
		d.patches[v] = plans[v].file
	}
	err = d.all(ctx, answers)
	if errors.Is(err, errStays) {
		err = d.open()
	}
	r := result{verdict: right, waited: d.waited, risky: d.risky}
	f, fell := (*faulty)(nil), (*diedError)(nil)
	switch {
	case errors.As(err, &f):
		r.verdict, r.words = f.verdict, f.words
	case errors.As(err, &fell):
		r.verdict, r.words = died, fell.words
	case err != nil:
		r.verdict, r.words = failed, err.Error()
	}
	if err != nil {
		r.words = strings.Join(d.log, "\n") + "\n" + r.words
	}
	return r
}

// answers are what the rebuilt programs answer.
func (g *group) answers(w *way, sockets string) (out [versions]string, err error) {
	for v := range versions {
		if out[v], err = g.answer(w, v, sockets); err != nil {
			return out, fmt.Errorf("version %d: %w", v, err)
		}
	}
	return out, nil
}

// answer is what a rebuilt version answers.
func (g *group) answer(w *way, version int, sockets string) (string, error) {
	p, err := start(g.rebuilt, sockets)
	if err != nil {
		return "", err
	}
	defer p.end()
	d := &driven{g: g, w: w, p: p}
	if _, err := p.ask("way %d", w.key(version)); err != nil {
		return "", err
	}
	answer, err := p.ask("call %d", compared)
	if err != nil {
		return "", err
	}
	return answer, d.check()
}

// compared is the number from which values are made in calls that are compared.
const compared = 1000

func (d *driven) all(ctx context.Context, answers [versions]string) error {
	if _, err := d.p.ask("way %d", d.w.key(0)); err != nil {
		return err
	}
	for _, s := range d.w.script {
		d.log = append(d.log, s.String())
		if err := d.step(ctx, s, answers); err != nil {
			return err
		}
	}
	for _, s := range []step{{"switch", 0}, {"open", 0}} {
		d.log = append(d.log, s.String())
		if err := d.step(ctx, s, answers); err != nil {
			return err
		}
	}
	return nil
}

func (d *driven) step(ctx context.Context, s step, answers [versions]string) error {
	switch s.what {
	case "park", "idle":
		return d.park(s)
	case "open":
		return d.open()
	}
	if err := d.switchTo(ctx, s.n, s.what == "return"); err != nil {
		return err
	}
	answer, err := d.p.ask("call %d", compared)
	if err == nil && !d.w.saved && answer != answers[d.version] {
		return &faulty{wrong, fmt.Sprintf("version %d answers %q, rebuilt it is %q", d.version, answer, answers[d.version])}
	}
	return err
}

func (d *driven) park(s step) error {
	answer, err := d.p.ask("%s %d", s.what, s.n)
	if err != nil {
		return err
	}
	d.log = append(d.log, "  "+answer)
	if answer == "parked" {
		d.parked = append(d.parked, blocked{d.gates, s.n, d.version})
		d.gates++
	}
	return nil
}

// open lets all goroutines run to their ends, and looks at what is kept.
func (d *driven) open() error {
	for _, b := range d.parked {
		if _, err := d.p.ask("open %d", b.gate); err != nil {
			return err
		}
	}
	d.parked = nil
	return d.check()
}

func (d *driven) check() error {
	if _, err := d.p.ask("settle 0"); err != nil {
		return err
	}
	answer, err := d.p.ask("check 0")
	if err == nil && !strings.HasPrefix(answer, "ok") {
		return &faulty{damaged, answer}
	}
	return err
}

// switchTo switches to a version, when goroutines have run on if it is refused before.
func (d *driven) switchTo(ctx context.Context, to int, rollback bool) error {
	change := func() error {
		if d.patches[to] == nil {
			return d.p.rollback(ctx, patch.ReleaseVersion)
		}
		if rollback && d.applied[to] {
			return d.p.rollback(ctx, label(to))
		}
		return d.p.apply(ctx, d.patches[to])
	}
	err := change()
	if errors.Is(err, errBusy) {
		d.log = append(d.log, "  "+err.Error())
		if err := d.needed(to, err); err != nil {
			return err
		}
		d.waited++
		if err := d.open(); err != nil {
			return err
		}
		err = change()
	}
	if errors.Is(err, errBusy) {
		if d.w.outlives(d.decided, to) || d.w.staysMixed(to) || d.w.saved && d.spoilsOther(to) {
			return errStays
		}
		return &faulty{stuck, err.Error()}
	}
	if err != nil {
		if _, asked := d.p.ask("check 0"); asked != nil {
			return asked
		}
		return err
	}
	d.risky = d.risky || d.endangered(to)
	d.version, d.applied[to] = to, true
	return nil
}

// endangered reports whether a switch to a version may do damage, as the decisions of the compiler
// tell.
func (d *driven) endangered(to int) bool {
	return d.w.outlives(d.decided, to) || d.spoilsOther(to) || slices.ContainsFunc(d.parked, func(b blocked) bool {
		return d.w.endangered(d.decided, b.hop, b.version, to)
	})
}

// errStays says that a switch is refused for good, as it has to be: an old body can be entered
// again.
var errStays = errors.New("an old body stays")

// untold reports a refusal that says itself that the compiler has not told enough: what instances of generic functions
// write, and what a changed closure does with the variables of the function around it. Such refusals are no faults.
func untold(words string) bool {
	return strings.Contains(words, "does not tell") || strings.Contains(words, "is changed, and")
}

// beginsToReturn reports whether pick returns its argument in a version, and a blocked goroutine is in code of one where it
// does not: how long a temporary lives that is returned the compiler does not tell.
func (d *driven) beginsToReturn(to int) bool {
	return d.w.edit == "result" && d.w.picks[to] && slices.ContainsFunc(d.parked, func(b blocked) bool { return b.hop != idleHop && !d.w.picks[b.version] })
}

// spoilsOther reports whether other functions write to bytes that a goroutine of another version may share with a string.
func (d *driven) spoilsOther(to int) bool {
	return d.w.edit == "writes" && (d.w.saved || slices.ContainsFunc(d.parked, func(b blocked) bool { return b.hop != idleHop && d.w.spoils[b.version] != d.w.spoils[to] }))
}

// needed reports a refusal that the decisions of the compiler do not account for.
func (d *driven) needed(to int, refusal error) error {
	if untold(refusal.Error()) || d.beginsToReturn(to) || d.endangered(to) || d.w.staysMixed(to) || slices.ContainsFunc(d.parked, func(b blocked) bool { return d.w.mixes(b.hop, b.version, to) }) {
		return nil
	}
	if len(d.parked) == 0 {
		return &faulty{stuck, refusal.Error()}
	}
	return &faulty{needless, fmt.Sprintf("%v\nwhile blocked are %+v; lines that moved: %v", refusal, d.parked, d.w.moved(d.decided, d.version, to))}
}

// decisions are the compiler's about a way.
func (g *group) decisions(w *way) (d [versions]decisions) {
	for v := range versions {
		d[v] = g.decided[v][w.name()]
	}
	return d
}

// judgePlan tells whether a plan that is refused has to be.
func (g *group) judgePlan(w *way, plans [versions]*planned) (result, bool) {
	d := g.decisions(w)
	for v := 1; v < versions; v++ {
		if len(plans[v].refused) == 0 {
			continue
		}
		c := plans[v].refused[0]
		words := fmt.Sprintf("version %d: %s %s: %s", v, c.ID, c.Symbol, c.Reason)
		if c.ID == "GS3022" && !untold(words) && !w.outlives(d, 0) && !w.outlives(d, v) && !w.staysMixed(v) && !(w.edit == "writes" && w.saved) {
			return result{verdict: needlessly, words: words}, true
		}
		return result{verdict: refused, words: words}, true
	}
	return result{}, false
}
