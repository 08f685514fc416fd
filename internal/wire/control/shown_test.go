package control

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestAnswersShowPaths: no name of a symbol in an answer has its import path escaped. Names of files stay as they are.
func TestAnswersShowPaths(t *testing.T) {
	const name = "github.com/nats-io/nats%2ego.(*Conn).Publish"
	old := []OldCode{{Function: name, Stack: []Function{{Name: name, File: "a%2eb.go"}}}}
	r := &Response{
		Message: "2 in " + name, Detail: name + "()", Inside: old,
		Status: &Status{
			Redirected: []Function{{Name: name}}, OldCodeError: name,
			OldCode: []OldCode{{Function: name}},
			Patches: []Applied{{Changes: []patch.Change{{Symbol: name, What: name, Reason: name, WaysOut: []string{name}}}}},
		},
		Switched: &Switched{
			Message: name, Inits: []string{name}, Resets: []string{name}, Hooks: []string{name}, Warnings: []string{name},
			OldCode: []OldCode{{Function: name}}, OldCodeError: name,
		},
		Journal: []Entry{{Message: "applied " + name}},
	}
	r.show()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if strings.Contains(text, "nats%2ego") || !strings.Contains(text, "nats.go.(*Conn).Publish") || !strings.Contains(text, "a%2eb.go") {
		t.Error(text)
	}
}
