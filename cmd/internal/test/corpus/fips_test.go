package corpus

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
)

// TestFIPS edits programs that are built to use Go's FIPS 140 module, and so check it when they start.
func TestFIPS(t *testing.T) {
	paths, err := filepath.Glob("testdata/fips/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, path := range paths {
		s, err := scenario.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			b := buildWith(t, s, append(os.Environ(), "GOFIPS140=latest"), nil)
			newRun(t, s, b, dimensions[0]).script()
		})
	}
}
