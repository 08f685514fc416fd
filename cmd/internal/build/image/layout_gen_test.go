package image

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
)

// formatLayout writes a layout as the tables in cmd/internal/build/gorelease have it.
func formatLayout(m map[string]uint64) string {
	var lines []string
	for k, v := range m {
		lines = append(lines, fmt.Sprintf("%s %d\n", k, v))
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// TestWriteLayout makes a table anew from a program with DWARF:
// GOSPLICE_LAYOUT_FROM=program GOSPLICE_LAYOUT_TO=layout-amd64.txt go test -run WriteLayout
func TestWriteLayout(t *testing.T) {
	from, to := os.Getenv("GOSPLICE_LAYOUT_FROM"), os.Getenv("GOSPLICE_LAYOUT_TO")
	if from == "" || to == "" {
		t.Skip("makes a table on request only: set GOSPLICE_LAYOUT_FROM and GOSPLICE_LAYOUT_TO")
	}
	f, err := Open(from, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, []byte(formatLayout(f.Layout)), 0o666); err != nil {
		t.Fatal(err)
	}
}
