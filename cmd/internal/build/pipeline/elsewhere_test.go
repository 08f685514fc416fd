package pipeline

import (
	"errors"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

// TestRecordElsewhere tells a directory that lacks the sources from other failures of the go command.
func TestRecordElsewhere(t *testing.T) {
	b := &gotool.Build{Dir: "/src/other", Main: "example.com/server"}
	for first, lacks := range map[string]bool{
		"no required module provides package example.com/server; to add it:":                        true,
		"go.mod file not found in current directory or any parent directory; see 'go help modules'": true,
		"package example.com/server is not in std (/usr/local/go/src/example.com/server)":           true,
		"main module (example.com/other) does not contain package example.com/server":               true,
		"updates to go.mod needed; to update it:":                                                   false,
	} {
		err := elsewhere(&gotool.CommandError{Args: []string{"list"}, First: first}, "bin/server", b)
		if got := strings.Contains(err.Error(), "-C"); got != lacks {
			t.Errorf("%s: %v", first, err)
		}
	}
	if err := errors.New("main module"); elsewhere(err, "bin/server", b) != err {
		t.Error("an error of another kind is replaced")
	}
}
