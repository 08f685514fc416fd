package goobj

import "iter"

// Table holds a value for each symbol of a set.
type Table[T any] struct {
	inObjects, undef []T
}

// NewTable returns a table for a set after Resolve, which adds no symbols any more.
func NewTable[T any](s *Set) Table[T] {
	return Table[T]{make([]T, s.next), make([]T, len(s.undef))}
}

// At is the value of y. Those of different symbols may be used concurrently.
func (t Table[T]) At(y Sym) *T {
	if y >= undefBase {
		return &t.undef[y-undefBase]
	}
	return &t.inObjects[y]
}

// All are the symbols in ascending order and their values.
func (t Table[T]) All() iter.Seq2[Sym, T] {
	return func(yield func(Sym, T) bool) {
		for y, v := range t.inObjects {
			if !yield(Sym(y), v) {
				return
			}
		}
		for i, v := range t.undef {
			if !yield(undefBase+Sym(i), v) {
				return
			}
		}
	}
}
