//go:build linux && amd64

package broker

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/test/broker/edits"
	"github.com/gosplice/gosplice/cmd/internal/test/broker/fleet"
)

// observer is a client's view of which edits run.
type observer struct {
	process *process
	fleet   *fleet.Fleet
	probe   *fleet.Probe
	guests  int
}

func observe(t *testing.T, p *process, f *fleet.Fleet) *observer {
	t.Helper()
	probe, err := f.Probe()
	if err != nil {
		t.Fatal(err)
	}
	if err := probe.Listen("old/#", "new/#", "tidy/#", "closed/#"); err != nil {
		t.Fatal(err)
	}
	return &observer{process: p, fleet: f, probe: probe}
}

// atOnce checks the edits that show in the way that a message takes.
func (o *observer) atOnce(t *testing.T, live []edits.Edit) {
	t.Helper()
	back, err := o.probe.Trace("old/lamp", "tidy/lamp/", "closed/lamp")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"old/lamp", "tidy/lamp/", "closed/lamp"}
	if has(live, edits.Renamed) {
		want[0] = "new/lamp"
	}
	if has(live, edits.Tidy) {
		want[1] = "tidy/lamp"
	}
	if has(live, edits.Closed) {
		want = want[:2]
	}
	if !slices.Equal(back, want) {
		t.Errorf("with %s messages come back under %q, want %q", names(live), back, want)
	}
}

// newsRounds is how many rounds of news may go by before what the broker says about itself is up
// to date: a round that the old code had begun ends in the old code.
const newsRounds = 3

// whole checks all edits.
func (o *observer) whole(t *testing.T, live []edits.Edit) {
	t.Helper()
	o.atOnce(t, live)
	o.farewell(t, has(live, edits.Farewell))

	topics := map[string]edits.Edit{
		edits.LargestTopic: edits.Largest, edits.BuffersTopic: edits.Buffers, edits.BusiestTopic: edits.Busiest,
	}
	var want []string
	for topic, edit := range topics {
		if has(live, edit) {
			want = append(want, topic)
		}
	}
	slices.Sort(want)
	var said []string
	for range newsRounds {
		news, err := o.probe.Fresh(slices.Collect(maps.Keys(topics))...)
		if err != nil {
			t.Fatal(err)
		}
		if said = slices.Sorted(maps.Keys(news)); slices.Equal(said, want) {
			o.values(t, news)
			return
		}
	}
	t.Errorf("with %s the broker publishes %q, want %q", names(live), said, want)
}

// values checks what is published, where it is published.
func (o *observer) values(t *testing.T, news map[string]string) {
	t.Helper()
	for topic, text := range news {
		var good bool
		if topic == edits.BusiestTopic {
			good = strings.HasPrefix(text, "fleet ") || strings.Contains(text, "\nfleet ")
		} else {
			var n int64
			_, err := fmt.Sscan(text, &n)
			good = err == nil && n > 0
		}
		if !good {
			t.Errorf("%s is %q", topic, text)
		}
	}
}

// farewell checks the edit that shows when a client leaves that came after it.
func (o *observer) farewell(t *testing.T, live bool) {
	t.Helper()
	o.guests++
	name := fmt.Sprintf("guest-%d", o.guests)
	if err := o.fleet.Guest(name); err != nil {
		t.Fatal(err)
	}
	const absence, presence = 500 * time.Millisecond, 20 * time.Second
	within := absence
	if live {
		within = presence
	}
	said := false
	for end := time.Now().Add(within); !said && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		said = strings.Contains(o.process.output.String(), "client="+name+" ")
	}
	if said != live {
		t.Errorf("the broker said that a session ended: %t, want %t", said, live)
	}
}

// counts checks that the broker has counted everything since its start, whatever code did it.
func (o *observer) counts(t *testing.T, r fleet.Report) {
	t.Helper()
	for counter, n := range map[string]int64{
		"messages/received": r.Sent[0] + r.Sent[1] + r.Sent[2] + r.Retained,
		"messages/sent":     r.Received[0] + r.Received[1] + r.Received[2],
	} {
		if err := o.probe.Reaches(counter, n); err != nil {
			t.Error(err)
		}
	}
}

func has(set []edits.Edit, e edits.Edit) bool {
	return slices.ContainsFunc(set, func(x edits.Edit) bool { return x.Name == e.Name })
}

func names(set []edits.Edit) string {
	if len(set) == 0 {
		return "no edit"
	}
	var b []string
	for _, e := range set {
		b = append(b, e.Name)
	}
	return strings.Join(b, ", ")
}
