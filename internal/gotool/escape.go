package gotool

import (
	"bytes"
	"context"
	"path/filepath"
	"strconv"
	"strings"
)

// Escape is one line of the compiler's escape analysis: what of a function's arguments outlives
// the call, and which variables are on the heap.
type Escape struct {
	Package string // import path
	File    string // base name
	Line    int
	Text    string // such as "leaking param: p"
}

// ListEscapes is List, and asks the compiler for its escape analysis of the packages that the
// patterns match. It does not change the objects: they keep the content that plain compilation
// gives them. known is false when there are no patterns.
func (b *Build) ListEscapes(ctx context.Context, overlay string, patterns []string) (packages []Package, escapes []Escape, known bool, err error) {
	if len(patterns) == 0 {
		packages, err = b.List(ctx, overlay)
		return packages, nil, false, err
	}
	var own []string
	for _, f := range b.Flags {
		if v, ok := strings.CutPrefix(f, "-gcflags="); ok {
			own = append(own, v)
		}
	}
	extra := []string{"-export"}
	for _, v := range analysing(own, patterns) {
		extra = append(extra, "-gcflags="+v)
	}
	var messages bytes.Buffer
	if packages, err = b.list(ctx, overlay, extra, &messages); err != nil {
		// Without the analysis of other packages between them the compiler's errors can be read.
		if _, plain := b.List(ctx, overlay); plain != nil {
			err = plain
		}
		return nil, nil, false, err
	}
	return packages, parseEscapes(messages.Bytes()), true, nil
}

// parseEscapes reads the go command's messages: "# package", then the compiler's lines.
func parseEscapes(out []byte) []Escape {
	var escapes []Escape
	pkg := ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\r\n")
		if p, ok := strings.CutPrefix(line, "# "); ok {
			pkg, _, _ = strings.Cut(p, " [") // compiled for a test
			continue
		}
		if e, ok := parseEscape(line); ok {
			e.Package = pkg
			escapes = append(escapes, e)
		}
	}
	return escapes
}

// parseEscape reads a line of the form file:line:column: text, if its text is about escapes. The first
// thing that looks like a position is one, whatever the file's name holds.
func parseEscape(line string) (e Escape, ok bool) {
	for at := 0; ; {
		i := strings.Index(line[at:], ": ")
		if i < 0 {
			return e, false
		}
		at += i + len(": ")
		file, number, found := cutPosition(line[:at-len(": ")])
		if !found {
			continue
		}
		text := line[at:]
		about := strings.HasPrefix(text, "leaking param") || strings.HasPrefix(text, "moved to heap") || strings.Contains(text, " escapes to heap")
		return Escape{File: filepath.Base(file), Line: number, Text: text}, about
	}
}

// cutPosition splits file:line:column.
func cutPosition(text string) (file string, line int, ok bool) {
	column := strings.LastIndexByte(text, ':')
	if column < 0 {
		return "", 0, false
	}
	colon := strings.LastIndexByte(text[:column], ':')
	if colon <= 0 {
		return "", 0, false
	}
	line, lineErr := strconv.Atoi(text[colon+1 : column])
	_, columnErr := strconv.Atoi(text[column+1:])
	return text[:colon], line, lineErr == nil && columnErr == nil
}
