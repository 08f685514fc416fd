package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable replaces control characters, which could steer the terminal, by the replacement
// character: text from patch files and from other programs is not to be trusted.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// columns is how many columns text takes.
func columns(text string) int { return utf8.RuneCountInString(text) }

// wrap breaks text into lines of at most width columns, at spaces where it can. There is at
// least one line.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, wrapWords(strings.Fields(paragraph), width)...)
	}
	return lines
}

// Wrapped breaks text into lines of at most width columns, but never into very narrow ones.
func Wrapped(text string, width int) []string { return wrap(text, max(width, narrowest)) }

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
		for columns(line) > width {
			head, tail := breakWord(line, width)
			lines = append(lines, head)
			line = tail
		}
	}
	return append(lines, line)
}

// breakWord cuts a word that is longer than width, after the last mark between parts of a
// symbol or a path that fits.
func breakWord(word string, width int) (head, tail string) {
	runes := []rune(word)
	cut := max(width, 1)
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
