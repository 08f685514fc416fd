package report

import "strings"

// Table is rows of cells under a heading, in columns as wide as their content. Where that is
// wider than the screen, the widest columns are made narrower and their cells wrapped.
type Table struct {
	Head   []string
	Indent int
	rows   [][]cell
	below  map[int]string // text below rows
}

// cell is text and how it looks.
type cell struct {
	text  string
	paint func(string) string
}

// Add adds a row of plain cells. A cell has one line: what others say must not look like rows.
func (t *Table) Add(cells ...string) {
	row := make([]cell, len(cells))
	for i, text := range cells {
		row[i] = cell{text: Printable(text)}
	}
	t.rows = append(t.rows, row)
}

// AddWith adds a row of plain cells with a text below it.
func (t *Table) AddWith(below string, cells ...string) {
	if t.below == nil {
		t.below = map[int]string{}
	}
	t.below[len(t.rows)] = Printable(below)
	t.Add(cells...)
}

// belowIndent is how far the text below a row is moved in.
const belowIndent = 2

// addPainted adds a row of cells that have a colour.
func (t *Table) addPainted(row ...cell) { t.rows = append(t.rows, row) }

const columnGap = "  "

// Lines lays the table out in width columns.
func (t *Table) Lines(s Style, width int) []string {
	rows := t.rows
	if t.Head != nil {
		head := make([]cell, len(t.Head))
		for i, text := range t.Head {
			head[i] = cell{text, s.Dim}
		}
		rows = append([][]cell{head}, rows...)
	}
	widths := t.widths(rows, width)
	var lines []string
	for i, row := range rows {
		lines = append(lines, t.layOut(row, widths)...)
		if text := t.below[i-len(rows)+len(t.rows)]; text != "" {
			for _, line := range wrap(text, max(width-t.Indent-belowIndent, narrowest)) {
				lines = append(lines, strings.Repeat(" ", t.Indent+belowIndent)+line)
			}
		}
	}
	return lines
}

// Fits reports whether the table has room in width columns for all words as they are.
func (t *Table) Fits(width int) bool {
	widths := t.widths(append([][]cell{headOf(t.Head)}, t.rows...), width)
	for _, row := range t.rows {
		if !hasRoom(row, widths) {
			return false
		}
	}
	return true
}

func headOf(titles []string) []cell {
	head := make([]cell, len(titles))
	for i, text := range titles {
		head[i].text = text
	}
	return head
}

// narrowest is how narrow a column may become for the sake of the others.
const narrowest = 12

// widths says how wide each column is to be.
func (t *Table) widths(rows [][]cell, width int) []int {
	var widths []int
	for _, row := range rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], columns(c.text))
		}
	}
	for excess := t.Indent + total(widths) - width; excess > 0; excess-- {
		widest := 0
		for i, w := range widths {
			if w > widths[widest] {
				widest = i
			}
		}
		if widths[widest] <= narrowest {
			break
		}
		widths[widest]--
	}
	return widths
}

// total is how wide columns are together. An empty column takes no gap.
func total(widths []int) int {
	sum := 0
	for _, w := range widths {
		if w > 0 {
			sum += w + len(columnGap)
		}
	}
	return max(sum-len(columnGap), 0)
}

// hasRoom reports whether every word of a row fits into its column.
func hasRoom(row []cell, widths []int) bool {
	for i, c := range row {
		for word := range strings.FieldsSeq(c.text) {
			if columns(word) > widths[i] {
				return false
			}
		}
	}
	return true
}

// layOut puts one row on as many lines as its longest cell needs.
func (t *Table) layOut(row []cell, widths []int) []string {
	cells := make([][]string, len(row))
	height := 1
	for i, c := range row {
		cells[i] = wrap(c.text, max(widths[i], 1))
		height = max(height, len(cells[i]))
	}
	lines := make([]string, height)
	for n := range lines {
		line := strings.Repeat(" ", t.Indent)
		for i, c := range row {
			if widths[i] == 0 {
				continue
			}
			text := ""
			if n < len(cells[i]) {
				text = cells[i][n]
			}
			line += paint(c.paint, text) + strings.Repeat(" ", max(widths[i]-columns(text), 0)) + columnGap
		}
		lines[n] = strings.TrimRight(line, " ")
	}
	return lines
}

func paint(how func(string) string, text string) string {
	if how == nil {
		return text
	}
	return how(text)
}
