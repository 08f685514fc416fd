package gotool

import (
	"bufio"
	"bytes"
	"context"
	"path/filepath"
	"regexp"
	"slices"
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
// gives them. known is false for a build with compiler flags of its own, which the question would
// replace.
func (b *Build) ListEscapes(ctx context.Context, overlay string, patterns []string) (packages []Package, escapes []Escape, known bool, err error) {
	own := slices.ContainsFunc(b.Flags, func(f string) bool { return strings.HasPrefix(f, "-gcflags") })
	if own || len(patterns) == 0 {
		packages, err = b.List(ctx, overlay)
		return packages, nil, false, err
	}
	extra := []string{"-export"}
	for _, p := range patterns {
		extra = append(extra, "-gcflags="+p+"=-m")
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

var escapeLine = regexp.MustCompile(`^(.+?):(\d+):\d+: ((?:leaking param|moved to heap).*|.* escapes to heap.*)$`)

// parseEscapes reads the go command's messages: "# package", then the compiler's lines.
func parseEscapes(out []byte) []Escape {
	var escapes []Escape
	pkg := ""
	s := bufio.NewScanner(bytes.NewReader(out))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		if p, ok := strings.CutPrefix(s.Text(), "# "); ok {
			pkg = p
			continue
		}
		m := escapeLine.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		line, err := strconv.Atoi(m[2])
		if err != nil {
			continue
		}
		escapes = append(escapes, Escape{Package: pkg, File: filepath.Base(m[1]), Line: line, Text: m[3]})
	}
	return escapes
}
