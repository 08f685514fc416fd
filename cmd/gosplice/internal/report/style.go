// Package report is how gosplice looks: the words and columns of plans, tables and numbers.
// What it returns is text to be printed; it decides nothing.
package report

// Style colours text, or leaves it as it is. The sixteen colours of the terminal are used,
// so that they fit the user's own theme.
type Style struct {
	Color bool
}

func (s Style) sgr(code, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Style) Bold(text string) string   { return s.sgr("1", text) }
func (s Style) Dim(text string) string    { return s.sgr("2", text) }
func (s Style) Red(text string) string    { return s.sgr("31", text) }
func (s Style) Green(text string) string  { return s.sgr("32", text) }
func (s Style) Yellow(text string) string { return s.sgr("33", text) }
func (s Style) Cyan(text string) string   { return s.sgr("36", text) }
