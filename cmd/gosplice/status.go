package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

const statusLong = `Status says what runs in a program: its release, the current version, the patches that
were applied, the functions that calls leave for a patch, and the goroutines that
are still in code of another version and where.

--follow shows it until Ctrl-C, with the goroutines as they leave old code; where the
output is no terminal, a line whenever something changed. --journal is gosplice log.

The program is the only running one, or the one that --pid or --socket names. To see
the goroutines it stops for a moment, as for a goroutine profile.`

func newStatusCommand(c *console) *cobra.Command {
	var (
		t               target
		journal, asJSON bool
		live            bool
		every           time.Duration
	)
	cmd := &cobra.Command{
		Use:   "status [PID | --pid N | --socket PATH] [--follow] [--json]",
		Short: "Say what runs in a program",
		Long:  statusLong,
		Example: `  gosplice status

  # Wait until no goroutine runs old code any more:
  until gosplice status --pid 4711 --json | jq -e 'all(.OldCode[]?; .Endless)'
  do sleep 1; done`,
		Args:              t.pidArgument,
		ValidArgsFunction: completePIDs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if live {
				if every < time.Millisecond || every > longestInterval {
					return usageOf(cmd, fmt.Errorf("--interval %v: must be from 1ms to %v", every, longestInterval))
				}
				return follow(cmd.Context(), c, &t, every, asJSON)
			}
			client, _, err := t.dial(cmd.Context(), wanted{})
			if err != nil {
				return interrupted(err)
			}
			defer client.Close()
			if journal {
				return runJournal(c, cmd, client, asJSON)
			}
			s, err := client.Status(cmd.Context())
			if err != nil {
				return interrupted(err)
			}
			if asJSON {
				return c.json(s)
			}
			showStatus(c, s, time.Now())
			return nil
		},
	}
	t.addFlags(cmd)
	cmd.Flags().BoolVarP(&live, "follow", "f", false, "show it until interrupted")
	cmd.Flags().DurationVar(&every, "interval", time.Second, "time between two looks, with --follow")
	cmd.Flags().BoolVar(&journal, "journal", false, "print what was asked of the program so far")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

// showStatus prints the state of a program.
func showStatus(c *console, s *control.Status, now time.Time) {
	c.print(who(c, &s.Hello))
	var f report.Fields
	f.Add("version", s.Version)
	f.Add("rollback to", rollbackTargets(s.Stack))
	f.Add("restart", afterRestart(&s.Hello))
	f.Add("program", s.Program)
	f.Add("platform", fmt.Sprintf("%s %s/%s", s.GoVersion, s.GOOS, s.GOARCH))
	f.Add("up", report.Age(now.Sub(s.Started)))
	f.Add("signatures", map[bool]string{true: "required"}[s.Signed])
	f.Add("code written", s.WriteMode)
	if s.Memory > 0 {
		f.Add("memory", report.Bytes(s.Memory)+" in patches")
	}
	f.Add("under way", s.InProgress)
	c.print(f.Lines(c.style, c.width)...)
	showPatches(c, s.Patches, now)
	showRedirected(c, s.Redirected)
	showChains(c, s.Chains, now)
	if s.InProgress == "" && len(s.Patches) > 0 {
		showOldCode(c, s.OldCode)
	}
}

// afterRestart says what a restart would do to the version that runs; nothing if both are the release.
func afterRestart(h *control.Hello) string {
	after := cmp.Or(h.AfterRestart, patch.ReleaseVersion)
	switch {
	case after == h.Version && after == patch.ReleaseVersion:
		return ""
	case after == h.Version:
		return "keeps " + after
	case after == patch.ReleaseVersion:
		return "goes back to the release"
	}
	return "goes to " + after
}

// rollbackTargets are the versions below the current one, the next one first.
func rollbackTargets(stack []string) string {
	if len(stack) == 0 {
		return ""
	}
	var targets []string
	for i := len(stack) - 2; i >= 0; i-- {
		targets = append(targets, stack[i])
	}
	return strings.Join(append(targets, "release"), ", ")
}

func showPatches(c *console, patches []control.Applied, now time.Time) {
	if len(patches) == 0 {
		return
	}
	c.print("")
	t := report.Table{Indent: 2, Head: []string{"", "PATCH", "VERSION", "APPLIED", "PAUSE", "CHANGES", "MEMORY", "SIGNED BY"}}
	for _, p := range patches {
		mark := " "
		if p.Current {
			mark = "*"
		}
		t.Add(mark, shortPatch(p.ID), p.Version, report.Age(now.Sub(p.Time))+" ago", report.Duration(p.Pause),
			report.Count(len(p.Changes)), inImages(p), p.Signer[:min(len(p.Signer), 8)])
	}
	c.print(t.Lines(c.style, c.width)...)
}

// inImages is the memory of a patch, which may be loaded several times.
func inImages(p control.Applied) string {
	if p.Images > 1 {
		return fmt.Sprintf("%s in %d images", report.Bytes(p.Memory), p.Images)
	}
	return report.Bytes(p.Memory)
}

// manyFunctions is how many functions are listed before the rest is only counted.
const manyFunctions = 20

func showRedirected(c *console, functions []control.Function) {
	if len(functions) == 0 {
		return
	}
	c.print("", report.Plural(len(functions), "function")+" patched:")
	t := report.Table{Indent: 2}
	for i, f := range functions {
		if i == manyFunctions && !c.verbose {
			t.Add(fmt.Sprintf("and %s more; --verbose lists them", report.Count(len(functions)-i)), "")
			break
		}
		where := ""
		if f.File != "" {
			where = position(f)
		}
		t.Add(f.Name, where)
	}
	c.print(t.Lines(c.style, c.width)...)
}
