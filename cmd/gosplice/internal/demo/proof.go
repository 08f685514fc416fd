package demo

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/examples/arena/bots"
)

// snapshot is the server at one moment at which no request was under way.
type snapshot struct {
	process process
	census  bots.Census
}

// look takes a snapshot. The server's counts are compared with what the players have.
func (d *demo) look() (s snapshot, err error) {
	if s.process, err = lookAt(d.server.PID); err != nil {
		return s, err
	}
	s.census, err = d.fleet.Census()
	return s, err
}

func (d *demo) before(context.Context) (err error) {
	d.first, err = d.look()
	return err
}

// after compares the server with what it was, and says which of the claims hold.
func (d *demo) after(ctx context.Context) error {
	now, err := d.look()
	stats := d.fleet.Stop()
	if ctx.Err() != nil {
		return ctx.Err() // what players were in the middle of was broken off
	}
	if err == nil {
		err = d.prove(d.first, now, stats)
	}
	for _, problem := range stats.Problems {
		d.note(problem)
	}
	if err != nil {
		return err
	}
	if err := d.server.Stop(); err != nil {
		return err
	}
	d.headline(fmt.Sprintf("The code changed four times, nobody was disconnected, nothing was lost (%s).", report.Duration(time.Since(d.began))))
	return nil
}

// claim is one line of the proof.
type claim struct {
	what, before, after, verdict string
	holds                        bool
}

// prove prints the proof, and returns the first claim that does not hold.
func (d *demo) prove(before, after snapshot, stats bots.Stats) error {
	d.headline("Proof")
	claims := append(sameProcess(before.process, after.process), samePlay(before.census, after.census)...)
	claims = append(claims, noFailure(stats)...)
	table := report.Table{Head: []string{"", "before", "after", ""}, Indent: 2}
	var wrong error
	for _, c := range claims {
		verdict := c.verdict
		if !c.holds {
			verdict = "NOT " + verdict
			if wrong == nil {
				wrong = fmt.Errorf("%s: %s before, %s after: not %s", c.what, c.before, c.after, c.verdict)
			}
		}
		table.Add(c.what, c.before, c.after, verdict)
	}
	d.lines(table.Lines(d.Style, d.Width))
	fmt.Fprintf(d.out, "\n  %s in the answers were compared with the players' own books.\n",
		report.Plural(stats.Checks, "value"))
	fmt.Fprintf(d.out, "  Of the answers, half came within %s, 99 %% within %s,\n  all within %s.\n",
		report.Duration(stats.P50), report.Duration(stats.P99), report.Duration(stats.Max))
	return wrong
}

// sameProcess claims what the system says.
func sameProcess(before, after process) []claim {
	missing := before.missing(after)
	return []claim{
		{"process", strconv.Itoa(before.pid), strconv.Itoa(after.pid), "the same", before.pid == after.pid},
		{"started at clock tick", report.Count(before.started), report.Count(after.started), "the same", before.started == after.started},
		{"sockets", strconv.Itoa(len(before.sockets)), strconv.Itoa(len(before.sockets) - missing), "the same", missing == 0},
	}
}

// samePlay claims what the server counts. Bots.Census has compared it with the players' books.
func samePlay(before, after bots.Census) []claim {
	grown := func(what string, before, after int64) claim {
		return claim{what, report.Count(before), report.Count(after), "as the players' books say", after > before}
	}
	return []claim{
		{"players", report.Count(before.Players), report.Count(after.Players), "nobody left", before.Players == after.Players},
		{"items in their bags", report.Count(before.Items), report.Count(after.Items), "as the players' books say", true},
		grown("items found", before.Looted, after.Looted),
		grown("blows struck", before.Blows, after.Blows),
		grown("total score", before.Score, after.Score),
	}
}

// noFailure claims what the players say.
func noFailure(s bots.Stats) []claim {
	return []claim{
		{"requests answered", "", report.Count(s.Requests), "", true},
		{"wrong answers", "", report.Count(s.Failures), "none", s.Failures == 0},
		{"lost connections", "", report.Count(s.Lost), "none", s.Lost == 0},
	}
}
