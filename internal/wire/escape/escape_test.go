package escape

import (
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	got := Of([]Flow{{2, 'r', 1, 0}, {2, 'h', 0, 2}, {0, 'm', 0, 0}, {2, 'h', 0, 1}, {2, 'h', 0, 1}})
	if want := Keeps("0:m0 2:h1,r1.0"); got != want {
		t.Fatalf("got %q, want %q", got, want)
	}
	flows, known := got.Flows()
	if want := []Flow{{0, 'm', 0, 0}, {2, 'h', 0, 1}, {2, 'r', 1, 0}}; !known || !slices.Equal(flows, want) {
		t.Errorf("got %v %t, want %v", flows, known, want)
	}
}

func TestMore(t *testing.T) {
	tests := []struct {
		name     string
		old, new Keeps
		want     bool
	}{
		{"nothing", "", "", false},
		{"less", "1:h0", "", false},
		{"more", "", "1:h0", true},
		{"the content of what was kept", "1:h0", "1:h1", false},
		{"the whole of what was looked into", "1:h1", "1:h0", true},
		{"the next but one", "1:h2", "1:h1", true},
		{"another parameter", "1:h0", "2:h0", true},
		{"the receiver", "1:h0", "0:h0 1:h0", true},
		{"returned, and was kept", "1:h0", "1:r0.0", false},
		{"kept, and was returned", "1:r0.0", "1:h0", true},
		{"another result", "1:r0.0", "1:r1.0", true},
		{"written, and was not", "1:c0", "1:m0", true},
		{"called, and was not", "1:m0", "1:c0,m0", true},
		{"written, and was kept", "1:h0", "1:m0", false},
		{"anything", "1:h0", "?a", true},
		{"unknown, and the same", "?a", "?a", false},
		{"unknown, and another", "?a", "?b", true},
		{"known to do nothing, and was unknown", "?a", "", false},
		{"known to keep, and was unknown", "?a", "1:h0", true},
		{"no text of ours", "", "1", true},
	}
	for _, tt := range tests {
		if _, got := tt.new.More(tt.old); got != tt.want {
			t.Errorf("%s: %t, want %t", tt.name, got, tt.want)
		}
	}
}

func TestMoved(t *testing.T) {
	place := func(key string, n int, ambiguous bool) Place { return Place{key, n, ambiguous} }
	of := func(places ...Place) Places {
		m := map[string]Place{}
		for _, p := range places {
			m[p.Key] = p
		}
		return PlacesOf(m)
	}
	tests := []struct {
		name     string
		old, new Places
		want     []string
	}{
		{"none", "", "", nil},
		{"the same", of(place("4n", 1, false)), of(place("4n", 1, false)), nil},
		{"to the stack", of(place("4n", 1, false)), "", nil},
		{"to the heap", "", of(place("4n", 1, false)), []string{"4n"}},
		{"another one", of(place("4n", 1, false)), of(place("5n", 1, false)), []string{"5n"}},
		{"one more of a key", of(place("7x", 1, false)), of(place("7x", 2, false)), []string{"7x"}},
		{"one of two, nobody knows which", of(place("7x", 1, true)), of(place("7x", 1, true)), []string{"7x"}},
		{"a string that is copied now", of(place("z3", 1, false)), "", []string{"z3"}},
		{"a string that is shared now", "", of(place("z3", 1, false)), nil},
	}
	for _, tt := range tests {
		if got := tt.new.Moved(tt.old); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// FuzzKeeps compares texts that come with patch files.
func FuzzKeeps(f *testing.F) {
	f.Add("0:m0 2:h1,r1.0", "?x")
	f.Add("1:", "1:r")
	f.Fuzz(func(t *testing.T, a, b string) {
		Keeps(a).More(Keeps(b))
		Places(a).Moved(Places(b))
		if flows, known := Keeps(a).Flows(); known && Of(flows) != Keeps(a) {
			if again, _ := Of(flows).Flows(); len(again) > len(flows) {
				t.Errorf("%q has %d flows, and %d when it is written again", a, len(flows), len(again))
			}
		}
	})
}
