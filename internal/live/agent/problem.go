package agent

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// problem is an error with what a command needs to report it. Its message is one line: what
// happened, to which symbol in which file, what to do next.
type problem struct {
	code    control.Code
	reason  string
	message string
	detail  string // further lines, or empty
	inside  []control.OldCode
}

func (p *problem) Error() string { return p.message }

func refused(reason, format string, args ...any) *problem {
	return &problem{code: control.Refused, reason: reason, message: fmt.Sprintf(format, args...)}
}

func failed(reason, format string, args ...any) *problem {
	return &problem{code: control.Failed, reason: reason, message: fmt.Sprintf(format, args...)}
}

// malformed is the refusal of a patch that contradicts itself or this process.
func malformed(format string, args ...any) *problem {
	return refused(control.ReasonMalformed, "malformed patch: "+format+": make the patch again", args...)
}

// problemOf returns err as a problem; what is none is a failure without a reason.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		return p
	}
	return failed("", "%v", err)
}

const (
	// longestWord and longestMessage are how many bytes of what others say are told, in answers, the journal and the log.
	longestWord    = 256
	longestMessage = 2048
)

// bounded is text as one line of at most some bytes, of characters that can be seen.
func bounded(text string, most int) string {
	var b strings.Builder
	for _, r := range text {
		shown := string(r)
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			shown = " "
		case !unicode.IsPrint(r):
			shown = strings.Trim(strconv.QuoteRuneToASCII(r), "'")
		}
		if b.Len()+len(shown) > most-len("...") {
			b.WriteString("...")
			break
		}
		b.WriteString(shown)
	}
	return b.String()
}

// oneLine is what code of the program or of a patch says, for messages.
func oneLine(v any) string { return strings.Join(strings.Fields(fmt.Sprint(v)), " ") }

// at returns " (file:line)" for messages, or nothing when the place is not known.
func at(file string, line int) string {
	if file == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", file, line)
}
