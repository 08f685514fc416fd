package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
)

const planLong = `Plan compares the edited source tree with a recorded release and lists every
change with its verdict. It touches nothing, neither files nor programs.

  ~ changed, applies        + added        - removed
  ! applies, with a warning that says what does not happen
  x refused, with the reason and a way out

The edit is compiled by the go command with the flags of the release, and machine
code is compared, not text: a changed comment is no change, and a changed function
that was inlined shows in all its callers. Changes that need attention stand last.

A dependency with another version than in the release is refused, unless --with-deps
takes it along. The changes stand in groups of their modules then, and the last line
names the modules in the way. --with-deps=MODULE,... takes these modules alone: the
others are as in the release, or refused where one that is taken requires them.

--reset, --renamed and --fresh say of variables in code that can't be edited what
//gosplice:reset, //gosplice:renamed and //gosplice:fresh say in the source.

The record is the only *.gsr file in this directory, or, when there are several,
the one named after the directory; --record names another.

Exit codes: 0 all changes can be applied or nothing changed, 3 something is refused,
1 the sources do not compile or the plan failed otherwise.`

func newPlanCommand(c *console) *cobra.Command {
	var t tree
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan [--record FILE.gsr] [-C DIR] [--overlay FILE] [--json]",
		Short: "List every change of an edit with its verdict",
		Long:  planLong,
		Example: `  # In the edited tree, beside server.gsr:
  gosplice plan

  # An edit in another checkout, read by a program:
  gosplice plan --record /srv/server.gsr -C ~/fix --json | jq .Refused`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			plan, err := t.plan(c, cmd)
			if err != nil {
				return err
			}
			defer plan.Close()
			if err := showPlan(c, plan, asJSON); err != nil {
				return err
			}
			if plan.Refused {
				return errReported
			}
			return nil
		},
	}
	t.addFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the plan as JSON")
	return cmd
}

// showPlan prints a plan for people or for programs.
func showPlan(c *console, plan *pipeline.Plan, asJSON bool) error {
	if asJSON {
		return c.json(report.NewPlanJSON(plan))
	}
	_, err := fmt.Fprint(c.out, report.Plan(plan, c.style, c.width))
	return err
}
