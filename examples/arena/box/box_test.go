package box

import (
	"slices"
	"testing"
)

func TestStack(t *testing.T) {
	var s Stack[string]
	for _, v := range []string{"a", "b", "c"} {
		s.Push(v)
	}
	list := s.List()
	if top, ok := s.Pop(); top != "c" || !ok || s.Len() != 2 {
		t.Errorf("popped %q, %t, %d left", top, ok, s.Len())
	}
	s.Push("d")
	if !slices.Equal(list, []string{"a", "b", "c"}) || !slices.Equal(s.List(), []string{"a", "b", "d"}) {
		t.Errorf("listed %v, then %v", list, s.List())
	}
	for range 3 {
		s.Pop()
	}
	if top, ok := s.Pop(); ok {
		t.Errorf("popped %q from an empty stack", top)
	}
}

func TestRing(t *testing.T) {
	r := NewRing[int64](4)
	if got := r.Since(0, 10); got != nil {
		t.Errorf("an empty ring has %v", got)
	}
	for range 6 {
		r.Add(r.Next())
	}
	const most = 1<<63 - 1
	tests := []struct {
		since int64
		limit int
		want  []int64
	}{
		{0, 10, []int64{3, 4, 5, 6}},
		{4, 10, []int64{5, 6}},
		{0, 1, []int64{3}},
		{6, 10, nil},
		{most, 10, nil},
		{-most - 1, 2, []int64{3, 4}},
	}
	for _, test := range tests {
		if got := r.Since(test.since, test.limit); !slices.Equal(got, test.want) {
			t.Errorf("since %d, limit %d: %v instead of %v", test.since, test.limit, got, test.want)
		}
	}
}
