package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
)

const recordLong = `Record writes the release record of a program that plain go build made, as gosplice
build would have done. Use it for programs that something else builds, such as your
release pipeline.

It reads from the program how it was built, compiles the packages again with the same
flags, and compares every byte of every function with what the program holds. Sources
that were edited since, another toolchain or other flags show at once, and then no
record is written. So check out what the program was built from first: the error
names the commit that the program carries, and the git command that brings it.

The sources are those of this directory; -C names another. Programs that were built
from files (go build main.go) do not know which: give the files as arguments.`

func newRecordCommand(c *console) *cobra.Command {
	var o pipeline.RecordOptions
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "record FILE [-C DIR] [-o OUT] [--json] [package]",
		Short: "Record what is in a program that go build made",
		Long:  recordLong,
		Example: `  # In the sources of the program:
  gosplice record ./server

  # A deployed program, its sources elsewhere:
  gosplice record /srv/bin/server -C ~/src/server -o server.gsr ./cmd/server`,
		Args: arguments(1, anyNumber),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Binary, o.Package = args[0], args[1:]
			summary, err := record(c, cmd.Context(), o)
			if err != nil {
				return interrupted(err)
			}
			return showRecord(c, o.Binary, summary, asJSON)
		},
	}
	cmd.Flags().StringVarP(&o.Dir, "chdir", "C", "", "directory of the sources (default: this one)")
	cmd.Flags().StringVarP(&o.Out, "output", "o", "", "record file (default: FILE"+recordSuffix+")")
	cmd.Flags().BoolVar(&o.Loops, "loops", false, "the program was built by gosplice build --loops")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	cmd.MarkFlagDirname("chdir")
	cmd.MarkFlagFilename("output", recordSuffix[1:])
	return cmd
}

// recordGC is the garbage collector's GOGC while a record is made. All symbols of the program are in memory then, and
// twice that is much for a large one.
const recordGC = 30

// record makes a record and shows how far it is.
func record(c *console, ctx context.Context, o pipeline.RecordOptions) (*pipeline.RecordSummary, error) {
	line := c.progress()
	defer line.Stop()
	o.Progress = line.Step
	if os.Getenv("GOGC") == "" {
		defer debug.SetGCPercent(debug.SetGCPercent(recordGC))
	}
	return pipeline.MakeRecord(ctx, o)
}

// recordJSON is the summary of a record for programs.
type recordJSON struct {
	Program, File       string
	Release             string
	BuildID             string
	GoVersion, Platform string
	Packages, Functions int
	TextBytes, Size     int64
}

// showRecord prints what was recorded.
func showRecord(c *console, program string, s *pipeline.RecordSummary, asJSON bool) error {
	if asJSON {
		return c.json(recordJSON{program, s.File, report.ShortRelease(s.BuildID), s.BuildID, s.GoVersion, s.Platform,
			s.Packages, s.Functions, s.TextBytes, s.Size})
	}
	c.printf("%s  %s %s  release %s", c.style.Bold(filepath.Base(program)), s.GoVersion, s.Platform, report.ShortRelease(s.BuildID))
	c.printf("verified: %s in %s, %s of machine code match",
		report.Plural(s.Functions, "function"), report.Plural(s.Packages, "package"), report.Bytes(s.TextBytes))
	c.printf("%s  %s", c.style.Bold(s.File), report.Bytes(s.Size))
	return nil
}
