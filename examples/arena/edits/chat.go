package edits

var politeChat = Edit{
	Title: "no more spam in the chat",
	Why:   "a new type, a new initialised variable, and a package new to the program",
	Rule:  "chat", Version: 2,
	Changes: []Change{{
		File: "game/filter.go",
		New: `package game

import (
	"regexp"
	"strings"
)

// filter replaces what nobody wants to hear.
type filter struct {
	bad  *regexp.Regexp
	good map[string]string // by what is bad, in lower case
}

var spam = newFilter(map[string]string{
	"free gold":  "a song",
	"cheap gems": "a story",
})

func newFilter(good map[string]string) *filter {
	var bad []string
	for phrase := range good {
		bad = append(bad, regexp.QuoteMeta(phrase))
	}
	return &filter{regexp.MustCompile("(?i)" + strings.Join(bad, "|")), good}
}

func (f *filter) clean(text string) string {
	return f.bad.ReplaceAllStringFunc(text, func(bad string) string {
		return f.good[strings.ToLower(bad)]
	})
}
`,
	}, {
		File: "game/action.go",
		Old: `
	return strings.TrimSpace(text), 1
`,
		New: `
	return spam.clean(strings.TrimSpace(text)), 2
`,
	}},
}
