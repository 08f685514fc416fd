package gotool

import (
	"slices"
	"testing"
)

// A quick build trades memory for time, unless the user has chosen either.
func TestQuickEnviron(t *testing.T) {
	for _, c := range []struct {
		gogc, limit string
		quick, want bool
	}{
		{"", "", true, true},
		{"", "", false, false},
		{"50", "", true, false},
		{"", "1GiB", true, false},
	} {
		t.Setenv("GOGC", c.gogc)
		t.Setenv("GOMEMLIMIT", c.limit)
		env := (&Build{Quick: c.quick}).environ()
		if got := slices.Contains(env, "GOGC=off") && slices.Contains(env, "GOMEMLIMIT="+quickMemory); got != c.want {
			t.Errorf("%+v: quick is %t", c, got)
		}
	}
}
