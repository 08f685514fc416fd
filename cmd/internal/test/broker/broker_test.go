//go:build linux && amd64

package broker

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/test/broker/edits"
	"github.com/gosplice/gosplice/cmd/internal/test/broker/fleet"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// steps are the edits, in the order in which they are made. Version n has those up to step n.
var steps = [][]edits.Edit{
	{edits.Renamed, edits.Closed},
	{edits.Largest, edits.Buffers, edits.Tidy},
	{edits.Busiest},
	{edits.Farewell},
}

// upTo are the edits of version n; 0 is the release.
func upTo(n int) []edits.Edit { return slices.Concat(steps[:n]...) }

// load is how busy the fleet is, how often toggling goes on, and how many messages a client sleeps through.
type load struct {
	publishers, groups, rounds, slept int
	pace                              time.Duration
}

// usual is the load of the tests. GOSPLICE_BROKER is another number of rounds.
func usual(t *testing.T) load {
	t.Helper()
	l := load{publishers: 200, groups: 10, rounds: 20, slept: 20, pace: 250 * time.Millisecond}
	if testing.Short() {
		l = load{publishers: 50, groups: 5, rounds: 6, slept: 5, pace: 100 * time.Millisecond}
	}
	if n := os.Getenv("GOSPLICE_BROKER"); n != "" {
		var err error
		if l.rounds, err = strconv.Atoi(n); err != nil {
			t.Fatalf("GOSPLICE_BROKER: %v", err)
		}
	}
	return l
}

// patches makes the patch of each version once.
type patches struct {
	*release
	copied string // of the broker's module
	files  map[int][]byte
}

// newPatches builds the broker as it was published. Edits are made as in any dependency: in a copy
// of its module, which a replace directive puts in place.
func newPatches(t *testing.T) *patches {
	t.Helper()
	dir := newModule(t)
	p := &patches{build(t, dir), filepath.Join(t.TempDir(), "mochi"), map[int][]byte{}}
	goCommand(t, dir, "mod", "edit", "-replace="+edits.Module+"="+p.copied)
	return p
}

func (p *patches) version(t *testing.T, n int) []byte {
	t.Helper()
	if p.files[n] == nil {
		copyModule(t, p.copied, upTo(n))
		p.files[n] = p.patch(t, strconv.Itoa(n), "")
	}
	return p.files[n]
}

func TestBroker(t *testing.T) {
	made := newPatches(t)
	t.Run("edits", func(t *testing.T) { oneAfterAnother(t, made) })
	t.Run("toggled", func(t *testing.T) { toggled(t, made) })
	t.Run("toggled with GOGC=1", func(t *testing.T) { toggled(t, made, "GOGC=1") })
	t.Run("vendored", vendored)
}

// oneAfterAnother makes one edit after another while clients publish, goes back, and forward again.
func oneAfterAnother(t *testing.T, made *patches) {
	l := usual(t)
	p := run(t, made.program)
	f := start(t, p, l)
	o := observe(t, p, f)
	sleeper, err := f.Sleep("sleeper")
	if err != nil {
		t.Fatal(err)
	}
	o.whole(t, nil)

	for i := range steps {
		began := time.Now()
		file := made.version(t, i+1)
		planned := since(began)
		s := p.apply(t, file)
		o.atOnce(t, upTo(i+1))
		t.Logf("version %d (%s): patch of %d bytes made in %v, live after %v; %d functions, pause %v in %d stops, %d bytes of memory",
			i+1, names(steps[i]), len(file), planned, since(began), s.Functions, s.Pause, s.Attempts, s.Memory)
		o.whole(t, upTo(i+1))
		if err := sleeper.Send(l.slept); err != nil {
			t.Fatal(err)
		}
	}
	o.stays(t, f.Clients())

	p.rollback(t, "")
	o.whole(t, upTo(len(steps)-1))
	s := p.rollback(t, patch.ReleaseVersion)
	t.Logf("rollback to the release: %d functions, pause %v", s.Functions, s.Pause)
	o.whole(t, nil)
	p.apply(t, made.version(t, len(steps)))
	o.whole(t, upTo(len(steps)))

	n, err := sleeper.Wake()
	if err != nil {
		t.Error(err)
	}
	t.Logf("a client that was away all the time got its %d messages", n)
	end(t, p, f, o)
}

// stays checks that clients who were there before the last edit are in the old code of the loop that
// reads from them, and that the agent says so.
func (o *observer) stays(t *testing.T, clients int) {
	t.Helper()
	for _, c := range o.process.status(t).OldCode {
		if strings.HasSuffix(c.Function, ".(*Client).Read") && c.Goroutines >= clients {
			return
		}
	}
	t.Errorf("the agent does not say that %d goroutines are in the old (*Client).Read", clients)
}

// toggled goes back and forth between the release and versions while clients publish as fast as they can.
func toggled(t *testing.T, made *patches, env ...string) {
	l := usual(t)
	p := run(t, made.program, env...)
	l.pace = 0
	f := start(t, p, l)
	o := observe(t, p, f)
	var longest time.Duration
	for i := range l.rounds {
		n := len(steps) - i%3
		s := p.apply(t, made.version(t, n))
		longest = max(longest, s.Pause)
		o.atOnce(t, upTo(n))
		if i%2 == 0 { // every other version replaces the one before
			s = p.rollback(t, patch.ReleaseVersion)
			longest = max(longest, s.Pause)
			o.atOnce(t, nil)
		}
	}
	t.Logf("%d rounds, longest pause %v, %d bytes of memory", l.rounds, longest, p.status(t).Memory)
	end(t, p, f, o)
}

// vendored makes edits by an overlay, of a broker whose dependencies are vendored.
func vendored(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another broker")
	}
	l := load{publishers: 50, groups: 5, pace: 100 * time.Millisecond}
	dir := newModule(t)
	goCommand(t, dir, "mod", "vendor")
	r := build(t, dir)
	p := run(t, r.program)
	f := start(t, p, l)
	o := observe(t, p, f)
	o.atOnce(t, nil)
	live := []edits.Edit{edits.Renamed, edits.Closed, edits.Busiest}
	overlay, err := edits.Overlay(filepath.Join(dir, "vendor", filepath.FromSlash(edits.Module)), t.TempDir(), live...)
	if err != nil {
		t.Fatal(err)
	}
	p.apply(t, r.patch(t, "1", overlay))
	o.whole(t, live)
	p.rollback(t, patch.ReleaseVersion)
	o.atOnce(t, nil)
	end(t, p, f, o)
}

// start connects a fleet to a broker.
func start(t *testing.T, p *process, l load) *fleet.Fleet {
	t.Helper()
	f, err := fleet.Start(t.Context(), fleet.Options{Addr: p.addr, Publishers: l.publishers, Groups: l.groups, Pace: l.pace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Stop() // for a test that failed half way
		problems, count := f.List()
		for _, problem := range problems {
			t.Error(problem)
		}
		if count > len(problems) {
			t.Errorf("and %d more", count-len(problems))
		}
	})
	return f
}

// end stops the fleet and logs what it did.
func end(t *testing.T, p *process, f *fleet.Fleet, o *observer) {
	t.Helper()
	report := f.Stop()
	t.Log(report)
	o.counts(t, report)
	o.probe.Close()
	if report.Sent[0] == 0 || report.Visits == 0 {
		t.Error("the fleet was idle")
	}
	if p.isOver() {
		t.Error("the broker has ended")
	}
}
