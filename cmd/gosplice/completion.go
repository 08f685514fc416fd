package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

const completionLong = `Completion prints a script that teaches the shell to complete gosplice's commands,
flags and files. Load it in the start file of the shell, or install it where the
shell looks for such scripts. In bash it needs the package bash-completion.`

func newCompletionCommand(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the script that completes gosplice's commands in a shell",
		Long:  completionLong,
		Example: `  # bash, in ~/.bashrc:
  source <(gosplice completion bash)

  # fish:
  gosplice completion fish > ~/.config/fish/completions/gosplice.fish`,
		Args:      arguments(1, 1),
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(c.out, true)
			case "zsh":
				return root.GenZshCompletion(c.out)
			case "fish":
				return root.GenFishCompletion(c.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(c.out)
			}
			return usageOf(cmd, fmt.Errorf("no completion for the shell %q", args[0]))
		},
	}
}
