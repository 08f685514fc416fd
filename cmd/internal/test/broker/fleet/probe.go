package fleet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Probe is a client that looks at what the broker does with topics and says about itself.
type Probe struct {
	problems *Problems
	client   mqtt.Client
	traces   int
	traced   chan traced

	mu   sync.Mutex
	news map[string]news // of the topics under $SYS
	more *sync.Cond
}

// traced is a message that came back.
type traced struct{ topic, mark string }

// news is what the broker published under a topic last, and how many times.
type news struct {
	text  string
	times int
}

const (
	sysPrefix = "$SYS/broker/"
	sysTick   = sysPrefix + "time" // in each round of news
	// endMark is the topic of the last message of a trace.
	endMark = "end/of/trace"
)

// onlyUp are counters that go on as long as the broker lives.
var onlyUp = []string{
	"load/bytes/received", "load/bytes/sent", "messages/received", "messages/sent",
	"packets/received", "packets/sent", "clients/maximum", "uptime", "time", "started",
}

// Probe connects a probe. What is wrong with the broker's counters becomes a problem of the fleet.
func (f *Fleet) Probe() (*Probe, error) {
	p := &Probe{problems: &f.Problems, traced: make(chan traced, 100), news: map[string]news{}}
	p.more = sync.NewCond(&p.mu)
	var err error
	if p.client, err = connect(settings(f.options.Addr, "probe", p.problems)); err != nil {
		return nil, err
	}
	if err := done(p.client.Subscribe("$SYS/#", 0, p.hear), "subscribe to $SYS"); err != nil {
		return nil, err
	}
	return p, nil
}

// Close disconnects the probe.
func (p *Probe) Close() { leave(p.client) }

// Listen subscribes to topics for traces.
func (p *Probe) Listen(filters ...string) error {
	for _, filter := range append(filters, endMark) {
		receive := func(_ mqtt.Client, m mqtt.Message) { p.traced <- traced{m.Topic(), string(m.Payload())} }
		if err := done(p.client.Subscribe(filter, 0, receive), "subscribe to %s", filter); err != nil {
			return err
		}
	}
	return nil
}

// Trace publishes a message under each of the topics, and returns the topics under which they
// came back.
func (p *Probe) Trace(topics ...string) ([]string, error) {
	p.traces++
	mark := strconv.Itoa(p.traces)
	for _, topic := range append(slices.Clip(topics), endMark) {
		if err := done(p.client.Publish(topic, 0, false, mark), "trace %s", topic); err != nil {
			return nil, err
		}
	}
	var back []string
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		select {
		case t := <-p.traced:
			switch {
			case t.mark != mark: // of a trace that was given up
			case t.topic == endMark:
				return back, nil
			default:
				back = append(back, t.topic)
			}
		case <-timeout.C:
			return nil, fmt.Errorf("the messages to %s did not come back", strings.Join(topics, ", "))
		}
	}
}

// hear takes news of the broker. What it had retained is old, and may come after what is new.
func (p *Probe) hear(_ mqtt.Client, m mqtt.Message) {
	if m.Retained() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	text := string(m.Payload())
	old, known := p.news[m.Topic()]
	if name := strings.TrimPrefix(m.Topic(), sysPrefix); known && slices.Contains(onlyUp, name) && number(text) < number(old.text) {
		p.problems.add("the broker's %s went from %s to %s", name, old.text, text)
	} else if name == "messages/dropped" && text != "0" {
		p.problems.add("the broker has dropped %s messages", text)
	}
	p.news[m.Topic()] = news{text, old.times + 1}
	p.more.Broadcast()
}

// number is a counter's value, or -1.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// Reaches waits until a counter of the broker is at least n.
func (p *Probe) Reaches(counter string, n int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for end := time.Now().Add(patience); ; {
		text := p.news[sysPrefix+counter].text
		switch {
		case number(text) >= n:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("the broker's %s is %s, want %d at least", counter, text, n)
		}
		if err := p.rounds(1); err != nil {
			return err
		}
	}
}

// Fresh waits for two rounds of news, and returns what the second of them says about topics; those
// that it does not speak of are left out. The first may have begun before the call.
func (p *Probe) Fresh(topics ...string) (map[string]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.rounds(1); err != nil {
		return nil, err
	}
	before := map[string]int{}
	p.settle()
	for _, topic := range topics {
		before[topic] = p.news[topic].times
	}
	if err := p.rounds(1); err != nil {
		return nil, err
	}
	p.settle()
	said := map[string]string{}
	for _, topic := range topics {
		if n := p.news[topic]; n.times > before[topic] {
			said[topic] = n.text
		}
	}
	return said, nil
}

// rounds waits for n rounds of news, with the lock held.
func (p *Probe) rounds(n int) error {
	end := time.Now().Add(patience)
	timer := time.AfterFunc(patience, p.more.Broadcast)
	defer timer.Stop()
	for want := p.news[sysTick].times + n; p.news[sysTick].times < want; p.more.Wait() {
		if time.Now().After(end) {
			return fmt.Errorf("no news of the broker in %v", patience)
		}
	}
	return nil
}

// settle lets the rest of a round come in, with the lock held. The topics of a round come in any order.
func (p *Probe) settle() {
	p.mu.Unlock()
	time.Sleep(300 * time.Millisecond)
	p.mu.Lock()
}
