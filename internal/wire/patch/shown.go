package patch

import (
	"slices"
	"strconv"
	"strings"
)

// Shown is a text with the names of symbols as users know them. The compiler escapes dots and some other characters in the
// last element of an import path, as in "example.com/nats%2ego.Connect"; and code that instances of a generic function share
// is named by the shapes of its type arguments, as in "main.pass[go.shape.int]", which stack traces write as "main.pass[...]".
func Shown(text string) string { return withoutShapes(unescaped(text)) }

func unescaped(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if c, ok := escaped(text[i:]); ok && i > 0 && !strings.ContainsRune(" \n\t", rune(text[i-1])) {
			b.WriteByte(c)
			i += len("2e")
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// withoutShapes writes type arguments that are shapes as "[...]". Brackets that do not end stay as they are.
func withoutShapes(text string) string {
	const shapes = "[go.shape."
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, shapes)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		end := closing(after)
		if end < 0 {
			b.WriteString(shapes + after)
			return b.String()
		}
		b.WriteString("[...]")
		text = after[end+1:]
	}
}

// closing is where the bracket ends that was opened before text, and negative if it does not.
func closing(text string) int {
	depth := 1
	for i, c := range text {
		switch c {
		case '[':
			depth++
		case ']':
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

// Show writes the names of symbols in a change as users write them.
func (c *Change) Show() {
	c.Symbol, c.What, c.Reason = Shown(c.Symbol), Shown(c.What), Shown(c.Reason)
	for i, w := range c.WaysOut {
		if s := Shown(w); s != w {
			c.WaysOut = slices.Clone(c.WaysOut)
			c.WaysOut[i] = s
		}
	}
}

// escaped is the character that text begins with in its escaped form, if it is one that the compiler escapes.
func escaped(text string) (c byte, ok bool) {
	if len(text) < 3 || text[0] != '%' || strings.Trim(text[1:3], "0123456789abcdef") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(text[1:3], 16, 8)
	c = byte(n)
	return c, err == nil && (c == '.' || c == '%' || c == '"' || c >= 0x7f)
}
