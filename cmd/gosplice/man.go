package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

const manLong = `Man writes manual pages into a directory, one for each command, from the same text that
--help shows.`

func newManCommand(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write manual pages",
		Long:  manLong,
		Example: `  gosplice man ~/.local/share/man/man1

  # Read one without installing it:
  gosplice man . && man ./gosplice-plan.1`,
		Args: arguments(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // the date of the day: pages would differ for no reason
			header := &doc.GenManHeader{Title: "GOSPLICE", Section: "1", Source: "gosplice " + moduleVersion(), Manual: "gosplice"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("writing manual pages: %w", err)
			}
			return nil
		},
	}
}
