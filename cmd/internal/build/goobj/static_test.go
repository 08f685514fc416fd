package goobj

import "testing"

// TestUniqueMember tells members of an archive apart whose names are cut to the same 16 bytes.
func TestUniqueMember(t *testing.T) {
	seen := map[string]int{}
	var got []string
	for _, name := range []string{"a_amd64.o", "a_very_long_name", "a_very_long_name"} {
		got = append(got, uniqueMember(name, seen))
	}
	if got[0] != "a_amd64.o" || got[1] != "a_very_long_name" || got[2] != "a_very_long_name·2" {
		t.Error(got)
	}
}
