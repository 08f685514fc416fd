package fleet

import (
	"fmt"
	"sync/atomic"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// subscriber holds subscriptions to all that the publishers of a group send.
type subscriber struct {
	name    string
	group   int
	fleet   *Fleet
	client  mqtt.Client
	streams map[string]*stream // by topic; of the goroutine that receives

	received       [3]atomic.Int64 // by quality of service
	lost, repeated atomic.Int64
}

func newSubscriber(f *Fleet, group, which int) *subscriber {
	return &subscriber{
		name:  fmt.Sprintf("subscriber-%d-%c", group, 'a'+which),
		group: group, fleet: f, streams: map[string]*stream{},
	}
}

func (s *subscriber) connect(addr string) (err error) {
	if s.client, err = connect(settings(addr, s.name, &s.fleet.Problems)); err != nil {
		return err
	}
	for qos := range byte(3) {
		filter := fmt.Sprintf("fleet/%d/+/q%d", s.group, qos)
		if err := done(s.client.Subscribe(filter, qos, s.receive), "%s: subscribe to %s", s.name, filter); err != nil {
			return err
		}
	}
	return nil
}

// receive checks a message. The client calls it for one after another.
func (s *subscriber) receive(_ mqtt.Client, m mqtt.Message) {
	var group, from int
	var qos byte
	if n, _ := fmt.Sscanf(m.Topic(), "fleet/%d/%d/q%d", &group, &from, &qos); n != 3 || group != s.group || from >= len(s.fleet.publishers) || qos > 2 {
		s.fleet.Problems.add("%s: a message for %s, which it did not subscribe to", s.name, m.Topic())
		return
	}
	if m.Qos() != qos || m.Retained() {
		s.fleet.Problems.add("%s: a message for %s came with quality %d, retained %t", s.name, m.Topic(), m.Qos(), m.Retained())
	}
	n, err := numberOf(from, m.Payload())
	if err != nil {
		s.fleet.Problems.add("%s: %s: %v", s.name, m.Topic(), err)
		return
	}
	s.received[qos].Add(1)
	s.count(m.Topic(), qos, n)
	if qos == 2 {
		select {
		case s.fleet.publishers[from].arrived <- n:
		default: // the publisher is not waiting for it: it came twice, which has been noted
		}
	}
}

func (s *subscriber) count(topic string, qos byte, n uint64) {
	from := s.streams[topic]
	if from == nil {
		from = new(stream)
		s.streams[topic] = from
	}
	o := from.next(qos, n)
	s.lost.Add(o.lost)
	if o.repeated {
		s.repeated.Add(1)
	}
	if o.problem != "" {
		s.fleet.Problems.add("%s: message %d of %s %s", s.name, n, topic, o.problem)
	}
}
