package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
)

// tree is what plan and patch compare: an edited source tree with a recorded release.
type tree struct {
	record, dir, overlay string
	dependencies         dependencies
	directives           directives
}

// addFlags adds the flags that name the tree and the record.
func (t *tree) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&t.record, "record", "", "release record (default: the one in this directory)")
	cmd.Flags().StringVarP(&t.dir, "chdir", "C", "", "directory of the edited tree (default: the one that was recorded)")
	cmd.Flags().StringVar(&t.overlay, "overlay", "", "file that replaces sources, as for go build -overlay")
	t.dependencies.addTo(cmd.Flags(), "the release")
	t.directives.addTo(cmd.Flags())
	cmd.MarkFlagFilename("record", recordSuffix[1:])
	cmd.MarkFlagDirname("chdir")
	cmd.MarkFlagFilename("overlay", "json")
}

// plan compares the tree with the release.
func (t *tree) plan(c *console, cmd *cobra.Command) (*pipeline.Plan, error) {
	record, err := t.findRecord()
	if err != nil {
		return nil, err
	}
	overlay := t.overlay
	if overlay != "" {
		// The go command runs in the tree, but the file is named from here.
		if overlay, err = filepath.Abs(overlay); err != nil {
			return nil, err
		}
	}
	line := c.progress()
	defer line.Stop()
	plan, err := pipeline.MakePlan(cmd.Context(), pipeline.PlanOptions{
		Record: record, Dir: t.dir, Overlay: overlay,
		Dependencies: t.dependencies.taken, Modules: t.dependencies.modules, Directives: t.directives, Progress: line.Step,
	})
	return plan, interrupted(fromHere(err))
}

// fromHere makes a compile error name files from this directory, for the build may run in another one.
func fromHere(err error) error {
	var wrong *gotool.CompileError
	here, wdErr := os.Getwd()
	if wdErr != nil || !errors.As(err, &wrong) {
		return err
	}
	*wrong = *wrong.From(here)
	return err
}

// recordSuffix ends the names of record files.
const recordSuffix = ".gsr"

// findRecord chooses the record when none is named: the only one in this directory or in that
// of the tree, or among several the one that is named after the directory, as go build names
// programs.
func (t *tree) findRecord() (string, error) {
	if t.record != "" {
		return t.record, nil
	}
	dir, err := filepath.Abs(t.dir)
	if err != nil {
		return "", err
	}
	found := recordsIn(".")
	if len(found) == 0 {
		found = recordsIn(t.dir)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	for _, file := range found {
		if filepath.Base(file) == filepath.Base(dir)+recordSuffix {
			return file, nil
		}
	}
	if len(found) == 0 {
		return "", usageErrorf("no release record (*%s) here: name it with --record, or make it with gosplice build or gosplice record", recordSuffix)
	}
	return "", usageErrorf("%d release records here: choose one with --record: %s", len(found), strings.Join(found, ", "))
}

// recordsIn lists the record files in a directory.
func recordsIn(dir string) []string {
	// The pattern is well formed, whatever the directory's name: that part is quoted.
	found, _ := filepath.Glob(filepath.Join(quotePattern(dir), "*"+recordSuffix))
	slices.Sort(found)
	return found
}

// quotePattern makes a file name a pattern that matches it alone.
func quotePattern(name string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(name)
}
