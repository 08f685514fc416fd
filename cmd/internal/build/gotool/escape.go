package gotool

import (
	"bytes"
	"context"
	"path/filepath"
	"strconv"
	"strings"
)

// escapeFlags have the compiler print its escape analysis, with the flows that led to each decision and
// with what a function does to its arguments beside keeping them.
const escapeFlags = "-m=2 -d=escapemutationscalls=1"

// EscapeKind says what a line of the escape analysis decides.
type EscapeKind uint8

// Kinds of lines.
const (
	// OnHeap is a place that is allocated on the heap: a variable, a literal, a conversion.
	OnHeap EscapeKind = iota + 1
	// OnStack is a place, other than a variable, that may be on the stack.
	OnStack
	// LeaksParam is a parameter whose value outlives the call.
	LeaksParam
	// MutatesParam is a parameter through which the function writes.
	MutatesParam
	// CallsParam is a parameter that the function calls.
	CallsParam
	// ReturnsParam is a parameter whose value is returned. It is printed for all functions but generic ones and
	// those that the compiler makes.
	ReturnsParam
	// SharesString is a conversion of a string to bytes that takes the string's own memory.
	SharesString
	// Captured is a variable that a closure captures.
	Captured
)

// Ways to capture a variable.
const (
	ByValue     = "value"
	ByReference = "ref"
)

// Escape is one decision of the compiler's escape analysis.
type Escape struct {
	Package      string // import path of what was compiled
	File         string // absolute, or as the compiler names it
	Line, Column int    // of the place or the parameter; where it was inlined, of the outermost call. From column 255 on it is 0.
	Kind         EscapeKind
	// Text is the place as the compiler prints it, such as "&T{...}", or the parameter's name.
	Text string
	// Func is the function that is compiled, as its symbol is called within its package. It is set for
	// OnHeap and LeaksParam, and for Captured, where it is the one that the variable belongs to.
	Func string
	// To is where a parameter leaks to: Heap, or the name of a result. Of a captured variable it is how it is captured.
	To string
	// Derefs is how often the parameter is dereferenced on the way.
	Derefs int
	// Why is the last step of the flow, such as "last = p (assign)", and At its place, such as "a.go:12:3".
	Why, At string
}

// Heap is the destination of what outlives its function other than in a result.
const Heap = "{heap}"

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
	return packages, parseEscapes(messages.Bytes(), b.Dir), true, nil
}

// parseEscapes reads the go command's messages: "# package", then the compiler's lines. Names of files
// are relative to dir.
func parseEscapes(out []byte, dir string) []Escape {
	var escapes []Escape
	pkg := ""
	captured := map[Escape]bool{} // printed for each closure
	flow := -1                    // index of the decision that lines of a flow explain
	for line := range strings.Lines(string(out)) {
		line = strings.TrimRight(line, "\r\n")
		if p, ok := strings.CutPrefix(line, "# "); ok {
			pkg, _, _ = strings.Cut(p, " [") // compiled for a test
			flow = -1
			continue
		}
		at, text, ok := cutMessage(line)
		if !ok {
			continue
		}
		if step, ok := strings.CutPrefix(text, "    from "); ok {
			if flow >= 0 {
				escapes[flow].Why, escapes[flow].At = cutStep(step)
			}
			continue
		}
		if strings.HasPrefix(text, "  flow: ") {
			continue
		}
		flow = -1
		e, ok := parseDecision(text)
		if !ok {
			continue
		}
		e.Package, e.File, e.Line, e.Column = pkg, at.file, at.line, at.column
		if dir != "" && !filepath.IsAbs(e.File) {
			e.File = filepath.Join(dir, e.File)
		}
		if e.Kind == Captured {
			if captured[e] {
				continue
			}
			captured[e] = true
		}
		if e.Kind == OnHeap || e.Kind == LeaksParam {
			flow = len(escapes)
		}
		escapes = append(escapes, e)
	}
	return escapes
}

// cutStep splits "EXPRESSION (REASON) at FILE:LINE:COLUMN", and names the file without its directory.
func cutStep(step string) (why, at string) {
	i := strings.LastIndex(step, " at ")
	if i < 0 {
		return step, ""
	}
	return step[:i], filepath.Base(step[i+len(" at "):])
}

// parseDecision reads a message without its position. Decisions are also printed in a shorter form, which
// says nothing of the function that is compiled; those of kinds that need it are left out.
func parseDecision(text string) (e Escape, ok bool) {
	const param, leaks, derefs = "parameter ", " leaks to ", " with derefs="
	if rest, found := strings.CutPrefix(text, param); found {
		name, rest, ok1 := strings.Cut(rest, leaks)
		i := strings.LastIndex(rest, derefs)
		if !ok1 || i < 0 {
			return e, false
		}
		n, err := strconv.Atoi(strings.TrimSuffix(rest[i+len(derefs):], ":"))
		to, in, ok2 := cutLast(rest[:i], " for ")
		return Escape{Kind: LeaksParam, Text: name, To: to, Func: withoutContent(in), Derefs: n}, ok2 && err == nil
	}
	if rest, found := strings.CutPrefix(text, "leaking param: "); found {
		name, rest, ok1 := cutLast(rest, " to result ")
		to, level, ok2 := cutLast(rest, " level=")
		n, err := strconv.Atoi(level)
		return Escape{Kind: ReturnsParam, Text: name, To: to, Derefs: n}, ok1 && ok2 && err == nil
	}
	for prefix, kind := range map[string]EscapeKind{"mutates param: ": MutatesParam, "calls param: ": CallsParam} {
		if rest, found := strings.CutPrefix(text, prefix); found {
			name, number, ok := cutLast(rest, " derefs=")
			n, err := strconv.Atoi(number)
			return Escape{Kind: kind, Text: name, Derefs: n}, ok && err == nil
		}
	}
	if in, rest, found := strings.Cut(text, " capturing by "); found {
		how, rest, ok1 := strings.Cut(rest, ": ")
		name, _, ok2 := cutLast(rest, " (addr=")
		return Escape{Kind: Captured, Text: name, To: how, Func: withoutContent(in)}, ok1 && ok2 && (how == ByValue || how == ByReference)
	}
	if text == "zero-copy string->[]byte conversion" {
		return Escape{Kind: SharesString, Text: text}, true
	}
	if place, in, found := cutLast(text, " escapes to heap in "); found && strings.HasSuffix(in, ":") {
		return Escape{Kind: OnHeap, Text: place, Func: withoutContent(strings.TrimSuffix(in, ":"))}, true
	}
	if place, found := strings.CutSuffix(text, " does not escape"); found {
		return Escape{Kind: OnStack, Text: place}, true
	}
	return e, false
}

// withoutContent is the name of a function without the hash by which Go 1.27 tells copies of function literals apart,
// as in "all.func1#s4obnG1cEaI=#".
func withoutContent(function string) string {
	if !strings.HasSuffix(function, "#") {
		return function
	}
	name, _, _ := cutLast(strings.TrimSuffix(function, "#"), "#")
	return name
}

// cutLast is strings.Cut at the last occurrence of sep.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// position is a place in a file as the compiler names it.
type position struct {
	file         string
	line, column int
}

// cutMessage splits a line of the form file:line:column: text. The first thing that looks like a position is
// one, whatever the file's name holds.
func cutMessage(line string) (at position, text string, ok bool) {
	for from := 0; ; {
		i := strings.Index(line[from:], ": ")
		if i < 0 {
			return at, "", false
		}
		from += i + len(": ")
		if at, ok = parsePosition(line[:from-len(": ")]); ok {
			return at, line[from:], true
		}
	}
}

// parsePosition reads file:line:column, or file:line, as the compiler prints positions behind column 254.
func parsePosition(text string) (at position, ok bool) {
	before, last, ok := cutNumber(text)
	if !ok {
		return at, false
	}
	if file, line, ok := cutNumber(before); ok {
		return position{file, line, last}, true
	}
	return position{before, last, 0}, true
}

// cutNumber splits text:number.
func cutNumber(text string) (before string, number int, ok bool) {
	i := strings.LastIndexByte(text, ':')
	if i <= 0 {
		return "", 0, false
	}
	number, err := strconv.Atoi(text[i+1:])
	return text[:i], number, err == nil
}
