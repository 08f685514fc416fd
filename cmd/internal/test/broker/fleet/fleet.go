// Package fleet is many MQTT clients at one broker that check every message. Publishers number what
// they send. Subscribers know from the numbers what is lost or repeated, and from the quality of service
// what may be: 0 at most once, 1 at least once, 2 exactly once. Retained messages, sessions that wait
// for their client, and the broker's own counters are watched as well.
package fleet

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// How long the broker may take for anything that is asked of it. Nothing is late that a slow machine
// can't explain; what is later than this is lost.
const patience = time.Minute

// Options say how large a fleet is and how busy.
type Options struct {
	Addr       string // of the broker
	Publishers int
	// Groups is the number of groups that publishers are divided into. Each has two subscribers.
	Groups int
	// Pace is the time from one round of a publisher to its next; 0 is as fast as it goes.
	Pace time.Duration
}

// Fleet is a running fleet.
type Fleet struct {
	Problems

	options     Options
	pace        atomic.Int64
	publishers  []*publisher
	subscribers []*subscriber
	visits      atomic.Int64 // of latecomers

	stop    context.CancelFunc
	stopped sync.Once
	work    sync.WaitGroup
}

// Start connects a fleet, and returns when all publishers are at work.
func Start(ctx context.Context, o Options) (*Fleet, error) {
	f := &Fleet{options: o}
	f.SetPace(o.Pace)
	for i := range o.Publishers {
		f.publishers = append(f.publishers, &publisher{number: i, group: i % o.Groups, fleet: f, arrived: make(chan uint64, 2)})
	}
	for i := range 2 * o.Groups {
		f.subscribers = append(f.subscribers, newSubscriber(f, i%o.Groups, i/o.Groups))
	}
	if err := f.connect(ctx); err != nil {
		f.disconnect()
		return nil, err
	}
	run, stop := context.WithCancel(context.Background())
	f.stop = stop
	for _, p := range f.publishers {
		f.work.Go(func() { p.run(run) })
	}
	f.work.Go(func() { f.receiveLatecomers(run) })
	return f, nil
}

// SetPace changes Options.Pace.
func (f *Fleet) SetPace(d time.Duration) { f.pace.Store(int64(d)) }

// Clients is the number of clients that are connected all the time.
func (f *Fleet) Clients() int { return len(f.publishers) + len(f.subscribers) }

// Stop ends the publishers after their round, disconnects everybody, and counts what arrived.
// Stopping again does nothing.
func (f *Fleet) Stop() Report {
	f.stop()
	f.work.Wait()
	report := f.Report()
	f.stopped.Do(func() {
		f.check(report)
		f.disconnect()
	})
	return report
}

// check compares what was sent with what arrived, when nobody sends any more. Publishers end
// with a message of quality 2 that has arrived, behind all others of theirs.
func (f *Fleet) check(r Report) {
	for qos := range r.Sent {
		want := 2 * r.Sent[qos]
		if qos == 0 {
			want -= r.Lost
		}
		if got := r.Received[qos]; got != want && !(qos == 1 && got == want+r.Repeated) {
			f.Problems.add("quality %d: %d messages were sent to 2 subscribers each, and %d arrived", qos, r.Sent[qos], got)
		}
	}
}

// Report counts messages, by quality of service where there are three numbers.
type Report struct {
	Sent, Received [3]int64
	Lost           int64 // of quality 0, which may be
	Repeated       int64 // of quality 1, which may be
	Retained       int64 // messages that were stored with the broker
	Visits         int64 // of late subscribers, each of whom got such a message
}

// Report is what was sent and received so far.
func (f *Fleet) Report() Report {
	r := Report{Visits: f.visits.Load()}
	for _, p := range f.publishers {
		for qos := range p.sent {
			r.Sent[qos] += int64(p.sent[qos].Load())
		}
		r.Retained += int64(p.stored.Load())
	}
	for _, s := range f.subscribers {
		for qos := range s.received {
			r.Received[qos] += s.received[qos].Load()
		}
		r.Lost += s.lost.Load()
		r.Repeated += s.repeated.Load()
	}
	return r
}

func (r Report) String() string {
	return fmt.Sprintf("sent %d+%d+%d (quality 0, 1, 2), received %d+%d+%d, quality 0 lost %d, quality 1 repeated %d, retained %d, late subscribers %d",
		r.Sent[0], r.Sent[1], r.Sent[2], r.Received[0], r.Received[1], r.Received[2], r.Lost, r.Repeated, r.Retained, r.Visits)
}

// connect connects everybody, subscribers first.
func (f *Fleet) connect(ctx context.Context) error {
	for _, s := range f.subscribers {
		if err := s.connect(f.options.Addr); err != nil {
			return err
		}
	}
	const atOnce = 16
	var wg sync.WaitGroup
	errs := make(chan error, len(f.publishers))
	turns := make(chan struct{}, atOnce)
	for _, p := range f.publishers {
		wg.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			if ctx.Err() == nil {
				errs <- p.connect(f.options.Addr)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (f *Fleet) disconnect() {
	var wg sync.WaitGroup
	for _, p := range f.publishers {
		wg.Go(func() { leave(p.client) })
	}
	for _, s := range f.subscribers {
		wg.Go(func() { leave(s.client) })
	}
	wg.Wait()
}
