package splice

import "testing"

func TestParseMaps(t *testing.T) {
	maps, err := parseMaps([]byte("00400000-004ab000 r-xp 00000000 fe:00 99 /a b\n004ab000-0058e000 rw-p 00000000 00:00 0\nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n"))
	if err != nil || len(maps) != 3 || maps[0].Range != (Range{0x400000, 0x4ab000}) || !maps[0].exec || maps[0].write || !maps[1].write || maps[2].read {
		t.Errorf("%+v, %v", maps, err)
	}
	for _, wrong := range []string{"x", "00400000 r-xp", "2-1 r-xp", "g-h r-xp", "1-2 r"} {
		if _, err := parseMaps([]byte(wrong)); err == nil {
			t.Errorf("%q was accepted", wrong)
		}
	}
}

// TestReserveBlind maps memory without knowing what is mapped already.
func TestReserveBlind(t *testing.T) {
	window := Range{1 << 40, 1<<40 + 64*pageSize}
	var all []Range
	for range 16 {
		base, ok := reserveBlind(window, 4*pageSize, window.Lo+32*pageSize)
		if !ok {
			t.Fatal("not mapped although there is room")
		}
		r := Range{base, base + 4*pageSize}
		for _, other := range all {
			if r.Lo < other.Hi && other.Lo < r.Hi {
				t.Fatalf("%#x overlaps %#x", r, other)
			}
		}
		if !window.holds(base, 4*pageSize) {
			t.Fatalf("%#x is outside of %#x", r, window)
		}
		all = append(all, r)
	}
	if _, ok := reserveBlind(window, pageSize, window.Lo); ok {
		t.Error("mapped although there is no room")
	}
	for _, r := range all {
		if err := unmap(r); err != nil {
			t.Error(err)
		}
	}
}

func TestOlder(t *testing.T) {
	for release, want := range map[string]bool{"4.15.0-213-generic": true, "3.10.0": true, "4.16": false, "6.1.0": false, "5.4": false, "": false, "x": false} {
		if got := older(release, 4, 16); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}
