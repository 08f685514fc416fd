//go:build !plugins

package main

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena-chain/api"
	"github.com/gosplice/gosplice/examples/arena-chain/logic/game"
	"github.com/gosplice/gosplice/examples/arena-chain/world"
	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/server"
)

// TestStatic plays with the logic linked in: no plugin, no other process.
func TestStatic(t *testing.T) {
	if api.Logic.Current() == nil { // not when the test is run again in this process
		if err := begin(""); err != nil {
			t.Fatal(err)
		}
	}
	old := api.Logic.Current().Tally.Blows.Load()
	fleet := play(t)
	settle(t, fleet)
	before, versions := api.Logic.Current(), len(api.Logic.Versions())
	blows := before.Tally.Blows.Load()
	if err := api.Logic.Link(fmt.Sprintf("1.0.%d", versions), game.Entry); err != nil {
		t.Fatal(err)
	}
	settle(t, fleet)
	now := api.Logic.Current()
	if now == before || now.Tally != before.Tally || now.Tally.Versions.Load() != int64(versions)+1 || now.Tally.Blows.Load() <= blows {
		t.Errorf("table %p with tally %p after %p with %p, of %d versions and %d blows", now, now.Tally, before, before.Tally, now.Tally.Versions.Load(), now.Tally.Blows.Load())
	}
	c, err := fleet.Census()
	if err != nil {
		t.Fatal(err)
	}
	stats := fleet.Stop()
	if stats.Failures != 0 || stats.Lost != 0 {
		t.Errorf("%v: %q", stats, stats.Problems)
	}
	// Some players struck once more after the census.
	if blows := now.Tally.Blows.Load() - old; blows < c.Blows || blows > c.Blows+stats.Requests-c.Sent {
		t.Errorf("the logic counts %d blows, the rooms %d before the last %d answers", blows, c.Blows, stats.Requests-c.Sent)
	}
}

// play starts a server in this process and lets players in.
func play(t *testing.T) *bots.Fleet {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.New(world.New()).Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	fleet, err := bots.Start(t.Context(), bots.Options{Addr: ln.Addr().String(), Bots: 60, Pause: 2 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { fleet.Stop() })
	return fleet
}

// settle waits until the players have got some thousand answers more.
func settle(t *testing.T, fleet *bots.Fleet) {
	for want := fleet.Stats().Requests + 3000; fleet.Stats().Requests < want; {
		select {
		case <-fleet.Over():
			t.Fatalf("all players lost their connections: %q", fleet.Stats().Problems)
		case <-time.After(time.Millisecond):
		}
	}
}
