package edits

var politeChat = Edit{
	Title: "no more spam in the chat",
	Why:   "a new package with a new type, and regexp, which the program does not have",
	Rule:  "chat", Version: 2,
	Changes: []Change{{
		File: "logic/chat/filter.go",
		New: `// Package chat makes what players say fit to be heard.
package chat

import (
	"regexp"
	"strings"
)

// Filter replaces what nobody wants to hear.
type Filter struct {
	bad  *regexp.Regexp
	good map[string]string // by what is bad, in lower case
}

// NewFilter returns a filter that knows what to say instead.
func NewFilter(good map[string]string) *Filter {
	var bad []string
	for phrase := range good {
		bad = append(bad, regexp.QuoteMeta(phrase))
	}
	return &Filter{regexp.MustCompile("(?i)" + strings.Join(bad, "|")), good}
}

// Clean replaces all of it.
func (f *Filter) Clean(text string) string {
	return f.bad.ReplaceAllStringFunc(text, func(bad string) string { return f.good[strings.ToLower(bad)] })
}
`,
	}, {
		File: "logic/game/action.go",
		Old: `
	"github.com/gosplice/gosplice/examples/arena/wire"
)
`,
		New: `
	"github.com/gosplice/gosplice/examples/arena/wire"

	"example.com/arena-chain/logic/chat"
)

var spam = chat.NewFilter(map[string]string{"free gold": "a song", "cheap gems": "a story"})
`,
	}, {
		File: "logic/game/action.go",
		Old: `
	return strings.TrimSpace(text), 1
`,
		New: `
	return spam.Clean(strings.TrimSpace(text)), 2
`,
	}},
}
