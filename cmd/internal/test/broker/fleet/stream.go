package fleet

// stream is what one subscriber gets from one publisher at one quality of service: messages in
// the order of their numbers, from 1.
type stream struct{ last uint64 }

// outcome is what a message says about its stream.
type outcome struct {
	lost     int64 // messages before it that have not come, and may be missing
	repeated bool  // it was here before, and may come again
	problem  string
}

// next takes the number of the next message.
func (s *stream) next(qos byte, n uint64) outcome {
	switch {
	case n == s.last+1:
		s.last = n
		return outcome{}
	case n <= s.last && qos == 1:
		return outcome{repeated: true}
	case n <= s.last:
		return outcome{problem: "came twice"}
	}
	missing := n - s.last - 1
	s.last = n
	if qos == 0 {
		return outcome{lost: int64(missing)}
	}
	return outcome{problem: "came before its predecessors, which are late or lost"}
}
