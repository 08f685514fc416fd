package chain

import (
	"strings"
	"testing"
)

// TestOneLine cuts what others say between characters.
func TestOneLine(t *testing.T) {
	if got, want := oneLine("a\n"+strings.Repeat("\u00e9", 300)), "a "+strings.Repeat("\u00e9", 249)+"..."; got != want {
		t.Errorf("%q", got)
	}
	if got, want := oneLine(strings.Repeat("\u4e16", 300)), strings.Repeat("\u4e16", 166)+"..."; got != want {
		t.Errorf("%q", got)
	}
}
