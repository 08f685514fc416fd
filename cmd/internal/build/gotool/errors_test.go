package gotool

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestFailureOfCover(t *testing.T) {
	const stderr = `# example.com/m
# [/usr/local/go/pkg/tool/linux_amd64/cover -mode set /src/m/main.go]
2026/11/23 14:03:32 cover: /src/m/main.go: /src/m/main.go:3:16: expected operand, found ')' (and 1 more errors)
`
	var c *CompileError
	if err := failure("", []string{"list"}, stderr, errors.New("exit status 1")); !errors.As(err, &c) {
		t.Fatalf("%T: %v", err, err)
	}
	if want := []string{"/src/m/main.go:3:16: expected operand, found ')' (and 1 more errors)"}; !slices.Equal(c.Lines, want) {
		t.Errorf("lines are %q", c.Lines)
	}
}

// TestCompileErrorFrom names files from where the reader stands.
func TestCompileErrorFrom(t *testing.T) {
	const stderr = "# example.com/m\n./main.go:3:1: no\nlib/lib.go:4:2: never\n\tas said\n/abs/x.go:1:1: nor this\n../other/o.go:2:1: that\n"
	var c *CompileError
	if !errors.As(failure("/src/m", []string{"list"}, stderr, errors.New("exit status 1")), &c) {
		t.Fatal("no compile error")
	}
	for dir, want := range map[string][]string{
		"/src/m":     {"./main.go:3:1: no", "./lib/lib.go:4:2: never\n\tas said", "/abs/x.go:1:1: nor this", "/src/other/o.go:2:1: that"},
		"/src":       {"./m/main.go:3:1: no", "./m/lib/lib.go:4:2: never\n\tas said", "/abs/x.go:1:1: nor this", "./other/o.go:2:1: that"},
		"/elsewhere": {"/src/m/main.go:3:1: no", "/src/m/lib/lib.go:4:2: never\n\tas said", "/abs/x.go:1:1: nor this", "/src/other/o.go:2:1: that"},
	} {
		moved := c.From(dir)
		if !slices.Equal(moved.Lines, want) {
			t.Errorf("from %s: %q", dir, moved.Lines)
		}
		if got := "# example.com/m\n" + strings.Join(want, "\n") + "\n"; moved.Stderr != got {
			t.Errorf("from %s: %q", dir, moved.Stderr)
		}
	}
}
