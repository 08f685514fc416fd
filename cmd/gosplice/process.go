package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// target is the running program that a command is for.
type target struct {
	pid    int
	socket string
}

// addFlags adds the flags that name a running program.
func (t *target) addFlags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&t.pid, "pid", 0, "process ID of the program (default: the only one that fits)")
	cmd.Flags().StringVar(&t.socket, "socket", "", "socket on which the program listens")
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if cmd.Flags().Changed("pid") && t.socket != "" {
			return usageOf(cmd, fmt.Errorf("--pid and --socket name two programs: give one of them"))
		}
		return nil
	}
	cmd.MarkFlagFilename("socket", "sock")
	cmd.RegisterFlagCompletionFunc("pid", completePIDs)
}

// pidArgument accepts the process ID of the program as an argument too.
func (t *target) pidArgument(cmd *cobra.Command, args []string) error {
	if err := arguments(0, 1)(cmd, args); err != nil || len(args) == 0 {
		return err
	}
	pid, err := strconv.Atoi(args[0])
	if err != nil || pid <= 0 {
		return usageOf(cmd, fmt.Errorf("%q is no process ID", args[0]))
	}
	if cmd.Flags().Changed("pid") || t.socket != "" {
		return usageOf(cmd, fmt.Errorf("%s and a flag name two programs: give one of them", args[0]))
	}
	t.pid = pid
	return nil
}

// dialTimeout bounds connecting to a program and its first answer, which it gives at once.
const dialTimeout = 5 * time.Second

// wanted is what a command needs of the program that it is for. The zero value is any program.
type wanted struct {
	fits func(*control.Hello) bool
	what string // for messages: "is release 1f6d2a0"
}

// release wants programs of one build.
func release(buildID string) wanted {
	return wanted{func(h *control.Hello) bool { return h.BuildID == buildID }, "is release " + report.ShortRelease(buildID)}
}

// withChain wants programs that have a chain of plugins.
func withChain(name string) wanted {
	return wanted{func(h *control.Hello) bool { _, has := h.Chains[name]; return has }, "has a chain " + name}
}

// dial connects to the program and asks who it is. Without a flag that names it, it is the only running
// one that is wanted.
func (t *target) dial(ctx context.Context, w wanted) (*control.Client, *control.Hello, error) {
	socket, err := t.find(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	soon, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	client, err := control.Dial(soon, socket)
	if err != nil {
		return nil, nil, err
	}
	hello, err := client.Hello(soon)
	if err != nil {
		client.Close()
		if soon.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("the program at %s does not answer within %v: is it stopped, or out of file descriptors?", socket, dialTimeout)
		}
		return nil, nil, err
	}
	return client, hello, nil
}

// find finds the socket of the program.
func (t *target) find(ctx context.Context, w wanted) (string, error) {
	dirs := control.SearchDirs()
	switch {
	case t.socket != "":
		return t.socket, nil
	case t.pid != 0:
		return control.FindPID(dirs, t.pid)
	}
	running := answering(control.Find(ctx, dirs))
	fitting := running
	if w.fits != nil {
		fitting = slices.DeleteFunc(slices.Clone(running), func(p control.Process) bool { return !w.fits(p.Hello) })
	}
	return choose(running, fitting, w)
}

// choose takes the only program that fits, or says which ones there are.
func choose(running, fitting []control.Process, w wanted) (string, error) {
	switch {
	case len(fitting) == 1:
		return fitting[0].Socket, nil
	case len(fitting) > 1:
		return "", usageErrorf("%d programs fit, choose one with --pid: %s", len(fitting), candidates(fitting))
	case len(running) == 0:
		return "", fmt.Errorf("no running program can be patched: start one that calls gosplice.Start, as your user")
	}
	return "", fmt.Errorf("no running program %s; running: %s", w.what, candidates(running))
}

// answering leaves out the sockets that nobody answers at.
func answering(found []control.Process) []control.Process {
	return slices.DeleteFunc(slices.Clone(found), func(p control.Process) bool { return p.Hello == nil })
}

// candidates lists programs in one line.
func candidates(processes []control.Process) string {
	var list []string
	for _, p := range processes {
		about := []string{filepath.Base(p.Hello.Program), "release " + report.ShortRelease(p.Hello.BuildID)}
		if user := otherUser(p.Hello); user != "" {
			about = append(about, user)
		}
		list = append(list, fmt.Sprintf("%d (%s)", p.PID, strings.Join(about, ", ")))
	}
	return strings.Join(list, ", ")
}

// completePIDs lets the shell complete process IDs.
func completePIDs(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var list []string
	for _, p := range answering(control.Find(cmd.Context(), control.SearchDirs())) {
		list = append(list, strings.TrimRight(fmt.Sprintf("%d\t%s %s %s", p.PID, report.Printable(filepath.Base(p.Hello.Program)), report.Printable(p.Hello.Version), otherUser(p.Hello)), " "))
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}
