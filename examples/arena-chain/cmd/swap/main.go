// Swap shows arena-chain at work: it builds the program and its logic, lets players in who check every
// answer, swaps three versions while they play, takes one back, has two refused, and counts.
//
//	go run ./examples/arena-chain/cmd/swap
//
// It works on a copy of the sources in a temporary directory, and leaves nothing behind.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/examples/arena/bots"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("swap: ")
	var o options
	flag.IntVar(&o.players, "players", 300, "number of players")
	flag.DurationVar(&o.play, "play", time.Second, "how long they play after each step")
	flag.Parse()
	if o.players < 1 || o.players > bots.MaxBots {
		log.Fatalf("%d players: must be 1 to %d", o.players, bots.MaxBots)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, o)
	stop()
	if err != nil {
		log.Fatal(err)
	}
}
