package report

import "strings"

// Fields are named values, one a line, the values aligned and wrapped beside their names.
type Fields struct {
	names, values []string
}

// Add adds a value, unless it is empty.
func (f *Fields) Add(name, value string) {
	if value != "" {
		f.names, f.values = append(f.names, name), append(f.values, Printable(value))
	}
}

// Lines lays the fields out in width columns.
func (f *Fields) Lines(s Style, width int) []string {
	const indent = 2
	widest := 0
	for _, name := range f.names {
		widest = max(widest, columns(name))
	}
	start := indent + widest + len(columnGap)
	var lines []string
	for i, name := range f.names {
		for n, text := range wrap(f.values[i], max(width-start, narrowest)) {
			if n > 0 {
				name = ""
			}
			fill := strings.Repeat(" ", widest-columns(name))
			lines = append(lines, strings.Repeat(" ", indent)+s.Dim(name)+fill+columnGap+text)
		}
	}
	return lines
}
