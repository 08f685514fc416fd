package splice

import "testing"

func TestJumpOver(t *testing.T) {
	word := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, c := range []struct {
		entry, target uint64
		want          [8]byte
		ok            bool
	}{
		{0x1000, 0x2000, [8]byte{0xe9, 0xfb, 0x0f, 0, 0, 6, 7, 8}, true},
		{0x2000, 0x1000, [8]byte{0xe9, 0xfb, 0xef, 0xff, 0xff, 6, 7, 8}, true},
		{0, 1<<31 + 4, [8]byte{0xe9, 0xff, 0xff, 0xff, 0x7f, 6, 7, 8}, true},
		{0, 1<<31 + 5, word, false},
		{1<<31 - 5, 0, [8]byte{0xe9, 0, 0, 0, 0x80, 6, 7, 8}, true},
		{1<<31 - 4, 0, word, false},
	} {
		if got, ok := JumpOver(word, c.entry, c.target); got != c.want || ok != c.ok {
			t.Errorf("jump from %#x to %#x: % x, %v", c.entry, c.target, got, ok)
		}
	}
}
