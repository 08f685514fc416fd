package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// visitEvery is the time from one latecomer to the next.
const visitEvery = 100 * time.Millisecond

// receiveLatecomers has clients come, one after another, who want to know what they have
// missed: the last retained message of a publisher.
func (f *Fleet) receiveLatecomers(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		p := f.publishers[n%len(f.publishers)]
		if p.stored.Load() > 0 {
			if err := f.visit(n, p); err != nil {
				f.Problems.add("latecomer %d: %v", n, err)
			}
			f.visits.Add(1)
		}
		select {
		case <-time.After(visitEvery):
		case <-ctx.Done():
		}
	}
}

// visit subscribes to a publisher's retained messages and checks the one that was stored before.
func (f *Fleet) visit(number int, p *publisher) error {
	client, err := connect(settings(f.options.Addr, fmt.Sprintf("latecomer-%d", number), &f.Problems))
	if err != nil {
		return err
	}
	defer leave(client)
	atLeast := p.stored.Load()
	got := make(chan mqtt.Message, 100)
	receive := func(_ mqtt.Client, m mqtt.Message) {
		select {
		case got <- m:
		default: // only the first counts
		}
	}
	if err := done(client.Subscribe(p.stateTopic(), 1, receive), "subscribe"); err != nil {
		return err
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case m := <-got:
			if !m.Retained() {
				continue // a new one, sent just now
			}
			n, err := numberOf(p.number, m.Payload())
			if err == nil && (n < atLeast || n > p.storing.Load()) {
				err = fmt.Errorf("the retained message of publisher %d is number %d, and %d was stored before", p.number, n, atLeast)
			}
			return err
		case <-timeout.C:
			return errors.New("no retained message came")
		}
	}
}
