// Arena is a small game server, and an example of a program that can be patched while it
// runs: players in rooms, their bags and scores, all in memory.
//
//	go run ./examples/arena
//	gosplice demo
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/gosplice/gosplice"
	"github.com/gosplice/gosplice/examples/arena/game"
	"github.com/gosplice/gosplice/examples/arena/server"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

// run serves players until the process is told to end.
func run(addr string) error {
	// All that a program needs in order to be patched. The game is the same without it.
	if err := gosplice.Start(); err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s pid %d\n", ln.Addr(), os.Getpid())

	s := server.New(game.NewWorld())
	err = s.Serve(ctx, ln)
	fmt.Printf("answered %d requests\n", s.Requests())
	return err
}
