package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/examples/arena/edits"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// screen is where the demo writes.
type screen struct {
	out   io.Writer
	style report.Style
	width int
	shown map[string]bool // by the plan before
}

func (s *screen) lines(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(s.out, line)
	}
}

// headline begins a part.
func (s *screen) headline(text string) {
	fmt.Fprintf(s.out, "\n%s\n", s.style.Bold(text))
}

// note explains, below a headline.
func (s *screen) note(text string) {
	fmt.Fprintf(s.out, "   %s\n", s.style.Dim(text))
}

// step says what was done, and how long it took if that was long.
func (s *screen) step(done, what string, took time.Duration) {
	if took >= time.Second {
		what += ", " + report.Duration(took)
	}
	fmt.Fprintf(s.out, "  %s%s  %s\n", s.style.Dim(done), strings.Repeat(" ", len("recorded")-len(done)), what)
}

// diff shows an edit: the lines that change, and of a new file how many there are.
func (s *screen) diff(e edits.Edit) {
	for _, c := range e.Changes {
		before, after := textLines(c.Old), textLines(c.New)
		if c.Old == "" {
			fmt.Fprintf(s.out, "   %s  %s\n", c.File, s.style.Green(fmt.Sprintf("new file, %s", report.Plural(len(after), "line"))))
			continue
		}
		fmt.Fprintf(s.out, "   %s\n", c.File)
		for _, line := range before {
			fmt.Fprintf(s.out, "   %s\n", s.style.Red("- "+line))
		}
		for _, line := range after {
			fmt.Fprintf(s.out, "   %s\n", s.style.Green("+ "+line))
		}
	}
}

// textLines are the lines of a piece of source, with narrow indents.
func textLines(text string) []string {
	return strings.Split(strings.ReplaceAll(strings.Trim(text, "\n"), "\t", "  "), "\n")
}

// showChanges shows a plan. Patches are cumulative, so plans are too: what was shown before is
// only counted.
func (s *screen) showChanges(changes []patch.Change) {
	var fresh []patch.Change
	for _, c := range changes {
		if !s.shown[key(c)] {
			fresh = append(fresh, c)
		}
	}
	s.shown = map[string]bool{}
	for _, c := range changes {
		s.shown[key(c)] = true
	}
	s.lines(report.Changes(fresh, s.style, s.width))
	if before := len(changes) - len(fresh); before > 0 {
		s.note(fmt.Sprintf("and %s of the edits before, which the new patch holds too", report.Plural(before, "change")))
	}
}

// key is equal for changes that a reader would take for one.
func key(c patch.Change) string {
	return strings.Join([]string{c.ID, c.Symbol, c.What, c.Reason}, "\n")
}

// showLive says what a switch took, and how long a player had to wait meanwhile. The size is that
// of the patch file, or 0 if there was none.
func (s *screen) showLive(took times, done *control.Switched, size int, longest time.Duration) {
	var f report.Fields
	if size > 0 {
		f.Add("live", fmt.Sprintf("%s after the save: plan %s, patch %s, apply %s", report.Duration(took.live),
			report.Duration(took.plan), report.Duration(took.patch), report.Duration(took.apply)))
		f.Add("patch", report.Bytes(size))
	} else {
		f.Add("live", report.Duration(took.live)+" after the command")
	}
	f.Add("pause", fmt.Sprintf("%s, to switch %s; goroutines left in old code: %d",
		report.Duration(done.Pause), report.Plural(done.Functions, "function"), goroutines(done.OldCode)))
	f.Add("players", fmt.Sprintf("waited %s for an answer at most", report.Duration(longest)))
	fmt.Fprintln(s.out)
	s.lines(f.Lines(s.style, s.width))
}

func goroutines(old []control.OldCode) (n int) {
	for _, o := range old {
		n += o.Goroutines
	}
	return n
}
