package corpus

import (
	"os"
	"testing"

	"github.com/gosplice/gosplice/internal/corpus/scenario"
)

// TestLinked edits a program whose linker was told values of variables.
func TestLinked(t *testing.T) {
	s, err := scenario.Read("testdata/linked/values.txtar")
	if err != nil {
		t.Fatal(err)
	}
	flags := []string{"-ldflags=-X main.version=1.2 -X=scenario/lib.Used=1.2 -X 'scenario/lib.Commit=two words' -X main.built=today -X scenario/more.Where=new -X main.computed=never"}
	newRun(t, s, buildWith(t, s, os.Environ(), flags), dimensions[0]).script()
}
