package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
			return writeManuals(root, header, args[0])
		},
	}
}

// writeManuals writes the page of a command and those of its subcommands. A page takes the place of what has its name: a
// link that somebody has put there is not followed.
func writeManuals(cmd *cobra.Command, header *doc.GenManHeader, dir string) error {
	for _, c := range cmd.Commands() {
		if !c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			continue
		}
		if err := writeManuals(c, header, dir); err != nil {
			return err
		}
	}
	own := *header // GenMan fills it in
	var page bytes.Buffer
	if err := doc.GenMan(cmd, &own, &page); err != nil {
		return fmt.Errorf("writing manual pages: %w", err)
	}
	return writeFile(filepath.Join(dir, strings.ReplaceAll(cmd.CommandPath(), " ", "-")+".1"), page.Bytes())
}
