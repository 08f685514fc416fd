package edits_test

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"testing"

	chained "github.com/gosplice/gosplice/examples/arena-chain/edits"
	"github.com/gosplice/gosplice/examples/arena/edits"
)

// TestEdits makes every edit in a copy, checks that what it makes looks as gofmt would have it, and
// takes back those that can be.
func TestEdits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "arena-chain")
	if err := edits.CopyExample(dir, "../../..", "arena-chain"); err != nil {
		t.Fatal(err)
	}
	var all []edits.Edit
	all = append(all, chained.Versions...)
	all = append(all, chained.Unfit, chained.Undo(chained.Unfit), chained.Faulty, chained.Undo(chained.Faulty))
	for _, e := range all {
		if err := e.Apply(dir); err != nil {
			t.Fatal(err)
		}
		for _, c := range e.Changes {
			text, err := os.ReadFile(filepath.Join(dir, c.File))
			if err != nil {
				t.Fatal(err)
			}
			formatted, err := format.Source(text)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(text, formatted) {
				t.Errorf("%s: %s is not formatted", e.Title, c.File)
			}
		}
	}
}
