package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/internal/wire/control"
)

const rollbackLong = `Rollback takes a running program one version back: to the patch that was applied before
the current one, or from the first patch to the release as it was built. --to goes
to a version at once: a version label, the first 8 digits of a patch's ID, or the
word release.

Functions get their former code back in one switch, as with gosplice apply. State is
not undone: variables keep what the patch put into them, and what its initialisers
did stays done. A version that was rolled back can be gone to again with --to.

A program may go back only for who has a key that it trusts (WithSignedRollback):
--key signs the request with it.

With --chain it is the logic of a chain that goes back, to a version whose plugin is in
the process (see gosplice plugin).`

func newRollbackCommand(c *console) *cobra.Command {
	var (
		t      target
		o      control.SwitchOptions
		to     string
		chain  string
		key    string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "rollback [--pid N | --socket PATH] [--to VERSION]",
		Short: "Take a running program back to an earlier version",
		Long:  rollbackLong,
		Example: `  gosplice rollback

  # Back to the program as it was built:
  gosplice rollback --pid 4711 --to release`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return change(c, cmd, &t, o, programFor(chain), key, asJSON, "rolling back", func(ctx context.Context, client *control.Client) (*control.Switched, error) {
				return client.RollbackChain(ctx, chain, to, o)
			})
		},
	}
	t.addFlags(cmd)
	cmd.Flags().StringVar(&chain, "chain", "", "roll back this chain (default: patches, or the only chain of a program without)")
	cmd.Flags().StringVar(&to, "to", "", "version to go back to (default: the one before)")
	addSwitchFlags(cmd, &o, &key)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// programFor wants programs with a chain, if one is named.
func programFor(chain string) wanted {
	if chain == "" {
		return wanted{}
	}
	return withChain(chain)
}
