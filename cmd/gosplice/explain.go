package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/rules"
)

const explainLong = `Explain says what a verdict of a plan means: what happens and why, what can be done
instead, and an edit that gets it. ID is what stands at the end of a line of a plan,
such as GS3001. Without one it lists all verdicts.

  GS1...  applies
  GS2...  applies, with a warning that says what does not happen
  GS3...  refused, with the reason and a way out

IDs stay the same from release to release, so scripts can rely on them.`

func newExplainCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [ID] [--json]",
		Short: "Say what a verdict means and what to do instead",
		Long:  explainLong,
		Example: `  gosplice explain GS3001

  # All verdicts:
  gosplice explain`,
		Args:              arguments(0, 1),
		ValidArgsFunction: completeRules,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listRules(c, asJSON)
			}
			r, ok := rules.Find(args[0])
			if !ok {
				return usageOf(cmd, fmt.Errorf("no verdict has the ID %q; gosplice explain lists all", args[0]))
			}
			if asJSON {
				return c.json(newRuleJSON(r))
			}
			c.print(report.Rule(r, c.style, c.width)...)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

// ruleJSON is a verdict for programs.
type ruleJSON struct {
	ID, Title, Kind, Verdict, Reason string
	WaysOut                          []string
	Example, Avoids                  string
}

func newRuleJSON(r rules.Rule) ruleJSON {
	out := ruleJSON{r.ID, r.Title, r.Kind(), r.Verdict, r.Reason, r.WaysOut, r.Example, r.Avoids}
	if out.WaysOut == nil {
		out.WaysOut = []string{} // never null
	}
	return out
}

func listRules(c *console, asJSON bool) error {
	if asJSON {
		var list []ruleJSON
		for _, r := range rules.All() {
			list = append(list, newRuleJSON(r))
		}
		return c.json(list)
	}
	t := report.Table{Head: []string{"ID", "THE EDIT", "THE PLAN SAYS"}}
	for _, r := range rules.All() {
		t.Add(r.ID, r.Title, r.Verdict)
	}
	c.print(t.Lines(c.style, c.width)...)
	return nil
}

// completeRules offers the IDs of verdicts.
func completeRules(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var ids []string
	for _, r := range rules.All() {
		if strings.HasPrefix(r.ID, strings.ToUpper(begun)) {
			ids = append(ids, cobra.CompletionWithDesc(r.ID, r.Title))
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}
