package fleet

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// publisher sends a message of each quality in a round, and begins the next when both
// subscribers have the last. So no queue in the broker ever fills up, and what is lost is
// lost for another reason.
type publisher struct {
	number, group int
	fleet         *Fleet
	client        mqtt.Client

	sent    [3]atomic.Uint64 // the number of the last message, by quality of service
	arrived chan uint64      // numbers of the messages of quality 2, from the subscribers

	// stored is the number of the last retained message that the broker has acknowledged,
	// storing the one that it may have.
	storing, stored atomic.Uint64
}

// storeEvery is how many rounds go by between two retained messages of a publisher.
const storeEvery = 4

func (p *publisher) topic(qos byte) string {
	return fmt.Sprintf("fleet/%d/%d/q%d", p.group, p.number, qos)
}

func (p *publisher) stateTopic() string { return fmt.Sprintf("state/%d", p.number) }

func (p *publisher) connect(addr string) (err error) {
	p.client, err = connect(settings(addr, fmt.Sprintf("publisher-%d", p.number), &p.fleet.Problems))
	return err
}

// run publishes until ctx ends.
func (p *publisher) run(ctx context.Context) {
	for round := 0; ctx.Err() == nil; round++ {
		began := time.Now()
		if err := p.round(round); err != nil {
			p.fleet.Problems.add("publisher %d: %v", p.number, err)
			return
		}
		select {
		case <-time.After(time.Until(began.Add(time.Duration(p.fleet.pace.Load())))):
		case <-ctx.Done():
		}
	}
}

func (p *publisher) round(round int) error {
	if (round+p.number)%storeEvery == 0 {
		if err := p.store(); err != nil {
			return err
		}
	}
	for qos := range byte(3) {
		n := p.sent[qos].Add(1)
		if err := done(p.client.Publish(p.topic(qos), qos, false, message(p.number, n)), "message %d of quality %d", n, qos); err != nil {
			return err
		}
	}
	return p.delivered(p.sent[2].Load())
}

// store leaves a retained message with the broker.
func (p *publisher) store() error {
	n := p.storing.Add(1)
	if err := done(p.client.Publish(p.stateTopic(), 1, true, message(p.number, n)), "retained message %d", n); err != nil {
		return err
	}
	p.stored.Store(n)
	return nil
}

// delivered waits until both subscribers have message n of quality 2.
func (p *publisher) delivered(n uint64) error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for missing := 2; missing > 0; {
		select {
		case got := <-p.arrived:
			if got == n {
				missing--
			}
		case <-timeout.C:
			return fmt.Errorf("%d of 2 subscribers do not have message %d of quality 2 after %v", missing, n, patience)
		}
	}
	return nil
}
