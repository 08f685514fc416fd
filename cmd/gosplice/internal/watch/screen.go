package watch

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
)

// screen writes the loop's lines. They stand between those of the program, so each begins with the
// same word.
type screen struct {
	out   io.Writer
	style report.Style
	width int
}

const (
	prefix = "gosplice  "
	// clock is the time of day in an event, and indent leaves its room.
	clock  = "15:04:05"
	indent = "          "
)

// note writes a line that belongs to no save.
func (s *screen) note(format string, args ...any) { s.write("", "", nil, fmt.Sprintf(format, args...)) }

// event writes a line with the time. It begins with head, which is painted.
func (s *screen) event(at time.Time, head string, paint func(string) string, rest string) {
	s.write(at.Format(clock)+"  ", head, paint, rest)
}

// eventRoom is the width of what stands in an event behind the time.
func (s *screen) eventRoom() int { return s.width - len(prefix) - len(clock) - 2 }

// more writes lines that belong to the event before.
func (s *screen) more(lines ...string) {
	for _, line := range lines {
		s.write(indent, "", nil, line)
	}
}

// write writes text in as many lines as it takes, each after first or room for it.
func (s *screen) write(first, head string, paint func(string) string, rest string) {
	head = report.Printable(head)
	for i, line := range report.Wrapped(head+report.Printable(rest), s.width-len(prefix)-len(first)) {
		if i > 0 {
			first = strings.Repeat(" ", len(first))
		} else if tail, ok := strings.CutPrefix(line, head); ok && head != "" {
			line = paint(head) + tail
		}
		s.lines([]string{strings.TrimRight(s.style.Dim(first)+line, " ")})
	}
}

// room is the width of what stands below an event.
func (s *screen) room() int { return s.width - len(prefix) }

// lines writes lines that are laid out for room.
func (s *screen) lines(lines []string) {
	for _, line := range lines {
		fmt.Fprintln(s.out, s.style.Cyan(strings.TrimSpace(prefix))+"  "+line)
	}
}
