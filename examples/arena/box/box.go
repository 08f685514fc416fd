// Package box has the containers of the game: a Stack for bags, a Ring for what was said.
package box

// Stack is last in, first out. The zero Stack is empty.
type Stack[T any] struct{ all []T }

// Push puts v on top.
func (s *Stack[T]) Push(v T) { s.all = append(s.all, v) }

// Pop takes what is on top, or says that there is nothing.
func (s *Stack[T]) Pop() (top T, ok bool) {
	if len(s.all) == 0 {
		return top, false
	}
	last := len(s.all) - 1
	top, s.all = s.all[last], s.all[:last]
	return top, true
}

// Len is how many there are.
func (s *Stack[T]) Len() int { return len(s.all) }

// List returns a copy, bottom first.
func (s *Stack[T]) List() []T { return append([]T(nil), s.all...) }

// Ring numbers what is added 1, 2, 3, … and remembers the latest.
type Ring[T any] struct {
	last []T
	n    int64
}

// NewRing returns a Ring that remembers size values.
func NewRing[T any](size int) *Ring[T] { return &Ring[T]{last: make([]T, size)} }

// Next is the number that the next value will have.
func (r *Ring[T]) Next() int64 { return r.n + 1 }

// Add adds v as number Next.
func (r *Ring[T]) Add(v T) {
	r.n++
	r.last[r.n%int64(len(r.last))] = v
}

// Since returns at most limit remembered values that came after number n, oldest first.
func (r *Ring[T]) Since(n int64, limit int) []T {
	first := max(min(n, r.n), r.n-int64(len(r.last)), 0) + 1
	var out []T
	for i := first; i <= r.n && len(out) < limit; i++ {
		out = append(out, r.last[i%int64(len(r.last))])
	}
	return out
}
