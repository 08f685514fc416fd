package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

const rootLong = `Gosplice changes the code of a running Go program and keeps its state.

Edit any function in any package, run one command, and the live process runs the
new code: same heap, same connections, no restart, native speed, stock toolchain.
What cannot be applied safely is refused before anything is touched, with the
reason and a way out.

The way of a change:

  gosplice build ./cmd/server      the program, and a record of what is in it
  ./server &                       it calls gosplice.Start
  (edit)
  gosplice plan                    every change with its verdict
  gosplice patch                   server-1f6d2a0.gsp
  gosplice apply server-1f6d2a0.gsp
  gosplice status
  gosplice rollback

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused, 4 nothing to patch.`

// The groups that the help lists commands in.
const (
	groupMake  = "make"
	groupLive  = "live"
	groupChain = "chain"
)

func newRootCommand(c *console) *cobra.Command {
	// Commands are listed in the order in which they are used.
	cobra.EnableCommandSorting = false
	root := &cobra.Command{
		Use:   "gosplice",
		Short: "Change the code of a running Go program and keep its state",
		Long:  rootLong,
		Example: `  gosplice build -o server ./cmd/server
  gosplice help plan`,
		Version:       moduleVersion(),
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return noCommand(c, cmd) },
		SilenceErrors: true,
		SilenceUsage:  true,
		// One or two wrong letters.
		SuggestionsMinimumDistance: 2,
		// The completion command is our own.
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetOut(c.out)
	root.SetErr(c.err)
	root.SetFlagErrorFunc(usageOf)
	root.PersistentFlags().BoolVarP(&c.verbose, "verbose", "v", false, "say more about errors")
	root.AddGroup(
		&cobra.Group{ID: groupMake, Title: "Make a patch:"},
		&cobra.Group{ID: groupLive, Title: "Change a running program:"},
		&cobra.Group{ID: groupChain, Title: "Swap logic by versions:"},
	)
	setHelp(root, c)
	addTo(root, groupMake, newBuildCommand(c), newRecordCommand(c), newPlanCommand(c), newExplainCommand(c), newPatchCommand(c), newVerifyCommand(c), newDiffCommand(c))
	addTo(root, groupMake, newKeygenCommand(c))
	addTo(root, groupLive, newWatchCommand(c), newPsCommand(c), newApplyCommand(c), newStatusCommand(c), newRollbackCommand(c))
	addTo(root, groupLive, newInstallCommand(c), newUninstallCommand(c), newLogCommand(c))
	addTo(root, groupChain, newPluginCommand(c))
	root.AddCommand(newDemoCommand(c), newVersionCommand(c), newCompletionCommand(c), newManCommand(c))
	for _, cmd := range root.Commands() {
		cmd.DisableFlagsInUseLine = true // each says itself which flags it takes
	}
	return root
}

// addTo adds commands to a group of the help.
func addTo(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, cmd := range commands {
		cmd.GroupID = group
		root.AddCommand(cmd)
	}
}

// unknownCommand says what the user may have meant.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	meant := cmd.SuggestionsFor(args[0])
	if len(meant) == 0 {
		return usageOf(cmd, fmt.Errorf("no command %q", args[0]))
	}
	return usageOf(cmd, fmt.Errorf("no command %q, perhaps %s", args[0], strings.Join(meant, " or ")))
}

// noCommand shows the help, but does not count as done: a script that lost its command is wrong.
func noCommand(c *console, cmd *cobra.Command) error {
	cmd.SetOut(c.err)
	if err := cmd.Help(); err != nil {
		return err
	}
	return usageErrorf("no command")
}
