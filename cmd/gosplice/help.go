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
	root.SetHelpCommand(&cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Say what a command does",
		Long:  "Help says what a command does, as gosplice COMMAND --help does.",
		ValidArgsFunction: func(_ *cobra.Command, args []string, begun string) (names []string, _ cobra.ShellCompDirective) {
			if cmd, rest, err := root.Find(args); err == nil && len(rest) == 0 {
				for _, sub := range cmd.Commands() {
					if sub.IsAvailableCommand() && strings.HasPrefix(sub.Name(), begun) {
						names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(root, args[max(0, len(args)-len(rest)):])
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	})
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(),
		".FlagUsages ", fmt.Sprintf(".FlagUsagesWrapped %d ", c.width)))
}
