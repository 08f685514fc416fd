package edit

import (
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// TestFieldThatDiffers compares fields with those of a type of 24 bytes, at 0, 8 and 16.
func TestFieldThatDiffers(t *testing.T) {
	was := &release.NamedType{Size: 24, Offsets: []uint64{0, 8, 16}, Fields: []uint32{1, 2, 3}}
	for _, c := range []struct {
		names  []string
		at     []uint64
		fields []uint32
		size   uint64
		want   string
	}{
		{[]string{"a", "b", "c"}, []uint64{0, 8, 24}, []uint32{1, 2, 3}, 32, "field c, number 3, is at offset 24, and field 3 of the running program's at 16"},
		{[]string{"a", "b", "c", "d"}, []uint64{0, 8, 16, 24}, []uint32{1, 2, 3}, 32, "field d comes after the 3 fields of the running program's"},
		{[]string{"a", "b"}, []uint64{0, 8}, []uint32{1, 2, 3}, 16, "field b is the last, and the running program's has 1 more"},
		{[]string{"a", "b", "c"}, []uint64{0, 8, 16}, []uint32{1, 2, 3}, 32, "field c is the last, and a value takes 32 bytes, and 24 in the running program"},
		{[]string{"a", "b", "c"}, []uint64{0, 8, 16}, []uint32{1, 2, 3}, 24, "its fields are where those of the running program's are, and one has another name, type or tag"},
		{[]string{"a", "b", "c"}, []uint64{0, 8, 16}, []uint32{1, 5, 3}, 24, "field b, number 2, is where field 2 of the running program's is, and has another name, type or tag"},
		{nil, nil, nil, 8, ""},
	} {
		if got := fieldThatDiffers(was, c.names, c.at, c.fields, c.size); got != c.want {
			t.Errorf("%v at %v, %d bytes: %q", c.names, c.at, c.size, got)
		}
	}
}
