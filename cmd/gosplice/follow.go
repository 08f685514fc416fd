package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// followRows is how many functions with old code a picture shows: one that is longer than the screen
// can't be drawn again in its place.
const followRows = 12

// longestInterval is shorter than a program keeps an idle connection open.
const longestInterval = 20 * time.Second

// follow shows the state of a program until ctx ends: on a terminal in one place, elsewhere a line
// whenever it has changed.
func follow(ctx context.Context, c *console, t *target, every time.Duration, asJSON bool) error {
	client, _, err := t.dial(ctx, wanted{})
	if err != nil {
		return interrupted(err)
	}
	defer client.Close()
	tick := time.NewTicker(every)
	defer tick.Stop()
	shown, drawn := "", 0
	for {
		s, err := client.Status(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return errors.New("the program has ended")
		case err != nil:
			return err
		}
		switch {
		case asJSON:
			if now := inOneLine(s); now != shown {
				shown = now
				if err := c.json(s); err != nil {
					return err
				}
			}
		case c.shown:
			drawn = c.draw(picture(c, s), drawn)
		default:
			if now := inOneLine(s); now != shown {
				shown = now
				c.printf("%s  %s", time.Now().Format(time.TimeOnly), now)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// draw writes lines over the ones that were drawn before, and returns how many there are now.
func (c *console) draw(lines []string, before int) int {
	var b strings.Builder
	if before > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", before)
	}
	for _, line := range lines {
		b.WriteString("\r\x1b[K" + line + "\n")
	}
	b.WriteString("\x1b[J") // what is left of a longer one
	fmt.Fprint(c.out, b.String())
	return len(lines)
}

// picture is the state of a program as it changes.
func picture(c *console, s *control.Status) []string {
	var f report.Fields
	f.Add("version", s.Version)
	f.Add("restart", afterRestart(&s.Hello))
	f.Add("under way", s.InProgress)
	f.Add("functions", report.Count(len(s.Redirected))+" patched")
	f.Add("old code", oldCodeSum(s))
	lines := append([]string{who(c, &s.Hello)}, f.Lines(c.style, c.width)...)
	if len(s.OldCode) == 0 {
		return lines
	}
	old := slices.Clone(s.OldCode)
	slices.SortStableFunc(old, func(a, b control.OldCode) int { return cmp.Compare(b.Goroutines, a.Goroutines) })
	t := whereTable([]string{"GOROUTINES", "FUNCTION", "VERSION", "AT", ""}, old[:min(len(old), followRows)], c.width, func(o control.OldCode, function string) []string {
		stays := ""
		if o.Endless {
			stays = "stays"
		}
		return []string{report.Count(o.Goroutines), function, o.Version, place(o), stays}
	})
	lines = append(append(lines, ""), t.Lines(c.style, c.width)...)
	if n := len(old) - followRows; n > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more functions", n))
	}
	return lines
}

// oldCodeSum counts the goroutines that still run other versions' code.
func oldCodeSum(s *control.Status) string {
	if s.InProgress != "" {
		return "" // not counted
	}
	if s.OldCodeError != "" {
		return "not known: " + s.OldCodeError
	}
	count := control.Goroutines(s.OldCode)
	stay := control.Goroutines(slices.DeleteFunc(slices.Clone(s.OldCode), func(o control.OldCode) bool { return !o.Endless }))
	switch {
	case count == 0:
		return "none"
	case stay > 0:
		return fmt.Sprintf("%s, %s in a loop without a way out", report.Plural(count, "goroutine"), report.Count(stay))
	}
	return report.Plural(count, "goroutine")
}

// inOneLine is what changes in a status, in one line.
func inOneLine(s *control.Status) string {
	parts := []string{s.Version}
	if s.InProgress != "" {
		parts = append(parts, s.InProgress)
	} else {
		parts = append(parts, "old code: "+oldCodeSum(s))
	}
	for _, o := range s.OldCode {
		parts = append(parts, fmt.Sprintf("%s %d", report.Printable(o.Function), o.Goroutines))
	}
	return report.Printable(strings.Join(parts, "  ")) // the program may be another user's
}
