// Arena-chain is the arena as a thin program: it keeps rooms, players and connections, and its
// rules come in versions that are swapped while people play.
//
//	go run ./examples/arena-chain              the logic linked in
//	go run ./examples/arena-chain/cmd/swap     versions as plugins, swapped under load
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/gosplice/gosplice"
	"github.com/gosplice/gosplice/chain"
	"github.com/gosplice/gosplice/examples/arena-chain/api"
	"github.com/gosplice/gosplice/examples/arena-chain/world"
	"github.com/gosplice/gosplice/examples/arena/server"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	load := flag.String("load", "", "plugin `file` to begin with")
	watch := flag.String("watch", "", "`directory` to load new plugins from")
	flag.Parse()
	if err := run(*addr, *load, *watch); err != nil {
		log.Fatal(err)
	}
}

// run serves players until the process is told to end.
func run(addr, load, watch string) error {
	if err := begin(load); err != nil {
		return err
	}
	// For gosplice apply, status and rollback. The chain works without it.
	if err := gosplice.Start(); err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if watch != "" {
		go func() {
			if err := api.Logic.WatchDir(ctx, watch, chain.WatchOptions{}); ctx.Err() == nil {
				log.Print(err)
			}
		}()
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	fmt.Printf("listening on %s pid %d\n", ln.Addr(), os.Getpid())

	s := server.New(world.New())
	err = s.Serve(ctx, ln)
	tally := api.Logic.Current().Tally
	fmt.Printf("answered %d requests, with %d blows, by %d versions\n", s.Requests(), tally.Blows.Load(), tally.Versions.Load())
	return err
}

// begin brings the first version.
func begin(load string) error {
	var err error
	if load == "" {
		err = link()
	} else {
		_, err = api.Logic.Load(load)
	}
	if err == nil && api.Logic.Current() == nil {
		err = errors.New("there is no logic: name a plugin with -load, or build without -tags plugins")
	}
	return err
}
