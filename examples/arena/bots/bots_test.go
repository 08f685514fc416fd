package bots_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/game"
	"github.com/gosplice/gosplice/examples/arena/server"
)

// startServer runs an arena in this process until the test ends, and checks that it then
// stops by itself.
func startServer(t *testing.T) (addr string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.New(game.NewWorld()).Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	return ln.Addr().String()
}

func startFleet(t *testing.T, o bots.Options) *bots.Fleet {
	f, err := bots.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Stop() })
	return f
}

func TestBotsAgreeWithServer(t *testing.T) {
	f := startFleet(t, bots.Options{Addr: startServer(t), Bots: 60, Rooms: 3, Pause: time.Millisecond})
	for _, rule := range []string{bots.TickRule, bots.DamageRule, bots.ChatRule} {
		if _, err := f.AwaitRule(t.Context(), rule, 1); err != nil {
			t.Fatal(err)
		}
	}
	var last bots.Census
	for range 5 {
		want := f.Stats().Requests + 2000
		for f.Stats().Requests < want && f.Stats().Lost == 0 {
			time.Sleep(time.Millisecond)
		}
		c, err := f.Census()
		if err != nil {
			t.Fatal(err)
		}
		if c.Score <= last.Score || c.Blows <= last.Blows || c.Requests != c.Sent || c.Accepted != 61 {
			t.Errorf("census %+v after %+v", c, last)
		}
		last = c
	}
	checkClean(t, f.Stop())
}

func checkClean(t *testing.T, s bots.Stats) {
	t.Helper()
	t.Log(s)
	if s.Failures != 0 || s.Lost != 0 {
		t.Errorf("problems: %q", s.Problems)
	}
}
