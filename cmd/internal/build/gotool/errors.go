package gotool

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// UnsupportedError says that a program was built in a way that gosplice can't patch yet.
type UnsupportedError struct {
	What string // the property, such as "build mode"
	Have string // its value in this program, such as "pie"
	Do   string // what to do instead
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s %s is not supported: %s", e.What, e.Have, e.Do)
}

// ToolchainError says that the go command at hand is not the one that built the program.
type ToolchainError struct {
	What       string // "go command" or "GOEXPERIMENT"
	Have, Want string
	Do         string
}

func (e *ToolchainError) Error() string {
	return fmt.Sprintf("the program was built with %s %s, here it is %s: %s", e.What, orNone(e.Want), orNone(e.Have), e.Do)
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// CompileError says that the sources don't compile.
type CompileError struct {
	// Package is the import path of the first package that failed, if the go command named it.
	Package string
	// Lines are the messages of the compiler and of the go command, "file:line:col: message",
	// with file names relative to the directory of the build.
	Lines []string
	// Stderr is all that the go command wrote.
	Stderr string
	// Dir is the directory of the build, empty for the one of the process.
	Dir string
}

// From is the error with file names relative to another directory than that of the build.
func (e *CompileError) From(dir string) *CompileError {
	from, err := filepath.Abs(e.Dir)
	if err != nil {
		return e
	}
	moved := *e
	moved.Dir, moved.Lines = dir, slices.Clone(e.Lines)
	for i, line := range moved.Lines {
		moved.Lines[i] = nameFrom(line, from, dir)
	}
	lines := strings.SplitAfter(e.Stderr, "\n")
	for i, line := range lines {
		lines[i] = nameFrom(line, from, dir)
	}
	moved.Stderr = strings.Join(lines, "")
	return &moved
}

// nameFrom gives a message about a place in a file, whose name is relative to a directory, the name from another one. What
// is not below that keeps its whole name.
func nameFrom(line, from, dir string) string {
	at := sourcePosition.FindString(line)
	name, _, _ := strings.Cut(at, ":")
	if at == "" || filepath.IsAbs(name) {
		return line
	}
	whole := filepath.Join(from, filepath.FromSlash(name))
	if below, err := filepath.Rel(dir, whole); err == nil && filepath.IsLocal(below) {
		whole = "." + string(filepath.Separator) + below
	}
	return whole + line[len(name):]
}

// Error is the first message and the number of others; Lines has all.
func (e *CompileError) Error() string {
	first := strings.Join(strings.Fields(e.Lines[0]), " ")
	if n := len(e.Lines) - 1; n > 0 {
		return fmt.Sprintf("%s (and %d more)", first, n)
	}
	return first
}

// Detail is all that the go command wrote.
func (e *CompileError) Detail() string { return e.Stderr }

// CommandError says that the go command failed for another reason than the sources.
type CommandError struct {
	Args   []string // of the go command
	Err    error    // how it ended
	First  string   // line that says why, if any
	Stderr string
}

func (e *CommandError) Error() string {
	if e.First != "" {
		return fmt.Sprintf("go %s: %s", e.Args[0], e.First)
	}
	return fmt.Sprintf("go %s: %v", e.Args[0], e.Err)
}

// Detail is all that the go command wrote.
func (e *CommandError) Detail() string { return e.Stderr }

func (e *CommandError) Unwrap() error { return e.Err }

// sourcePosition starts a message about a place in a source file.
var sourcePosition = regexp.MustCompile(`^\S[^:]*:\d+(:\d+)?: `)

// coverPosition starts a message of the tool that prepares sources for -cover, which can't parse one, before its own
// position.
var coverPosition = regexp.MustCompile(`^[\d/]+ [\d:]+ cover: [^:]+: `)

// failure turns what the go command wrote before it failed in a directory into an error.
func failure(dir string, args []string, stderr string, err error) error {
	compile := &CompileError{Stderr: stderr, Dir: dir}
	var rest []string
	for line := range strings.Lines(stderr) {
		line = strings.TrimRight(line, "\r\n")
		if at := coverPosition.FindString(line); sourcePosition.MatchString(line[len(at):]) {
			line = line[len(at):]
		}
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "go: downloading "):
		case strings.HasPrefix(line, "# "):
			if compile.Package == "" {
				compile.Package = strings.TrimPrefix(line, "# ")
			}
		case sourcePosition.MatchString(line):
			compile.Lines = append(compile.Lines, line)
		case strings.HasPrefix(line, "\t") && len(compile.Lines) > 0:
			// The compiler indents what belongs to the message before.
			compile.Lines[len(compile.Lines)-1] += "\n" + line
		default:
			rest = append(rest, line)
		}
	}
	switch {
	case len(compile.Lines) > 0:
		return compile
	case compile.Package != "" && len(rest) > 0:
		// The linker and the C compiler have no positions in Go files.
		compile.Lines = rest
		return compile
	case len(rest) > 0:
		first := strings.TrimPrefix(strings.TrimSpace(rest[0]), "go: ")
		return &CommandError{Args: args, Err: err, First: first, Stderr: stderr}
	}
	return &CommandError{Args: args, Err: err, Stderr: stderr}
}
