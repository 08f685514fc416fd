package demo

import (
	"bytes"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

func TestStartTicks(t *testing.T) {
	stat := "4711 (a) b (c)) S 1 4711 4711 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 5 0 812234 1 2 3"
	if got, err := startTicks([]byte(stat)); got != 812234 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := startTicks([]byte("4711 (x) S 1")); err == nil {
		t.Error("no error for half a line")
	}
}

func TestLookAt(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	before, err := lookAt(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	again, err := lookAt(os.Getpid())
	if err != nil || again.started != before.started || before.missing(again) != 0 {
		t.Errorf("%+v, then %+v, %v", before, again, err)
	}
	ln.Close()
	after, err := lookAt(os.Getpid())
	if err != nil || before.missing(after) != 1 {
		t.Errorf("%d sockets missing after one was closed, %v", before.missing(after), err)
	}
}

// TestProve checks that nothing that is wrong passes as proof.
func TestProve(t *testing.T) {
	good := func() (before, after snapshot, s bots.Stats) {
		before.process = process{1, 2, map[string]bool{"a": true, "b": true}}
		after.process = process{1, 2, map[string]bool{"a": true, "b": true, "c": true}}
		before.census = bots.Census{Count: wire.Count{Players: 5, Looted: 1, Blows: 1, Score: 1}}
		after.census = bots.Census{Count: wire.Count{Players: 5, Looted: 2, Blows: 2, Score: 2}}
		return before, after, bots.Stats{Bots: 5, Requests: 10, Checks: 100}
	}
	tests := []struct {
		name  string
		spoil func(after *snapshot, s *bots.Stats)
		want  string
	}{
		{"good", func(*snapshot, *bots.Stats) {}, ""},
		{"pid", func(after *snapshot, _ *bots.Stats) { after.process.pid++ }, "process"},
		{"start", func(after *snapshot, _ *bots.Stats) { after.process.started++ }, "started"},
		{"socket", func(after *snapshot, _ *bots.Stats) { delete(after.process.sockets, "a") }, "sockets"},
		{"players", func(after *snapshot, _ *bots.Stats) { after.census.Players-- }, "players"},
		{"score", func(after *snapshot, _ *bots.Stats) { after.census.Score = 0 }, "score"},
		{"failures", func(_ *snapshot, s *bots.Stats) { s.Failures = 1 }, "wrong answers"},
		{"lost", func(_ *snapshot, s *bots.Stats) { s.Lost = 1 }, "lost connections"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			before, after, stats := good()
			test.spoil(&after, &stats)
			var out bytes.Buffer
			d := &demo{screen: screen{out: &out, width: 80}, Options: Options{Width: 80}}
			err := d.prove(before, after, stats)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one about %q\n%s", err, test.want, out.String())
			}
			checkWidth(t, out.String())
		})
	}
}

func TestCheckout(t *testing.T) {
	isolate(t)
	dir, err := checkout(t.Context())
	if err != nil || !isCheckout(dir) {
		t.Errorf("%q, %v", dir, err)
	}
}

// TestSourcesOfAnother: sources count that nobody else can have put there, or that one stands in.
func TestSourcesOfAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs to make files of another user")
	}
	dir, err := os.MkdirTemp("/tmp", "gosplice-demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if !ownFiles(dir) {
		t.Errorf("a directory of one's own in /tmp does not count")
	}
	if err := os.Chown(dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if ownFiles(dir) {
		t.Errorf("a directory of another user in /tmp counts")
	}
	t.Chdir(dir)
	if !ownFiles(dir) {
		t.Errorf("the directory where one stands does not count")
	}
	if err := os.WriteFile("go.mod", []byte("module x\n\nrequire "+module+" v0.0.0\n\nreplace "+module+" => ./other\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if found, err := checkout(t.Context()); err == nil && strings.HasPrefix(found, dir) {
		t.Errorf("the sources are those that %s/go.mod names", dir)
	}
}
