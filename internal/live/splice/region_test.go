package splice

import (
	"slices"
	"testing"
)

func TestCandidates(t *testing.T) {
	p := pageSize
	at := func(lo, hi uint64) mapping { return mapping{Range: Range{lo * p, hi * p}} }
	pages := func(n ...uint64) (addrs []uint64) {
		for _, v := range n {
			addrs = append(addrs, v*p)
		}
		return addrs
	}
	for _, c := range []struct {
		name        string
		maps        []mapping
		window      Range
		size, start uint64
		want        []uint64
	}{
		{"nothing mapped", nil, Range{10 * p, 100 * p}, p, 0, pages(10)},
		{"from start first", nil, Range{10 * p, 100 * p}, p, 50 * p, pages(50, 10)},
		{"gaps", []mapping{at(5, 12), at(13, 20), at(30, 40)}, Range{10 * p, 50 * p}, 2 * p, 0, pages(20, 40)},
		{"one page gap", []mapping{at(5, 12), at(13, 20), at(30, 40)}, Range{10 * p, 50 * p}, p, 35 * p, pages(40, 12, 20)},
		{"full", []mapping{at(0, 100)}, Range{10 * p, 50 * p}, p, 0, nil},
		{"too large", []mapping{at(20, 40)}, Range{10 * p, 50 * p}, 11 * p, 0, nil},
		{"unaligned window", nil, Range{10*p + 1, 12 * p}, p, 0, pages(11)},
		{"unaligned and full", nil, Range{10*p + 1, 11*p + 5}, p, 0, nil},
		{"start beyond the window", nil, Range{10 * p, 20 * p}, p, 30 * p, pages(10)},
		{"empty window", nil, Range{20 * p, 10 * p}, p, 0, nil},
	} {
		if got := candidates(c.maps, c.window, c.size, c.start); !slices.Equal(got, c.want) {
			t.Errorf("%s: %#x instead of %#x", c.name, got, c.want)
		}
	}
}

func TestReserveRefuses(t *testing.T) {
	e := &Engine{}
	for _, c := range []struct{ size, low, high uint64 }{
		{0, 1 << 20, 2 << 20}, {^uint64(0), 1 << 20, 2 << 20}, {maxRegion + 1, 1 << 20, 2 << 20}, {1, 2 << 20, 1 << 20}, {1, 1 << 20, 4 << 30},
	} {
		if _, err := e.Reserve(c.size, c.low, c.high, 0, false); err == nil {
			t.Errorf("%#x was accepted", c)
		}
	}
}
