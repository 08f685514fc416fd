package goobj

import (
	"reflect"
	"testing"
)

// TestStackDepths decodes the table of a function: 0 up to 4, 408 up to 60, 0 to its end, then bytes of no table.
func TestStackDepths(t *testing.T) {
	table := []byte{2, 4, 0xb0, 6, 56, 0xaf, 6, 1, 0, 9, 9}
	want := []StackDepth{{4, 0}, {60, 408}, {61, 0}}
	if got := stackDepths(table, 1); !reflect.DeepEqual(got, want) {
		t.Error(got)
	}
	if got := stackDepths(table, 4); got[2].End != 4*61 {
		t.Error(got)
	}
	for n := range table {
		stackDepths(table[:n], 1) // must end
	}
}
