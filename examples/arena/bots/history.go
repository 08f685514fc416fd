package bots

import (
	"fmt"
	"sync"
)

// history is a sequence that the server numbers 1, 2, 3, … and the bots of a room see in any
// order, each value once.
type history[T any] struct {
	what string
	// follow checks a value against what came before; it is called in the order of the numbers.
	follow func(T) error

	mu    sync.Mutex
	next  int64       // the first number not yet seen
	early map[int64]T // seen, but something before is not yet
}

func newHistory[T any](what string, follow func(T) error) *history[T] {
	return &history[T]{what: what, follow: follow, next: 1, early: map[int64]T{}}
}

// add notes value number n.
func (h *history[T]) add(n int64, v T) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, twice := h.early[n]; twice || n < h.next {
		return fmt.Errorf("%s %d was seen before", h.what, n)
	}
	h.early[n] = v
	return h.advance()
}

// advance checks as far as there is no gap.
func (h *history[T]) advance() error {
	for {
		v, ok := h.early[h.next]
		if !ok {
			return nil
		}
		delete(h.early, h.next)
		h.next++
		if err := h.follow(v); err != nil {
			return fmt.Errorf("%s %d: %w", h.what, h.next-1, err)
		}
	}
}

// count is how many there are, or an error if one between is missing.
func (h *history[T]) count() (int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.early) > 0 {
		return 0, fmt.Errorf("%s %d is missing, of %d or more", h.what, h.next, h.next+int64(len(h.early)))
	}
	return h.next - 1, nil
}
