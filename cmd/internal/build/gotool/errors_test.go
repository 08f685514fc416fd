package gotool

import (
	"errors"
	"slices"
	"testing"
)

func TestFailureOfCover(t *testing.T) {
	const stderr = `# example.com/m
# [/usr/local/go/pkg/tool/linux_amd64/cover -mode set /src/m/main.go]
2026/11/23 14:03:32 cover: /src/m/main.go: /src/m/main.go:3:16: expected operand, found ')' (and 1 more errors)
`
	var c *CompileError
	if err := failure([]string{"list"}, stderr, errors.New("exit status 1")); !errors.As(err, &c) {
		t.Fatalf("%T: %v", err, err)
	}
	if want := []string{"/src/m/main.go:3:16: expected operand, found ')' (and 1 more errors)"}; !slices.Equal(c.Lines, want) {
		t.Errorf("lines are %q", c.Lines)
	}
}
