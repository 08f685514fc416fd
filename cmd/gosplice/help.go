package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
)

// setHelp lays the help of all commands out for the console's width.
func setHelp(root *cobra.Command, c *console) {
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		out := cmd.OutOrStdout()
		for _, line := range report.Text(cmd.Long, c.width) {
			fmt.Fprintln(out, line)
		}
		fmt.Fprintln(out)
		fmt.Fprintln(out, strings.TrimRight(cmd.UsageString(), "\n"))
	})
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(),
		".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", c.width)))
}
