// Broker is the MQTT broker github.com/mochi-mqtt/server as a program that can be patched while
// clients are connected. Nothing in the broker's own packages knows of it: they are in the module cache
// as their authors published them.
//
//	go run ./examples/broker
//
// The module is one of its own, as a user's program is.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/gosplice/gosplice"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	flag.Parse()

	// All that the program needs in order to be patched.
	if err := gosplice.Start(); err != nil {
		log.Print(err)
	}
	if err := run(*addr); err != nil {
		log.Fatal(err)
	}
}

// run serves clients until the process is told to end.
func run(addr string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	broker := mqtt.New(&mqtt.Options{
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err := broker.AddHook(new(auth.AllowHook), nil); err != nil {
		return err
	}
	tcp := listeners.NewTCP(listeners.Config{ID: "tcp", Address: addr})
	if err := broker.AddListener(tcp); err != nil {
		return err
	}
	if err := broker.Serve(); err != nil {
		return err
	}
	fmt.Printf("listening on %s pid %d\n", tcp.Address(), os.Getpid())

	<-ctx.Done()
	return broker.Close()
}
