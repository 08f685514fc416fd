package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

const patchLong = `Patch makes the patch file of an edit: everything that differs between a recorded
release and the edited source tree. When something is refused it prints the same
report as gosplice plan, makes no file and exits with 3.

A patch is made for one build of one program and holds its build ID and a hash of
its code; any other program refuses it. Patches are cumulative: each holds the whole
edit since the release, and applying one replaces the one before in one switch.

A version is a label for people, shown by gosplice status and understood by
gosplice rollback --to. Without one, the first digits of the patch's ID stand for it.

The patch carries the source diff of the edit, compressed, for gosplice diff; whoever has
the file can read it. --no-source leaves it out.

--key signs the patch. Programs that name keys accept signed patches only. A key is
an ed25519 private key in PEM (PKCS #8), as gosplice keygen and openssl make it.

Exit codes: 0 made, 1 failed, 2 wrong usage, 3 something is refused, 4 nothing changed and
no file was made.`

// patchFlags are the flags of gosplice patch.
type patchFlags struct {
	tree
	out, version, key string
	json, noSource    bool
}

func newPatchCommand(c *console) *cobra.Command {
	var f patchFlags
	cmd := &cobra.Command{
		Use:   "patch [--record FILE.gsr] [-C DIR] [-o NAME.gsp]",
		Short: "Make the patch file of an edit",
		Long:  patchLong,
		Example: `  # In the edited tree, beside server.gsr:
  gosplice patch

  # With a name for people, signed:
  gosplice patch --version 1.4.2 --key release.key -o server-1.4.2.gsp`,
		Args: arguments(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(c, cmd) },
	}
	f.addFlags(cmd)
	cmd.Flags().StringVarP(&f.out, "output", "o", "", "patch file (default: PROGRAM-VERSION"+patchSuffix+")")
	cmd.Flags().StringVar(&f.version, "version", "", "label of the patch, such as 1.4.2")
	cmd.Flags().StringVar(&f.key, "key", "", "sign with the ed25519 private key in this PEM file")
	cmd.Flags().BoolVar(&f.noSource, "no-source", false, "leave the source diff out of the patch")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	cmd.MarkFlagFilename("output", patchSuffix[1:])
	cmd.MarkFlagFilename("key")
	return cmd
}

func (f *patchFlags) run(c *console, cmd *cobra.Command) error {
	// What can be wrong with the flags is said before the work.
	if err := patch.CheckVersion(f.version); err != nil {
		return usageOf(cmd, err)
	}
	var key ed25519.PrivateKey
	if f.key != "" {
		var err error
		if key, err = readKey(f.key); err != nil {
			return err
		}
	}
	plan, err := f.plan(c, cmd)
	if err != nil {
		return err
	}
	defer plan.Close()
	if plan.Refused {
		if err := showPlan(c, plan, f.json); err != nil {
			return err
		}
		return errReported
	}
	if plan.Empty {
		return &nothingError{fmt.Errorf("no code changed between release %s and the tree: there is nothing to patch", report.ShortRelease(plan.Release.BuildID))}
	}
	p, file, err := f.link(c, cmd.Context(), plan, key)
	if err != nil {
		return interrupted(err)
	}
	name := f.fileName(plan.Program, p)
	if err := writeFile(name, file); err != nil {
		return err
	}
	return f.show(c, plan, p, name, len(file))
}

// link makes the patch of a plan, and its file.
func (f *patchFlags) link(c *console, ctx context.Context, plan *pipeline.Plan, key ed25519.PrivateKey) (*patch.Patch, []byte, error) {
	line := c.progress()
	defer line.Stop()
	line.Step("linking", 0, 0)
	p, err := plan.Patch(ctx, f.version)
	if err != nil {
		return nil, nil, err
	}
	if f.noSource {
		p.Diff = ""
	}
	file, err := patch.Encode(p, key)
	return p, file, err
}

// patchSuffix ends the names of patch files.
const patchSuffix = control.PatchSuffix

// fileName is the name of the patch file.
func (f *patchFlags) fileName(program string, p *patch.Patch) string {
	if f.out != "" {
		return f.out
	}
	// A version may hold anything that can be printed.
	label := strings.ReplaceAll(p.Version, string(os.PathSeparator), "_")
	if label == "" {
		label = shortPatch(p.ID)
	}
	return program + "-" + label + patchSuffix
}

// shortPatch is a patch's ID as people and rollback use it.
func shortPatch(id string) string { return id[:min(len(id), 8)] }

// patchJSON is the result for programs.
type patchJSON struct {
	File, ID, Version string
	Size              int
	Plan              report.PlanJSON
}

func (f *patchFlags) show(c *console, plan *pipeline.Plan, p *patch.Patch, name string, size int) error {
	if f.json {
		return c.json(patchJSON{name, p.ID, p.Version, size, report.NewPlanJSON(plan)})
	}
	if err := showPlan(c, plan, false); err != nil {
		return err
	}
	c.printf("%s  %s, replaces %s of release %s", c.style.Bold(name), report.Bytes(size),
		report.Plural(len(p.Redirects), "function"), report.ShortRelease(p.Release.BuildID))
	return nil
}
