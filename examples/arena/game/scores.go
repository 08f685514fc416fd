package game

import "sync"

// scores has the score of everybody who ever played: who comes back finds it again.
var scores = scoreboard{points: map[string]int64{}}

// MaxNames is how many names the scoreboard takes.
var MaxNames = 100_000

type scoreboard struct {
	mu     sync.Mutex
	points map[string]int64
}

// enrol puts a name on the board, unless the board is full.
func (s *scoreboard) enrol(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.points[name]; !known && len(s.points) >= MaxNames {
		return false
	}
	s.points[name] += 0
	return true
}

func (s *scoreboard) add(name string, points int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.points[name] += int64(points)
}

func (s *scoreboard) of(name string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.points[name]
}
