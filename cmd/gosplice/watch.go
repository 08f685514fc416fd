package main

import (
	"crypto/ed25519"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/watch"
	"github.com/gosplice/gosplice/internal/gotool"
)

const watchLong = `Watch builds a program, starts it, and patches it whenever a source file is saved: an
edit is live in about half a second, in the process that runs, with all its state.

Each save is one line: what changed, and how long it took from the save until it was
live; --verbose adds how long the program stood still, and the memory. An edit that does not compile shows the
compiler's messages, and the program runs on. An edit that can't be applied shows why;
Enter restarts the program with it, or --restart does so by itself. An edit that is
taken back is taken back in the program.

What counts are the files that the program is built from: its own packages, those of
local modules, and what they embed. Tests, files that build constraints leave out, and
new files that git ignores do not.

The program's output goes where it would go without watch. Lines of watch begin with
gosplice and go to the standard error. If the standard input is no terminal, it is the
program's. Ctrl-C asks the program to end, waits, and ends the watch; a second one
kills it. --leave ends the watch alone.

Flags of its own: --restart, --leave, --key FILE to sign patches for a program that
names keys, --with-deps to allow other versions of dependencies, and --verbose. All
other flags are those of go build. Arguments of the program follow after --.`

// watchOwn are the flags of gosplice watch that are not go build's.
type watchOwn struct {
	help, verbose, restart, leave, dependencies bool
	key                                         string
}

func newWatchCommand(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "watch [flags] [go build flags] [package] [-- ARGUMENTS]",
		Short: "Build, run, and patch a program on every save",
		Long:  watchLong,
		Example: `  gosplice watch

  gosplice watch --restart -tags dev ./cmd/server -- -addr localhost:8080`,
		// The flags are those of go build, which are written otherwise: -tags x, not --tags x.
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			own, rest, program, err := splitWatchArgs(args)
			if err != nil {
				return usageOf(cmd, err)
			}
			c.verbose = c.verbose || own.verbose
			if own.help {
				return cmd.Help()
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
}

// splitWatchArgs takes gosplice's own flags and the arguments of the program out of the arguments of watch.
func splitWatchArgs(args []string) (own watchOwn, rest, program []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch arg {
		case "--help", "-help", "-h":
			own.help = true
		case "--verbose":
			own.verbose = true
		case "--restart":
			own.restart = true
		case "--leave":
			own.leave = true
		case "--with-deps":
			own.dependencies = true
		case "--key":
			if len(args) == 0 {
				return own, nil, nil, fmt.Errorf("--key needs the file of a private key")
			}
			own.key, args = args[0], args[1:]
		case "--":
			return own, rest, args, nil
		default:
			rest = append(rest, arg)
		}
	}
	return own, rest, nil, nil
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
		Command: command, SourceFlags: sourceFlags(command.Flags), Args: program, Restart: own.restart, Leave: own.leave,
		Key: key, Dependencies: own.dependencies,
		Out: c.err, Style: c.messages, Width: c.messageWidth, Verbose: c.verbose, Progress: c.progress,
	}
	if term.IsTerminal(int(os.Stdin.Fd())) {
		o.Keys = os.Stdin
	} else {
		o.Stdin = os.Stdin
	}
	return interrupted(watch.Run(cmd.Context(), o))
}
