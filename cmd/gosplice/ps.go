package main

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

const psLong = `Ps lists the programs on this machine that can be patched: those that called
gosplice.Start and run as your user, and for root those of everyone. RELEASE names the
build, VERSION what runs now: a patch, the release as it was built, or the versions of
the chains of a program that loads plugins.

A program that does not answer is listed with the reason; a socket whose program is
gone is not.`

// processJSON is one program, for programs.
type processJSON struct {
	PID            int
	Socket         string
	Error          string `json:",omitempty"` // when the program did not answer
	*control.Hello `json:",omitempty"`
	Release        string `json:",omitempty"`
}

func newPsCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ps [--json]",
		Short: "List the programs on this machine that can be patched",
		Long:  psLong,
		Example: `  gosplice ps

  # The process IDs of all servers that run the release as it was built:
  gosplice ps --json | jq '.[] | select(.Version == "release") | .PID'`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			found := listening(control.Find(cmd.Context(), control.SearchDirs()))
			if asJSON {
				return c.json(processesJSON(found))
			}
			if len(found) == 0 {
				c.print("No running program can be patched: a program has to call gosplice.Start.")
				return nil
			}
			c.print(processTable(found, time.Now()).Lines(c.style, c.width)...)
			if back := goingBack(found); back != "" {
				c.print("", "A restart goes back to the release: "+back+". To keep a patch: gosplice install.")
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the list as JSON")
	return cmd
}

// listening leaves out the sockets of programs that have ended.
func listening(found []control.Process) []control.Process {
	var list []control.Process
	for _, p := range found {
		if p.Hello != nil || !leftBehind(p.Err) {
			list = append(list, p)
		}
	}
	return list
}

func processTable(found []control.Process, now time.Time) *report.Table {
	t := &report.Table{Head: []string{"PID", "PROGRAM", "VERSION", "RELEASE", "GO", "UP"}}
	// Anybody's program can have the name and the build of another one.
	others := slices.ContainsFunc(found, func(p control.Process) bool { return p.Hello != nil && otherUser(p.Hello) != "" })
	if others {
		t.Head = append(t.Head, "USER")
	}
	for _, p := range found {
		pid := strconv.Itoa(p.PID)
		if p.Hello == nil {
			t.Add(pid, p.Err.Error(), "", "", "", "")
			continue
		}
		h := p.Hello
		row := []string{pid, filepath.Base(h.Program), versions(h), report.ShortRelease(h.BuildID), h.GoVersion, report.Age(now.Sub(h.Started))}
		if others {
			row = append(row, strconv.Itoa(h.UID))
		}
		t.Add(row...)
	}
	return t
}

// versions are the version of the program's code and those of its chains.
func versions(h *control.Hello) string {
	list := []string{h.Version}
	for _, chain := range slices.Sorted(maps.Keys(h.Chains)) {
		list = append(list, chain+" "+cmp.Or(h.Chains[chain], "(none)"))
	}
	if len(list) > 1 && h.Version == patch.ReleaseVersion {
		list = list[1:]
	}
	return strings.Join(list, ", ")
}

// goingBack are the processes that a restart takes back to the release.
func goingBack(found []control.Process) string {
	var list []string
	for _, p := range found {
		if p.Hello != nil && p.Hello.Version != patch.ReleaseVersion && cmp.Or(p.Hello.AfterRestart, patch.ReleaseVersion) == patch.ReleaseVersion {
			list = append(list, strconv.Itoa(p.PID))
		}
	}
	return strings.Join(list, ", ")
}

func processesJSON(found []control.Process) []processJSON {
	list := make([]processJSON, len(found)) // never null
	for i, p := range found {
		list[i] = processJSON{PID: p.PID, Socket: p.Socket, Hello: p.Hello}
		if p.Hello != nil {
			list[i].Release = report.ShortRelease(p.Hello.BuildID)
		} else {
			list[i].Error = p.Err.Error()
		}
	}
	return list
}
