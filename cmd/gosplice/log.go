package main

import (
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
)

const logLong = `Log prints what was asked of a program so far: each apply and rollback, and each
connection that was turned away, with the time, who asked, what came of it, and how
long the program stood still. The program keeps the last 1000 in memory, and writes the
same to its own log.

The program is the only running one, or the one that --pid or --socket names.`

func newLogCommand(c *console) *cobra.Command {
	var (
		t      target
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "log [PID | --pid N | --socket PATH] [--json]",
		Short: "Print what was asked of a program, and what came of it",
		Long:  logLong,
		Example: `  gosplice log

  # What was refused, and why:
  gosplice log --json | jq -r '.[] | select(.Code == "refused") | .Message'`,
		Args:              t.pidArgument,
		ValidArgsFunction: completePIDs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, _, err := t.dial(cmd.Context(), wanted{})
			if err != nil {
				return interrupted(err)
			}
			defer client.Close()
			return runJournal(c, cmd, client, asJSON)
		},
	}
	t.addFlags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

// runJournal prints what was asked of a program so far.
func runJournal(c *console, cmd *cobra.Command, client *control.Client, asJSON bool) error {
	entries, err := client.Journal(cmd.Context())
	if err != nil {
		return interrupted(err)
	}
	if asJSON {
		if entries == nil {
			entries = []control.Entry{}
		}
		return c.json(entries)
	}
	if len(entries) == 0 {
		c.print("Nothing was asked of the program so far.")
		return nil
	}
	showJournal(c, entries)
	return nil
}

// showJournal prints entries, each with its message below it: a message has no width.
func showJournal(c *console, entries []control.Entry) {
	t := report.Table{Head: []string{"TIME", "UID", "PID", "VERB", "VERSION", "RESULT", "PAUSE"}}
	for _, e := range entries {
		pause := ""
		if e.Pause > 0 {
			pause = report.Duration(e.Pause)
		}
		t.AddWith(about(e), e.Time.Local().Format(time.DateTime), strconv.Itoa(e.UID), strconv.Itoa(e.PID), string(e.Verb), e.Version, string(e.Code), pause)
	}
	c.print(t.Lines(c.style, c.width)...)
}

// about is what an entry says below its line.
func about(e control.Entry) string {
	text := e.Message
	if e.ID != "" {
		text = "patch " + shortPatch(e.ID)
		if e.Chain != "" {
			text = "chain " + e.Chain + ", plugin " + shortPatch(e.ID)
		}
		if e.Signer != "" {
			text += " signed by " + e.Signer[:min(len(e.Signer), 8)]
		}
		text += ": " + e.Message
	}
	return text
}
