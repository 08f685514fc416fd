package main

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/watch"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

const watchLong = `Watch builds a program, starts it, and patches it whenever a source file is saved: an
edit is live in about half a second, in the process that runs, with all its state.

Each save is one line: what changed, and how long it took from the save until it was
live; --verbose adds how long the program stood still, and the memory. An edit that does not compile shows the
compiler's messages, and the program runs on. An edit that can't be applied shows why,
and so does one of code that has run, or of a value that is kept: "not before a
restart". Enter restarts the program with it, or --restart does so by itself. An edit
that is taken back is taken back in the program.

Loops that have no end in sight are compiled so that an edit of their bodies takes
effect at the next turn, in main too; see gosplice build --help. --no-loops leaves
them as they are.

What counts are the files that the program is built from: its own packages, those of
local modules, and what they embed. Tests, files that build constraints leave out, and
new files that git ignores do not.

The program's output goes where it would go without watch. Lines of watch begin with
gosplice and go to the standard error. If the standard input is no terminal, it is the
program's; in a terminal keys are the watch's: r restarts the program, l shows which
goroutines are left in old code, q ends the watch, ? lists the keys. Ctrl-C asks the
program to end, waits, and ends the watch; a second one kills it. --leave ends the
watch alone.

All flags but those below are those of go build; see go help build. Arguments of the
program follow after --.`

// watchOwn are the flags of gosplice watch that are not go build's.
type watchOwn struct {
	restart, leave bool
	noLoops        bool
	key            string
	dependencies   dependencies
	directives     directives
}

func newWatchCommand(c *console) *cobra.Command {
	var own watchOwn
	cmd := &cobra.Command{
		Use:     "watch [flags] [go build flags] [package] [-- ARGUMENTS]",
		Aliases: []string{"run"},
		Short:   "Build, run, and patch a program on every save",
		Long:    watchLong,
		Example: `  gosplice watch

  gosplice watch --restart -tags dev ./cmd/server -- -addr localhost:8080`,
		RunE: func(cmd *cobra.Command, args []string) error {
			rest, program, help, err := takeOwnFlags(cmd, args)
			if help {
				return cmd.Help()
			}
			if err != nil {
				return usageOf(cmd, err)
			}
			command, err := gotool.FromCommand("", rest)
			if err != nil {
				return usageOf(cmd, err)
			}
			if command.Out != "" || slices.Contains(command.Flags, "-n") {
				return usageOf(cmd, fmt.Errorf("watch keeps the program in a directory of its own: leave -o and -n out"))
			}
			return runWatch(c, cmd, own, command, program)
		},
	}
	takeBuildFlags(cmd, c, "n", "o", "json")
	cmd.Flags().BoolVar(&own.restart, "restart", false, "restart the program by itself when an edit does not take effect")
	cmd.Flags().BoolVar(&own.noLoops, "no-loops", false, "compile loops without an end as they are: edits of them wait for a restart")
	cmd.Flags().BoolVar(&own.leave, "leave", false, "let the program run on when the watch ends")
	cmd.Flags().StringVar(&own.key, "key", "", "sign patches with the private key in this `file`, for a program that names keys")
	own.dependencies.addTo(cmd.Flags(), "the program that runs")
	own.directives.addTo(cmd.Flags())
	return cmd
}

func runWatch(c *console, cmd *cobra.Command, own watchOwn, command *gotool.Command, program []string) error {
	var key ed25519.PrivateKey
	if own.key != "" {
		var err error
		if key, err = readKey(own.key); err != nil {
			return err
		}
	}
	o := watch.Options{
		Command: command, SourceFlags: sourceFlags(command.Flags), Args: program, Loops: !own.noLoops, Restart: own.restart, Leave: own.leave,
		Key: key, Dependencies: own.dependencies.taken, Modules: own.dependencies.modules, Directives: own.directives,
		Out: c.err, Style: c.messages, Width: c.messageWidth, Verbose: c.verbose, Progress: c.progress,
	}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		o.Keys = os.Stdin
	} else {
		o.Stdin = os.Stdin
	}
	return interrupted(watch.Run(cmd.Context(), o))
}
