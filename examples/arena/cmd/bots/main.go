// Bots plays the arena with many connections and prints what it saw, line by line, until its
// time is over or it is interrupted. It exits with status 1 if any answer was wrong.
//
//	go run ./examples/arena/cmd/bots -addr 127.0.0.1:PORT -n 300 -for 1m
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/examples/arena/bots"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("bots: ")
	o := bots.Options{Backwards: true} // somebody may roll back, and need not tell us
	flag.StringVar(&o.Addr, "addr", "", "address of the arena, on this machine")
	flag.IntVar(&o.Bots, "n", 300, "number of players")
	flag.IntVar(&o.Rooms, "rooms", 0, "number of rooms (0: one for every 30 players)")
	flag.DurationVar(&o.Pause, "pause", 40*time.Millisecond, "mean pause of a player between requests")
	flag.DurationVar(&o.For, "for", time.Minute, "how long to play, at most 10m")
	flag.Uint64Var(&o.Seed, "seed", 1, "choose other actions")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := play(ctx, o); err != nil {
		log.Fatal(err)
	}
}

func play(ctx context.Context, o bots.Options) error {
	fleet, err := bots.Start(ctx, o)
	if err != nil {
		return err
	}
	report(fleet)
	_, err = fleet.Census()
	stats := fleet.Stop()
	fmt.Println(stats)
	for _, p := range stats.Problems {
		fmt.Println(" ", p)
	}
	if err == nil && stats.Failures > 0 {
		err = fmt.Errorf("%d answers were wrong", stats.Failures)
	}
	return err
}

// report prints the numbers now and then.
func report(fleet *bots.Fleet) {
	every := time.NewTicker(5 * time.Second)
	defer every.Stop()
	for {
		select {
		case <-fleet.Over():
			for _, seen := range fleet.Sightings() {
				fmt.Println(seen)
			}
			return
		case <-every.C:
			fmt.Println(fleet.Stats())
		}
	}
}
