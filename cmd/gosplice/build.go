package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
)

const buildLong = `Build runs go build and writes the release record beside the program: server and
server.gsr. It takes the flags and packages of go build and passes them on; the
program is the one that go build makes, byte for byte, but for --loops.

With --loops the loops of the main module that are never left, or have no end in sight
and wait for something, such as for { and for job := range jobs {, are compiled as
loops over gosplice.Loop, While and Receive: an edit of their bodies takes effect at
the next turn. The sources stay as they are. //gosplice:plain before a loop leaves it
out.

The record is what later edits are compared with: it proves that the objects
compiled from the sources are what the program holds, function by function. Keep it
with the program that you deploy. Without it, gosplice record makes it again from the
same sources.

Programs are built for linux/amd64 by a Go release that gosplice version names, without
-msan, -asan and -buildmode other than exe and pie. Cgo, external linking, -race and
-cover are fine. For linux/arm64 they are built without cgo and with -buildmode=exe.
Others are built as well, but get no record, and the reason is printed.

All flags but those below are those of go build; see go help build.`

func newBuildCommand(c *console) *cobra.Command {
	asJSON, loops := false, false
	cmd := &cobra.Command{
		Use:   "build [-o FILE] [go build flags] [package]",
		Short: "Build a program and record what is in it",
		Long:  buildLong,
		Example: `  gosplice build ./cmd/server

  gosplice build -o dist/server -trimpath -tags netgo -ldflags="-s -w" .`,
		RunE: func(cmd *cobra.Command, args []string) error {
			rest, packages, help, err := takeOwnFlags(cmd, args)
			if help {
				return cmd.Help()
			}
			if err != nil {
				return usageOf(cmd, err)
			}
			if packages != nil {
				rest = append(append(rest, "--"), packages...)
			}
			command, err := gotool.FromCommand("", rest)
			if err != nil {
				return usageOf(cmd, err)
			}
			if slices.Contains(command.Flags, "-n") {
				return usageOf(cmd, fmt.Errorf("-n makes no program to record"))
			}
			return build(c, cmd, command, loops, asJSON)
		},
	}
	takeBuildFlags(cmd, c, "json", "n")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	cmd.Flags().BoolVar(&loops, "loops", false, "let edits of loops without an end take effect at their next turn")
	return cmd
}

// build builds and records a program.
func build(c *console, cmd *cobra.Command, command *gotool.Command, loops, asJSON bool) error {
	program, err := compile(c, cmd.Context(), command, loops)
	if err != nil {
		return interrupted(err)
	}
	summary, err := record(c, cmd.Context(), pipeline.RecordOptions{Binary: program, Dir: command.Dir, Package: command.Packages, Flags: sourceFlags(command.Flags), Loops: loops})
	if err != nil {
		return fmt.Errorf("%s is built, but not recorded: %w", program, interrupted(err))
	}
	return showRecord(c, program, summary, asJSON)
}

// sourceFlags are the flags that say what is compiled, or which values the linker gives to variables, and that build info
// does not keep in all cases.
func sourceFlags(flags []string) []string {
	var out []string
	for _, f := range flags {
		name, _, _ := strings.Cut(f, "=")
		if slices.Contains([]string{"-mod", "-modfile", "-overlay", "-covermode", "-coverpkg", "-ldflags"}, name) {
			out = append(out, f)
		}
	}
	return out
}

// compile runs go build and returns the program.
func compile(c *console, ctx context.Context, command *gotool.Command, loops bool) (string, error) {
	line := c.progress()
	defer line.Stop()
	line.Step("building", 0, 0)
	b := command.Build()
	b.Loops = loops
	program, err := b.Output(ctx, command.Out)
	if err != nil {
		return "", err
	}
	var messages bytes.Buffer // of go build -v and the like
	if err := b.Compile(ctx, program, nil, &messages); err != nil {
		return "", err
	}
	line.Stop() // so that it is not in the way
	_, err = messages.WriteTo(c.err)
	return program, err
}
