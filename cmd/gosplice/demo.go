package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/demo"
	"github.com/gosplice/gosplice/examples/arena/bots"
)

const demoLong = `Demo shows on this machine what gosplice does. It copies a small game server (of
examples/arena) into a temporary directory, builds it by plain go build, records the
release, starts it, and connects players who check every answer against books of
their own. While they play it makes three edits, one after another, each by plan,
patch and apply, and takes the last one back by rollback.

  1. a method, called from a loop that never returns
  2. a small function that the compiler has inlined in several packages
  3. a new type, a new initialised variable, and a package new to the program

Then it proves that this was no restart: process, start time, sockets, the state of
the game as the server and the players count it, and no wrong answer.

It needs the go command and the sources of gosplice: run it in a checkout. It leaves
nothing behind. Exit code 1: something did not hold, and the line says what.`

func newDemoCommand(c *console) *cobra.Command {
	o := demo.Options{}
	cmd := &cobra.Command{
		Use:   "demo [--players N] [--keep]",
		Short: "Show it: a live game server, three edits, and proof",
		Long:  demoLong,
		Example: `  # In a fresh checkout:
  go run ./cmd/gosplice demo

  # More players, and the sources, the program and the patches to look at:
  go run ./cmd/gosplice demo --players 1000 --keep`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.Players < 1 || o.Players > bots.MaxBots {
				return usageOf(cmd, fmt.Errorf("%d players: must be 1 to %d", o.Players, bots.MaxBots))
			}
			// The server's module is one of its own, whatever workspace the user is in.
			os.Setenv("GOWORK", "off")
			o.Style, o.Width, o.Progress = c.style, c.width, c.progress
			return interrupted(demo.Run(cmd.Context(), c.out, o))
		},
	}
	cmd.Flags().IntVar(&o.Players, "players", 300, "number of players")
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "keep sources, program, record and patches")
	return cmd
}
