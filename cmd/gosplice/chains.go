package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// showChainSwitched prints what an apply or a rollback did to a chain.
func showChainSwitched(c *console, s *control.Switched) {
	var f report.Fields
	f.Add("chain", s.Chain)
	f.Add("switched", fmt.Sprintf("%s -> %s", cmp.Or(s.From, "nothing"), s.To))
	if s.Memory > 0 {
		f.Add("memory", report.Bytes(s.Memory))
	}
	c.print(f.Lines(c.style, c.width)...)
}

// showChains prints the chains of a program with their versions.
func showChains(c *console, chains []control.Chain, now time.Time) {
	for _, chain := range chains {
		c.print("", fmt.Sprintf("chain %s  %s of at most %d, %s", c.style.Bold(report.Printable(chain.Name)),
			report.Plural(chain.Plugins, "plugin"), chain.Max, report.Bytes(chain.Memory)))
		if targets := below(chain.Stack); targets != "" {
			c.printf("  rollback to %s", report.Printable(targets))
		}
		if chain.Poisoned != "" {
			c.print(report.Text("  no further plugin can be loaded: "+report.Printable(chain.Poisoned), c.width)...)
		}
		if len(chain.Versions) == 0 {
			c.print("  no version yet")
			continue
		}
		t := report.Table{Indent: 2, Head: []string{"", "VERSION", "LOADED", "GOROUTINES", "MEMORY", "PLUGIN", "SIGNED BY"}}
		for _, v := range chain.Versions {
			mark, plugin := " ", shortPatch(v.ID)
			if v.Current {
				mark = "*"
			}
			if v.Linked {
				plugin = "linked in"
			}
			t.Add(mark, v.Version, report.Age(now.Sub(v.Time))+" ago", report.Count(v.Goroutines), report.Bytes(v.Memory), plugin, v.Signer[:min(len(v.Signer), 8)])
		}
		c.print(t.Lines(c.style, c.width)...)
	}
}

// below are the versions below the current one, the next one first.
func below(stack []string) string {
	var targets []string
	for i := len(stack) - 2; i >= 0; i-- {
		targets = append(targets, stack[i])
	}
	return strings.Join(targets, ", ")
}
