package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/control"
)

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
	c.print(journalTable(entries).Lines(c.style, c.width)...)
	return nil
}

func journalTable(entries []control.Entry) *report.Table {
	t := &report.Table{Head: []string{"TIME", "USER", "VERB", "VERSION", "RESULT", "TOOK", "MESSAGE"}}
	for _, e := range entries {
		t.Add(e.Time.Local().Format(time.DateTime), fmt.Sprint(e.UID), string(e.Verb), e.Version, string(e.Code),
			report.Duration(e.Took), e.Message)
	}
	return t
}
