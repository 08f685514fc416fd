package kept

import "testing"

// Each kind of place, hop and edit has to come up, and lines have to be the same ones in all
// versions.
func TestNewWay(t *testing.T) {
	seen := map[string]bool{}
	for seed := range 600 {
		w := newWay(seed)
		seen[w.edit], seen[w.place.name] = true, true
		for _, h := range w.hops[1:] {
			seen[h.name] = true
		}
		seen["signature"] = seen["signature"] || w.more[0] != w.more[1]
		if again := newWay(seed); again.text != w.text || len(again.script) != len(w.script) {
			t.Fatalf("seed %d makes another way the second time", seed)
		}
		for v := range versions {
			for i, s := range w.spans[v] {
				first := w.spans[0][i]
				if d := w.shift[v] - w.shift[0]; s.hop != first.hop || s.from != first.from+d || s.to != first.to+d {
					t.Fatalf("seed %d: hop %d is at %d in version %d, and at %d in the release", seed, s.hop, s.from, v, first.from)
				}
			}
		}
	}
	for _, name := range append(edits, "signature") {
		if !seen[name] {
			t.Errorf("no edit %q", name)
		}
	}
	for _, p := range append(places, shared) {
		if !seen[p.name] {
			t.Errorf("no place %q", p.name)
		}
	}
	for _, h := range append(hops, far) {
		if !seen[h.name] {
			t.Errorf("no hop %q", h.name)
		}
	}
}
