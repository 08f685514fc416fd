package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/chainbuild"
)

const pluginLong = `Plugin is for programs whose logic comes in versions: a thin program that keeps the
data, and plugins with the functions that work on it, loaded and swapped while it runs.
It is an alternative to patches where a program must not change its own machine code,
and a design of its own where logic is meant to be swapped.

The program makes a chain (package github.com/gosplice/gosplice/chain) and calls its
logic through a table of functions. The logic is a main package with one entry:

  func Entry(prev *api.Table) (*api.Table, error)

The way of a version:

  gosplice plugin host -o server ./cmd/server
  ./server &
  gosplice plugin build --chain game --version 1.0.1 --host server ./logic
  gosplice apply game_1-0-1.so
  gosplice status
  gosplice rollback --chain game

The packages that are logic (the main package, those below it, and those named with
--logic) come anew with each version, and so do their variables. All others are shared
with the program, which keeps their state, and have to be what it was built from.`

func newPluginCommand(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin",
		Short: "Build logic that is swapped by versions, and its program",
		Long:  pluginLong,
		Example: `  gosplice plugin host -o server ./cmd/server

  gosplice plugin build --chain game --version 1.0.1 --host server ./logic`,
		Args:                       unknownCommand,
		SuggestionsMinimumDistance: 2,
		RunE:                       func(cmd *cobra.Command, _ []string) error { return noCommand(c, cmd) },
	}
	cmd.AddCommand(newPluginHostCommand(c), newPluginBuildCommand(c), newPluginWatchCommand(c))
	for _, sub := range cmd.Commands() {
		sub.DisableFlagsInUseLine = true
	}
	return cmd
}

// errHelp says that the help was asked for among flags that the go command understands otherwise.
var errHelp = errors.New("help")

// splitOwnFlags sets the flags of a command that stand among those of go build, and returns the rest.
// Its own flags have two dashes.
func splitOwnFlags(cmd *cobra.Command, args []string) (rest []string, err error) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(rest, args[i:]...), nil
		}
		if arg == "-h" || arg == "-help" || arg == "--help" {
			return nil, errHelp
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(arg, "--"), "=")
		flag := cmd.Flags().Lookup(name)
		if flag == nil {
			flag = cmd.InheritedFlags().Lookup(name)
		}
		if !strings.HasPrefix(arg, "--") || flag == nil {
			rest = append(rest, arg)
			continue
		}
		if !hasValue && flag.NoOptDefVal != "" {
			value, hasValue = flag.NoOptDefVal, true
		}
		if !hasValue {
			if i++; i == len(args) {
				return nil, usageOf(cmd, fmt.Errorf("flag --%s needs a value", name))
			}
			value = args[i]
		}
		if err := flag.Value.Set(value); err != nil {
			return nil, usageOf(cmd, fmt.Errorf("--%s %s: %w", name, value, err))
		}
		flag.Changed = true
	}
	return rest, nil
}

// pluginRefused gives refusals of builds their exit code.
func pluginRefused(err error) error {
	if errors.Is(err, chainbuild.ErrRefused) {
		return &refusedError{err}
	}
	return interrupted(err)
}

// made says by what something is made.
func made() string {
	return "gosplice " + moduleVersion()
}

// list names a few things and counts the others.
func list(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %s more", strings.Join(names[:most], ", "), report.Count(len(names)-most))
}
