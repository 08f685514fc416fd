package bots

import (
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Stats are numbers of a fleet.
type Stats struct {
	Bots     int   // connections opened
	Lost     int64 // connections that ended before their time; bots never reconnect
	Requests int64 // answered
	Failures int64 // answers, or the lack of them, that were wrong
	Checks   int64 // values in answers that were compared with the bots' own model
	// Problems are the first few failures in words.
	Problems []string

	P50, P99, Max time.Duration
}

func (s Stats) String() string {
	return fmt.Sprintf("%d bots, %d lost; %d requests, %d failures; %d checks; p50 %v p99 %v max %v",
		s.Bots, s.Lost, s.Requests, s.Failures, s.Checks, round(s.P50), round(s.P99), round(s.Max))
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// tally collects Stats from all bots.
type tally struct {
	lost, requests, failures, checks atomic.Int64
	max, longest                     atomic.Int64
	waits                            [64 * waitSteps]atomic.Int64

	mu       sync.Mutex
	problems []string
}

// waitSteps is how many buckets there are between one power of two and the next.
const waitSteps = 8

func (t *tally) answered(wait time.Duration) {
	t.requests.Add(1)
	t.waits[bucket(wait)].Add(1)
	raise(&t.max, int64(wait))
	raise(&t.longest, int64(wait))
}

func raise(v *atomic.Int64, to int64) {
	for old := v.Load(); to > old && !v.CompareAndSwap(old, to); old = v.Load() {
	}
}

// fail counts a failure and keeps the words of the first ones.
func (t *tally) fail(problem string) {
	t.failures.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.problems) < 10 {
		t.problems = append(t.problems, problem)
	}
}

func (t *tally) stats(bots int) Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Stats{
		Bots:     bots,
		Lost:     t.lost.Load(),
		Requests: t.requests.Load(),
		Failures: t.failures.Load(),
		Checks:   t.checks.Load(),
		Problems: append([]string(nil), t.problems...),
		P50:      t.quantile(0.50),
		P99:      t.quantile(0.99),
		Max:      time.Duration(t.max.Load()),
	}
}

// quantile is the upper end of the bucket in which that share of all waits is reached.
func (t *tally) quantile(share float64) time.Duration {
	left := int64(share * float64(t.requests.Load()))
	for i := range t.waits {
		if left -= t.waits[i].Load(); left < 0 {
			return min(bucketEnd(i), time.Duration(t.max.Load()))
		}
	}
	return time.Duration(t.max.Load())
}

// bucket numbers waits: waitSteps buckets of one width for each power of two.
func bucket(wait time.Duration) int {
	ns := uint64(max(wait, waitSteps))
	exp := bits.Len64(ns) - 1
	return exp*waitSteps + int(ns>>(exp-3))%waitSteps
}

func bucketEnd(i int) time.Duration {
	exp, step := i/waitSteps, i%waitSteps
	if exp < 3 {
		return 0
	}
	return time.Duration((waitSteps + step + 1) << (exp - 3))
}
