package report

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// kind is how a change is marked.
type kind int

// The kinds in the order of a report: what needs attention stands last, above the prompt.
const (
	changed kind = iota
	added
	removed
	warned
	refused
)

var marks = map[kind]string{changed: "~", added: "+", removed: "-", warned: "!", refused: "x"}

// kindOf says how to mark a change. Rule IDs GS2… are warnings and GS3… refusals.
func kindOf(c patch.Change) kind {
	switch {
	case c.Verdict == rules.Refused, strings.HasPrefix(c.ID, "GS3"):
		return refused
	case strings.HasPrefix(c.ID, "GS2"):
		return warned
	case strings.HasPrefix(c.What, "new "), strings.HasSuffix(c.What, " added"):
		return added
	case strings.HasPrefix(c.What, "removed"), strings.HasSuffix(c.What, " removed"):
		return removed
	}
	return changed
}

// IsRefused reports a change that can't be applied.
func IsRefused(c patch.Change) bool { return kindOf(c) == refused }

// IsWarning reports a change that is applied with a note of what does not happen.
func IsWarning(c patch.Change) bool { return kindOf(c) == warned }

// mark is the sign at the start of a change's line.
func (k kind) mark(s Style) string { return k.paint(s)(marks[k]) }

// paint is the colour of a kind.
func (k kind) paint(s Style) func(string) string {
	switch k {
	case added:
		return s.Green
	case warned:
		return s.Yellow
	case refused:
		return s.Red
	}
	return s.Cyan
}

const (
	// symbolIndent leaves room for the mark: "  ~ symbol".
	symbolIndent = 4
	detailIndent = 6
)

// Changes are the changes of a plan or patch, each with its explanation below it, or those in a row that have the same one.
func Changes(changes []patch.Change, s Style, width int) []string {
	return groupLines([]group{{changes: changes}}, s, width)
}

// group is changes under a heading: those of a module, or all.
type group struct {
	module, head string
	changes      []patch.Change
}

// worst is the kind in a group that needs most attention.
func (g group) worst() kind {
	k := changed
	for _, c := range g.changes {
		k = max(k, kindOf(c))
	}
	return k
}

// groupLines are groups with an empty line between them.
func groupLines(groups []group, s Style, width int) []string {
	// One table of all, so that columns are aligned across the explanations and the groups.
	t := changeTable{Table: Table{Indent: symbolIndent}}
	var sorted []patch.Change
	for _, g := range groups {
		own := slices.Clone(g.changes)
		slices.SortStableFunc(own, func(a, b patch.Change) int { return int(kindOf(a)) - int(kindOf(b)) })
		sorted = append(sorted, own...)
	}
	for _, c := range sorted {
		t.addPainted(changeRow(c, s)...)
	}
	t.separate(width)
	var lines []string
	next := 0
	for i, g := range groups {
		if i > 0 {
			lines = append(lines, "")
		}
		if g.head != "" {
			lines = append(lines, s.Bold(Printable(g.head)))
		}
		for n := range g.changes {
			c, row := sorted[next], t.lines(next, width)
			row[0] = "  " + kindOf(c).mark(s) + " " + row[0][symbolIndent:]
			lines = append(lines, row...)
			next++
			if n == len(g.changes)-1 || !sameDetails(c, sorted[next]) {
				lines = append(lines, detailLines(c, width)...)
			}
		}
	}
	return lines
}

// changeTable is a table that cuts no name in two: a row with a name for which its column has no room stands apart, with
// the symbol on a line of its own.
type changeTable struct {
	Table
	columns []int // widths of the rows that have room
	apart   map[int]bool
}

// separate finds the rows that stand apart, and how wide the columns of the others are.
func (t *changeTable) separate(width int) {
	t.apart = map[int]bool{}
	t.columns = t.widths(t.rows, width)
	for more := true; more; {
		more = false
		var together [][]cell
		for i, row := range t.rows {
			if !t.apart[i] && !hasRoom(row, t.columns) {
				t.apart[i], more = true, true
			}
			if !t.apart[i] {
				together = append(together, row)
			}
		}
		t.columns = t.widths(together, width)
	}
}

// lines lays out one row.
func (t *changeTable) lines(i, width int) []string {
	if !t.apart[i] {
		return t.layOut(t.rows[i], t.columns)
	}
	row := t.rows[i]
	lines := []string{strings.Repeat(" ", symbolIndent) + paint(row[0].paint, row[0].text)}
	width = max(width-detailIndent, narrowest)
	for _, c := range row[1:] {
		for _, line := range wrapWhole(c.text, width) {
			if line != "" {
				lines = append(lines, strings.Repeat(" ", detailIndent)+paint(c.paint, line))
			}
		}
	}
	return lines
}

func changeRow(c patch.Change, s Style) []cell {
	verdict, id := cell{text: Printable(c.Verdict)}, ""
	// Rules are shown where there is something to read up.
	if k := kindOf(c); k == warned || k == refused {
		verdict.paint = k.paint(s)
		id = c.ID
	}
	return []cell{{Printable(c.Symbol), s.Bold}, {text: Printable(c.What)}, verdict, {Printable(id), s.Dim}}
}

// sameDetails reports two changes of one rule that are explained by the same words.
func sameDetails(a, b patch.Change) bool {
	return a.ID == b.ID && a.Reason == b.Reason && a.Layout == nil && b.Layout == nil && slices.Equal(a.WaysOut, b.WaysOut)
}

// detailLines are the explanation of a change: why, and what to do instead.
func detailLines(c patch.Change, width int) []string {
	width = max(width-detailIndent, narrowest)
	var lines []string
	if c.Reason != "" {
		lines = wrapWhole(PrintableLines(c.Reason), width)
	}
	if c.Layout != nil {
		lines = append(lines, layoutLines(c.Layout, width)...)
	}
	if len(c.WaysOut) > 0 {
		lines = append(lines, wrapWhole(Printable("Instead: "+alternatives(c.WaysOut)+"."), width)...)
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(strings.Repeat(" ", detailIndent)+line, " ")
	}
	return lines
}

// alternatives joins clauses: a, b, or c.
func alternatives(clauses []string) string {
	last := len(clauses) - 1
	switch last {
	case 0:
		return clauses[0]
	case 1:
		return clauses[0] + ", or " + clauses[1]
	}
	return strings.Join(clauses[:last], ", ") + ", or " + clauses[last]
}
