package fleet

import (
	"fmt"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Sleeper is a client whose session outlives its connection: the broker keeps messages for it.
type Sleeper struct {
	addr, name string
	sender     mqtt.Client
	problems   *Problems
	sent       uint64
}

// Sleep connects a client, subscribes, and disconnects it.
func (f *Fleet) Sleep(name string) (*Sleeper, error) {
	s := &Sleeper{addr: f.options.Addr, name: name, problems: &f.Problems}
	sleeper, err := connect(settings(s.addr, s.name, s.problems).SetCleanSession(false))
	if err != nil {
		return nil, err
	}
	defer leave(sleeper)
	for qos := byte(1); qos <= 2; qos++ {
		if err := done(sleeper.Subscribe(s.topic(qos), qos, nil), "%s: subscribe", name); err != nil {
			return nil, err
		}
	}
	s.sender, err = connect(settings(s.addr, name+"-friend", s.problems))
	return s, err
}

func (s *Sleeper) topic(qos byte) string { return fmt.Sprintf("asleep/%s/q%d", s.name, qos) }

// Send sends n messages of each quality of service that the broker keeps.
func (s *Sleeper) Send(n int) error {
	for range n {
		s.sent++
		for qos := byte(1); qos <= 2; qos++ {
			if err := done(s.sender.Publish(s.topic(qos), qos, false, message(0, s.sent)), "message %d to %s", s.sent, s.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Wake connects the client again and checks that it gets all that was sent, in any order, and
// nothing of quality 2 twice. It returns the number of messages.
func (s *Sleeper) Wake() (int, error) {
	defer leave(s.sender)
	var mu sync.Mutex
	times := [3]map[uint64]int{1: {}, 2: {}}
	missing := 2 * int(s.sent)
	all := make(chan struct{})
	receive := func(_ mqtt.Client, m mqtt.Message) {
		n, err := numberOf(0, m.Payload())
		qos := m.Qos()
		if err != nil || n > s.sent || qos == 0 || m.Topic() != s.topic(qos) {
			s.problems.add("%s: unexpected message %d for %s: %v", s.name, n, m.Topic(), err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		times[qos][n]++
		switch {
		case times[qos][n] == 1:
			if missing--; missing == 0 {
				close(all)
			}
		case qos == 2:
			s.problems.add("%s: message %d of quality 2 came %d times", s.name, n, times[qos][n])
		}
	}
	client, err := connect(settings(s.addr, s.name, s.problems).SetCleanSession(false).SetDefaultPublishHandler(receive))
	if err != nil {
		return 0, err
	}
	defer leave(client)
	select {
	case <-all:
		return 2 * int(s.sent), nil
	case <-time.After(patience):
		mu.Lock()
		defer mu.Unlock()
		return 0, fmt.Errorf("%s: %d of %d messages that it slept through have not come", s.name, missing, 2*s.sent)
	}
}
