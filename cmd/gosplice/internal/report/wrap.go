package report

import (
	"iter"
	"slices"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// Printable is text in one line, without control characters, which could steer the terminal: text from patch files
// and from other programs is not to be trusted, and must not look like lines of the command's own.
func Printable(text string) string {
	return strings.ReplaceAll(PrintableLines(text), "\n", " ")
}

// PrintableLines is Printable for text of several lines, which the caller moves in.
func PrintableLines(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// cells knows how many columns of a terminal characters take: Chinese ones two, marks that are set above others none. What
// takes one column or two, depending on the font, counts as one in every locale.
var cells = &runewidth.Condition{StrictEmojiNeutral: true}

// columns is how many columns text takes.
func columns(text string) int { return cells.StringWidth(text) }

// Columns is how many columns of a terminal text takes.
func Columns(text string) int { return columns(text) }

// wrap breaks text into lines of at most width columns, at spaces where it can. There is at
// least one line.
func wrap(text string, width int) []string {
	var lines []string
	for line := range wholeLines(text, width) {
		for columns(line) > width {
			head, tail := breakWord(line, width)
			lines = append(lines, head)
			line = tail
		}
		lines = append(lines, line)
	}
	return lines
}

// wrapWhole is wrap that leaves words whole which are longer than a line: names are searched for and copied.
func wrapWhole(text string, width int) []string { return slices.Collect(wholeLines(text, width)) }

// wholeLines are the lines of text, of several words as far as width goes.
func wholeLines(text string, width int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for paragraph := range strings.SplitSeq(text, "\n") {
			for _, line := range wrapWords(strings.Fields(paragraph), width) {
				if !yield(line) {
					return
				}
			}
		}
	}
}

// Wrapped breaks text into lines of at most width columns, but never into very narrow ones, and leaves words whole.
func Wrapped(text string, width int) []string { return wrapWhole(text, max(width, narrowest)) }

// wrapWords puts words on lines.
func wrapWords(words []string, width int) []string {
	line := ""
	var lines []string
	for _, word := range words {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// breakWord cuts a word that is longer than width, after the last mark between parts of a
// symbol or a path that fits.
func breakWord(word string, width int) (head, tail string) {
	runes := []rune(word)
	cut := 0
	for n := 0; cut < len(runes) && n+cells.RuneWidth(runes[cut]) <= width; cut++ {
		n += cells.RuneWidth(runes[cut])
	}
	cut = max(cut, 1)
	for i := cut; i > cut/2; i-- {
		if strings.ContainsRune("./)],;·-", runes[i-1]) {
			cut = i
			break
		}
	}
	return string(runes[:cut]), string(runes[cut:])
}

// join puts parts on one line, and on as many lines as it takes when they don't fit.
func join(parts []string, gap string, width int) []string {
	var lines []string
	line := ""
	for _, part := range parts {
		switch {
		case part == "":
		case line == "":
			line = part
		case columns(line)+len(gap)+columns(part) <= width:
			line += gap + part
		default:
			lines = append(lines, line)
			line = part
		}
	}
	return append(lines, line)
}

// Text lays paragraphs out in width columns. Indented lines stay as they are.
func Text(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if lines != nil {
			lines = append(lines, "")
		}
		if strings.HasPrefix(paragraph, " ") {
			lines = append(lines, strings.Split(paragraph, "\n")...)
		} else {
			lines = append(lines, wrapWords(strings.Fields(paragraph), width)...)
		}
	}
	return lines
}
