package edits

import (
	"go/parser"
	"go/token"
	"os/exec"
	"strings"
	"testing"
)

func TestEditsFitTheModule(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", Module).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := []Edit{Renamed, Largest, Buffers, Tidy, Closed, Busiest, Farewell}
	sets := [][]Edit{all}
	for i := range all {
		sets = append(sets, all[i:i+1])
	}
	for _, set := range sets {
		texts, err := edited(strings.TrimSpace(string(dir)), set)
		if err != nil {
			t.Error(err)
		}
		for file, text := range texts {
			if _, err := parser.ParseFile(token.NewFileSet(), file, text, 0); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestAnEditThatDoesNotFit(t *testing.T) {
	e := Edit{Name: "none", Changes: []Change{{File: "gone.go", Old: "a", New: "b"}}}
	if _, err := edited(t.TempDir(), []Edit{e}); err == nil {
		t.Error("the edit of a file that is not there was made")
	}
}
