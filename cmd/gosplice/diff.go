package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
)

const diffLong = `Diff prints the source diff that a patch carries: what changed in the sources of the
packages whose code changed, between the release and the edited tree. It is a unified
diff with names relative to the module, as patch -p1 and git apply read it.

It is what the one who made the patch says; what the program would run is the machine
code in the patch. A signature covers both.`

// diffJSON is the source diff of a patch, for programs.
type diffJSON struct{ ID, Version, Diff string }

func newDiffCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff NAME.gsp [--json]",
		Short: "Print the source diff that a patch carries",
		Long:  diffLong,
		Example: `  gosplice diff server-1.4.2.gsp

  # Bring the edit into another checkout of the release:
  gosplice diff server-1.4.2.gsp | git apply`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completePatches,
		RunE: func(_ *cobra.Command, args []string) error {
			p, _, err := readPatch(args[0])
			if err != nil {
				return err
			}
			if p.Diff == "" {
				return fmt.Errorf("%s carries no source diff: it was made with --no-source, or changes no sources that people edit", args[0])
			}
			if asJSON {
				return c.json(diffJSON{p.ID, versionOf(p), p.Diff})
			}
			showDiff(c, p.Diff)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

// showDiff prints a diff: as it is for programs, in the colours of version control on a terminal, which
// it must not steer.
func showDiff(c *console, diff string) {
	if !c.shown {
		fmt.Fprint(c.out, diff)
		return
	}
	for line := range strings.Lines(diff) {
		line = report.Printable(strings.TrimSuffix(line, "\n"))
		switch {
		case strings.HasPrefix(line, "diff "), strings.HasPrefix(line, "--- "), strings.HasPrefix(line, "+++ "):
			line = c.style.Bold(line)
		case strings.HasPrefix(line, "@@"):
			line = c.style.Cyan(line)
		case strings.HasPrefix(line, "+"):
			line = c.style.Green(line)
		case strings.HasPrefix(line, "-"):
			line = c.style.Red(line)
		}
		c.print(line)
	}
}

// diffSize sums a diff up.
func diffSize(diff string) string {
	files, added, removed := 0, 0, 0
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "diff "):
			files++
		case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "):
		case strings.HasPrefix(line, "+"):
			added++
		case strings.HasPrefix(line, "-"):
			removed++
		}
	}
	if files == 0 {
		return ""
	}
	return fmt.Sprintf("%s, %s added, %s removed", report.Plural(files, "file"), report.Plural(added, "line"), report.Count(removed))
}
