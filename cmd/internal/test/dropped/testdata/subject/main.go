// Subject links the broker and prints the values of variables that only an edit uses.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"

	"github.com/gosplice/gosplice"
)

// named is a variable that the test brings back; value returns its address.
type named struct {
	name  string
	value func() any
}

func main() {
	if err := gosplice.Start(gosplice.WithSocketDir(os.Args[1])); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if len(os.Args) > 2 {
		serve() // never: the linker keeps what the broker runs
	}
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintln(out, "ready")
	out.Flush()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		for _, v := range variables() {
			fmt.Fprintf(out, "%s\t%s\n", v.name, text(v.value))
		}
		fmt.Fprintln(out, "done")
		out.Flush()
	}
}

func serve() {
	broker := mqtt.New(&mqtt.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if broker.AddHook(new(auth.AllowHook), nil) == nil && broker.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: ":0"})) == nil {
		fmt.Println(broker.Serve())
	}
}
