package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

const (
	// layoutContext is how many equal parts are shown before and after those that differ.
	layoutContext = 1
	// mostParts is how many parts of a type are shown.
	mostParts = 12
)

// layoutLines sets a type in the program and in the edit side by side, in width columns.
func layoutLines(l *patch.Layout, width int) []string {
	sized := l.OldSize > 0 || l.NewSize > 0
	old := append([]string{heading("  in the running program", l.OldSize)}, column(l.Old, l.OldSize, sized)...)
	new := append([]string{heading("  in your edit", l.NewSize)}, column(l.New, l.NewSize, sized)...)
	rows := append([]int{0}, near(l)...)
	widest := 0
	for _, i := range rows {
		if 0 <= i && i < len(old) {
			widest = max(widest, columns(old[i]))
		}
	}
	for _, i := range rows {
		if widest+len(columnGap)+columns(at(new, i)) > width {
			return oneBelow(old, new, rows)
		}
	}
	var lines []string
	for _, i := range rows {
		a := at(old, i)
		lines = append(lines, a+strings.Repeat(" ", max(widest-columns(a), 0))+columnGap+at(new, i))
	}
	return lines
}

// oneBelow sets both versions one below the other: side by side there is no room for them.
func oneBelow(old, new []string, rows []int) []string {
	var lines []string
	for _, column := range [][]string{old, new} {
		for k, i := range rows {
			// What is left out at the end of the longer version is nothing here.
			if i < 0 && (k == len(rows)-1 || rows[k+1] < len(column)) || 0 <= i && i < len(column) {
				lines = append(lines, at(column, i))
			}
		}
	}
	return lines
}

// at is a line of one version; there may be none.
func at(column []string, i int) string {
	switch {
	case i < 0:
		return "  …"
	case i < len(column):
		return column[i]
	}
	return ""
}

func heading(text string, size int64) string {
	if size > 0 {
		text += fmt.Sprintf(", %d bytes", size)
	}
	return text
}

// column writes one version: for each part a mark if it differs, the offset, and the declaration.
func column(parts []patch.Part, size int64, sized bool) []string {
	digits := len(strconv.FormatInt(size, 10))
	var out []string
	for _, p := range parts {
		text := p.Name + p.Type
		if p.Name != "" && !strings.HasPrefix(p.Type, "(") {
			text = p.Name + " " + p.Type
		}
		if p.Tag != "" {
			text += " `" + p.Tag + "`"
		}
		if sized {
			text = fmt.Sprintf("%*d  %s", digits, p.Offset, text)
		}
		mark := "  "
		if p.Differs {
			mark = "* "
		}
		out = append(out, mark+Printable(text))
	}
	return out
}

// near lists the parts to show, counted from 1: those that differ and their neighbours. -1 stands for some
// that are left out.
func near(l *patch.Layout) []int {
	n := max(len(l.Old), len(l.New))
	differs := func(i int) bool {
		return i < len(l.Old) && l.Old[i].Differs || i < len(l.New) && l.New[i].Differs
	}
	var rows []int
	next, shown := 0, 0
	for i := range n {
		close := false
		for k := max(i-layoutContext, 0); k <= min(i+layoutContext, n-1); k++ {
			close = close || differs(k)
		}
		if !close || shown == mostParts {
			continue
		}
		if i > next {
			rows = append(rows, -1)
		}
		rows = append(rows, i+1)
		next = i + 1
		shown++
	}
	if next < n {
		rows = append(rows, -1)
	}
	return rows
}
