package fleet

import (
	"fmt"
	"sync"
)

// Problems are the things that should not have happened. It is safe for concurrent use.
type Problems struct {
	mu    sync.Mutex
	first []string
	count int
}

const problemsKept = 20

func (p *Problems) add(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	if len(p.first) < problemsKept {
		p.first = append(p.first, fmt.Sprintf(format, args...))
	}
}

// List are the first problems in words, and how many there were in all.
func (p *Problems) List() (first []string, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.first...), p.count
}
