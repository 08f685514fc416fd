package fleet

import "testing"

func TestStream(t *testing.T) {
	tests := []struct {
		name     string
		numbers  []uint64
		problems [3]int // by quality of service
		lost     int64  // of quality 0
		repeated int    // of quality 1
	}{
		{name: "in order", numbers: []uint64{1, 2, 3}},
		{name: "one twice", numbers: []uint64{1, 2, 2, 3}, problems: [3]int{1, 0, 1}, repeated: 1},
		{name: "one missing", numbers: []uint64{1, 3}, problems: [3]int{0, 1, 1}, lost: 1},
		{name: "the first missing", numbers: []uint64{3}, problems: [3]int{0, 1, 1}, lost: 2},
		{name: "two swapped", numbers: []uint64{2, 1}, problems: [3]int{1, 1, 2}, lost: 1, repeated: 1},
	}
	for _, tt := range tests {
		for qos := range byte(3) {
			var s stream
			problems, repeated, lost := 0, 0, int64(0)
			for _, n := range tt.numbers {
				o := s.next(qos, n)
				lost += o.lost
				if o.problem != "" {
					problems++
				}
				if o.repeated {
					repeated++
				}
			}
			if problems != tt.problems[qos] || qos == 0 && lost != tt.lost || qos == 1 && repeated != tt.repeated {
				t.Errorf("%s, quality %d: %d problems, %d lost, %d repeated", tt.name, qos, problems, lost, repeated)
			}
		}
	}
}

func TestMessage(t *testing.T) {
	for n := range uint64(300) {
		b := message(7, n)
		if got, err := numberOf(7, b); err != nil || got != n {
			t.Fatalf("message %d is read as %d, %v", n, got, err)
		}
		if _, err := numberOf(8, b); err == nil {
			t.Fatalf("message %d of publisher 7 passes for one of 8", n)
		}
		if _, err := numberOf(7, b[:len(b)-1]); err == nil {
			t.Fatalf("message %d passes without its last byte", n)
		}
	}
}
