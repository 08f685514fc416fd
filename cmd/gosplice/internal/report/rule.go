package report

import (
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/rules"
)

// Rule is a verdict explained.
func Rule(r rules.Rule, s Style, width int) []string {
	paint := s.Cyan
	switch r.Kind() {
	case rules.Refused:
		paint = s.Red
	case rules.Warns:
		paint = s.Yellow
	}
	lines := wrap(r.ID+"  "+r.Title, width)
	lines[0] = s.Bold(r.ID) + lines[0][len(r.ID):]
	lines = append(lines, paint(r.Verdict), "")
	lines = append(append(lines, wrap(r.Reason, width)...), "")
	if len(r.WaysOut) > 0 {
		lines = append(lines, wrap("Instead: "+alternatives(r.WaysOut)+".", width)...)
		lines = append(lines, "")
	}
	lines = append(append(lines, "For example:", ""), example(r.Example, s)...)
	if r.Avoids != "" {
		lines = append(append(lines, "", "Without this verdict:", ""), example(r.Avoids, s)...)
	}
	return lines
}

// example is a diff, painted.
func example(diff string, s Style) (lines []string) {
	for line := range strings.SplitSeq(diff, "\n") {
		text := "  " + strings.ReplaceAll(line, "\t", "    ")
		switch {
		case strings.HasPrefix(line, "-"):
			text = s.Red(text)
		case strings.HasPrefix(line, "+"):
			text = s.Green(text)
		}
		lines = append(lines, strings.TrimRight(text, " "))
	}
	return lines
}
