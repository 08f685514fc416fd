package patch

import "testing"

func TestKeepsMore(t *testing.T) {
	tests := []struct {
		name     string
		old, new []string
		want     bool
	}{
		{"nothing", nil, nil, false},
		{"less", []string{"leaking param: p"}, nil, false},
		{"more", nil, []string{"leaking param: p"}, true},
		{"the content of what was kept", []string{"leaking param: p"}, []string{"leaking param content: p"}, false},
		{"the whole of what was looked into", []string{"leaking param content: p"}, []string{"leaking param: p"}, true},
		{"anything", []string{LeaksUnknown}, []string{LeaksUnknown}, true},
		{"unknown, and the same", []string{LeaksUnknownOf("a")}, []string{LeaksUnknownOf("a")}, false},
		{"unknown, and another", []string{LeaksUnknownOf("a")}, []string{LeaksUnknownOf("b")}, true},
		{"unknown after something", []string{"leaking param: unknown"}, []string{LeaksUnknownOf("a")}, true},
	}
	for _, tt := range tests {
		if got := KeepsMore(tt.old, tt.new); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}
