package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// showSwitched prints what an apply or a rollback did.
func showSwitched(c *console, h *control.Hello, s *control.Switched) {
	c.print(who(c, h))
	if s.Already {
		c.printf("  %s runs already: nothing was done", report.Printable(s.To))
		return
	}
	if s.Chain != "" {
		showChainSwitched(c, s)
		return
	}
	var f report.Fields
	f.Add("switched", fmt.Sprintf("%s -> %s", s.From, s.To))
	f.Add("functions", report.Count(s.Functions))
	f.Add("pause", report.Duration(s.Pause))
	if s.Attempts > 1 {
		f.Add("attempts", report.Count(s.Attempts))
	}
	f.Add("initialised", strings.Join(s.Inits, ", "))
	f.Add("reset", strings.Join(s.Resets, ", "))
	f.Add("hooks", strings.Join(s.Hooks, ", "))
	f.Add("variables and types", sharedState(s))
	if s.Memory > 0 {
		f.Add("memory", report.Bytes(s.Memory))
	}
	c.print(f.Lines(c.style, c.width)...)
	for _, w := range s.Warnings {
		c.print("", "Warning: "+report.Printable(w))
	}
	showOldCode(c, s.OldCode)
}

// who names the program that answered, and its user if that is another one: it says itself what it is.
func who(c *console, h *control.Hello) string {
	line := fmt.Sprintf("%s  pid %d  release %s", c.style.Bold(report.Printable(filepath.Base(h.Program))), h.PID, report.ShortRelease(h.BuildID))
	if user := otherUser(h); user != "" {
		line += "  " + user
	}
	return line
}

// otherUser names the user of a program, if it is not who runs this command.
func otherUser(h *control.Hello) string {
	if h.UID == os.Geteuid() {
		return ""
	}
	return fmt.Sprintf("user %d", h.UID)
}

// switchedJSON is what an apply or a rollback did, and in which process, for programs.
type switchedJSON struct {
	PID, UID int
	*control.Switched
}

// sharedState says what became of variables and types that patches share.
func sharedState(s *control.Switched) string {
	var parts []string
	if s.Created > 0 {
		parts = append(parts, report.Count(s.Created)+" new")
	}
	if s.Reused > 0 {
		parts = append(parts, report.Count(s.Reused)+" kept from earlier patches")
	}
	return strings.Join(parts, ", ")
}

// showOldCode lists the goroutines that still run other versions' code: those that may leave it, and those
// that can't.
func showOldCode(c *console, old []control.OldCode) {
	c.print("")
	if len(old) == 0 {
		c.print("No goroutine runs old code.")
		return
	}
	var leaving, staying []control.OldCode
	for _, o := range old {
		if o.Endless {
			staying = append(staying, o)
		} else {
			leaving = append(leaving, o)
		}
	}
	if n := control.Goroutines(leaving); n == 1 {
		c.print("1 goroutine still runs old code, until it returns from it:")
	} else if n > 1 {
		c.printf("%s still run old code, until they return from it:", report.Plural(n, "goroutine"))
	}
	showWhere(c, leaving)
	if n := control.Goroutines(staying); n > 0 {
		if len(leaving) > 0 {
			c.print("")
		}
		verb := "stay"
		if n == 1 {
			verb = "stays"
		}
		c.print(report.Wrapped(fmt.Sprintf("%s %s in old code for good: no way leads out of the loop there, which calls new code where it calls what changed.", report.Plural(n, "goroutine"), verb), c.width)...)
		showWhere(c, staying)
	}
	if c.verbose {
		showStacks(c, old)
	}
}

func showWhere(c *console, old []control.OldCode) {
	if len(old) == 0 {
		return
	}
	t := whereTable([]string{"GOROUTINES", "FUNCTION", "VERSION", "AT"}, old, c.width, func(o control.OldCode, function string) []string {
		return []string{report.Count(o.Goroutines), function, o.Version, place(o)}
	})
	c.print(t.Lines(c.style, c.width)...)
}

// whereTable has a row of cells for each function. The names are without the directories of their packages, as plans write
// them, where there is no room for whole ones.
func whereTable(head []string, old []control.OldCode, width int, cells func(o control.OldCode, function string) []string) *report.Table {
	whole, short := &report.Table{Indent: 2, Head: head}, &report.Table{Indent: 2, Head: head}
	for _, o := range old {
		whole.Add(cells(o, o.Function)...)
		plain, _, _ := strings.Cut(o.Function, "[")
		short.Add(cells(o, o.Function[strings.LastIndexByte(plain, '/')+1:])...)
	}
	if whole.Fits(width) {
		return whole
	}
	return short
}

// showInside lists the goroutines because of which a switch was given up.
func showInside(c *console, inside []control.OldCode) {
	if len(inside) == 0 {
		return
	}
	t := whereTable([]string{"GOROUTINE", "FUNCTION", "VERSION", "AT", ""}, inside, c.messageWidth, func(o control.OldCode, function string) []string {
		never := ""
		if o.Endless {
			never = "never returns"
		}
		return []string{numbers(o), function, o.Version, place(o), never}
	})
	for _, line := range t.Lines(c.messages, c.messageWidth) {
		fmt.Fprintln(c.err, line)
	}
}

// numbers are the first goroutines of a function, and how many more there are.
func numbers(o control.OldCode) string {
	const most = 3
	var text []string
	for _, id := range o.IDs[:min(most, len(o.IDs))] {
		text = append(text, fmt.Sprint(id))
	}
	if n := o.Goroutines - len(text); n > 0 && len(text) > 0 {
		text = append(text, fmt.Sprintf("%s more", report.Count(n)))
	} else if len(text) == 0 {
		return report.Plural(o.Goroutines, "goroutine")
	}
	return strings.Join(text, ", ")
}

// place is where a goroutine is in the old function, or at all if the stack does not say.
func place(o control.OldCode) string {
	if len(o.Stack) == 0 {
		return ""
	}
	for _, f := range o.Stack {
		if f.Name == o.Function {
			return position(f)
		}
	}
	return position(o.Stack[0])
}

// position is a place in a source file, short.
func position(f control.Function) string {
	if f.File == "" {
		return f.Name
	}
	dir, file := filepath.Split(f.File)
	return fmt.Sprintf("%s:%d", filepath.Join(filepath.Base(dir), file), f.Line)
}

// showStacks prints the stack of one goroutine in each old function.
func showStacks(c *console, old []control.OldCode) {
	for _, o := range old {
		if len(o.Stack) == 0 {
			continue
		}
		c.print("", "  one of those in "+report.Printable(o.Function)+":")
		for _, f := range o.Stack {
			c.printf("    %s\n        %s:%d", report.Printable(f.Name), report.Printable(f.File), f.Line)
		}
	}
}
