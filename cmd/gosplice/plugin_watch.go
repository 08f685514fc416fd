package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/watch"
	"github.com/gosplice/gosplice/internal/wire/control"
)

const pluginWatchLong = `Watch builds the logic as a plugin and loads it into a running program, once at the
start and again whenever a source file of it is saved. Each save is one line. What does
not compile, does not fit the program or fails in its entry is named, and the program
runs on as it was.

The versions count up from the highest that the program has: 1.0.1 is followed by
1.0.2-dev.1, 1.0.2-dev.2 and so on. Each takes its memory until the program ends, and
the program takes as many as chain.WithMaxVersions allows; status shows both.

The program is the only running one that has the chain, or the one that --pid or
--socket names; it has called gosplice.Start. Ctrl-C ends the watch and leaves the
program as it is.

Flags of its own have two dashes; all others are those of go build, and have to be those
that the host was built with.`

func newPluginWatchCommand(c *console) *cobra.Command {
	var (
		f pluginFlags
		t target
	)
	cmd := &cobra.Command{
		Use:   "watch --chain NAME [flags] [go build flags] [package]",
		Short: "Build the logic and load it on every save",
		Long:  pluginWatchLong,
		Example: `  gosplice plugin watch --chain game ./logic

  gosplice plugin watch --chain game --pid 4711 --logic ./rules/... ./logic`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return helpOr(cmd, runPluginWatch(c, cmd, &f, &t, args))
		},
	}
	f.addFlags(cmd)
	t.addFlags(cmd)
	cmd.PreRunE = nil // the flags are taken apart later
	return cmd
}

func runPluginWatch(c *console, cmd *cobra.Command, f *pluginFlags, t *target, args []string) error {
	f.version = firstVersion
	o, err := f.options(cmd, args)
	if err != nil {
		return err
	}
	if o.Command.Out != "" {
		return usageOf(cmd, fmt.Errorf("watch keeps its plugins in a directory of its own: leave -o out"))
	}
	if t.pid != 0 && t.socket != "" {
		return usageOf(cmd, fmt.Errorf("--pid and --socket name two programs: give one of them"))
	}
	dial := func(ctx context.Context) (*control.Client, error) {
		client, _, err := t.dial(ctx, withChain(f.chain))
		return client, err
	}
	// A program that is not there is no matter of saves.
	client, err := dial(cmd.Context())
	if err != nil {
		return interrupted(err)
	}
	client.Close()
	return interrupted(watch.RunPlugin(cmd.Context(), watch.PluginOptions{Build: o, Dial: dial, Out: c.err, Style: c.messages, Width: c.messageWidth}))
}

// firstVersion stands for the versions that watch chooses.
const firstVersion = "0.0.1-dev.1"
