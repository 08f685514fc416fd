package httpstatus

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// What is left out is left out of the answer alone: the status is shared.
func TestWithoutDetails(t *testing.T) {
	where := control.Function{Name: "main.work", File: "/secret/a.go", Line: 3}
	s := &control.Status{
		Hello:      control.Hello{Program: "/secret/server", PatchDir: "/secret/patches"},
		Patches:    []control.Applied{{Version: "1", Changes: []patch.Change{{File: "/secret/a.go", Reason: "see /secret/b.go"}}}},
		Redirected: []control.Function{where}, OldCode: []control.OldCode{{Function: "main.work", Goroutines: 2, Stack: []control.Function{where}}},
		Chains: []control.Chain{{Name: "game", Poisoned: "plugin.Open(\"/secret/x.so\")"}},
	}
	before, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(withoutDetails(s))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got), "secret") || !strings.Contains(string(got), `"main.work"`) || !strings.Contains(string(got), `"Program":"server"`) || !strings.Contains(string(got), "Poisoned") {
		t.Errorf("%s", got)
	}
	if after, err := json.Marshal(s); err != nil || string(after) != string(before) {
		t.Errorf("the status was changed: %s", after)
	}
}
