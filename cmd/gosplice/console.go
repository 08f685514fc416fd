package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/term"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/progress"
	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// console is where a command writes: results on out, progress and errors on err.
type console struct {
	out, err io.Writer
	style    report.Style
	width    int
	// shown says that out is a terminal.
	shown bool
	// live says that err is a terminal, where a progress line can be shown and removed.
	live    bool
	verbose bool
	// messages is how lines on err look, messageWidth the width that they are laid out for.
	messages     report.Style
	messageWidth int
}

// Bounds of the width that reports are laid out for. Output that goes elsewhere than to a
// terminal is usualWidth wide, so that it is the same everywhere.
const (
	narrowWidth = 60
	usualWidth  = 80
	wideWidth   = 120
)

func newConsole(out, err *os.File) *console {
	c := &console{out: out, err: err, live: term.IsTerminal(int(err.Fd())) && os.Getenv("TERM") != "dumb"}
	c.style, c.width = look(out)
	c.shown = term.IsTerminal(int(out.Fd()))
	c.messages, c.messageWidth = look(err)
	return c
}

// look is the style and the width of what is written to a file.
func look(f *os.File) (s report.Style, width int) {
	fd := int(f.Fd())
	if !term.IsTerminal(fd) {
		return s, usualWidth
	}
	// https://no-color.org: any value that is not empty.
	s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(fd); err == nil && width > 0 {
		return s, min(max(width, narrowWidth), wideWidth)
	}
	return s, usualWidth
}

// print writes lines of a result.
func (c *console) print(lines ...string) {
	for _, line := range lines {
		fmt.Fprintln(c.out, line)
	}
}

// printf writes one line of a result.
func (c *console) printf(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

// json writes a result for programs.
func (c *console) json(v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	c.print(escapeUnseen(text))
	return nil
}

// escapeUnseen escapes the characters of JSON that a terminal would act upon, such as those that turn the direction of text.
// They stand in strings alone.
func escapeUnseen(text []byte) string {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// progress starts a progress line, which is nil where nothing can be shown.
func (c *console) progress() *progress.Line {
	if !c.live {
		return nil
	}
	return progress.Start(c.err)
}

// fail reports the error of a command, if there is one, and returns the exit code.
func (c *console) fail(err error) int {
	code := exitCode(err)
	if err == nil || err == errReported {
		return code
	}
	fmt.Fprintln(c.err, "gosplice: "+report.Printable(oneLine(err.Error())))
	if agent := (*control.Error)(nil); errors.As(err, &agent) {
		showInside(c, agent.Inside)
	}
	if c.verbose {
		for _, detail := range details(err) {
			fmt.Fprintln(c.err, indent(report.PrintableLines(detail)))
		}
	}
	return code
}

// oneLine joins the lines of a message.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "\n", " ")), " ")
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n  ")
}
