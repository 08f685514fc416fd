package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/patchdir"
	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

const installLong = `Install puts a patch where a program looks for it when it starts. Patches live in memory,
so without that a restart goes back to the release. The program names the directory
by gosplice.WithPatchDir; when it starts it applies the newest patch there that was made
for its very build, before its own work begins, and leaves all others alone.

It changes nothing in the running program: gosplice apply does. A patch that is
installed for the same build is replaced. When a build that has the edit is deployed,
the patch no longer fits and is left alone.

The directory is that of the only running program that the patch was made for, or of
the one that --pid or --socket names, or --dir. Only the program's user and root may write
there, or the program ignores it. What a program of another user says of directories is not
believed: root names the directory with --dir, and all of the way to it has to belong
to root or to that user.`

const uninstallLong = `Uninstall removes an installed patch: after the next restart the program is the release,
as it was built. It changes nothing in the running program: gosplice rollback does.

Without NAME.gsp it removes what is installed for the build of the running program.
With it, what is installed for the build that this patch was made for; the name may be
one in the directory, or the file that was installed.`

// patchPlace is where patches are installed.
type patchPlace struct {
	target
	dir string
}

func (p *patchPlace) addFlags(cmd *cobra.Command) {
	p.target.addFlags(cmd)
	cmd.Flags().StringVar(&p.dir, "dir", "", "patch directory (default: the one of the running program)")
	cmd.MarkFlagDirname("dir")
}

// found is a patch directory, and the program that named it, if it was asked.
type found struct {
	dir    string
	status *control.Status
}

// find asks the program for its patch directory, unless one is named.
func (p *patchPlace) find(ctx context.Context, buildID string) (found, error) {
	if p.dir != "" && p.pid == 0 && p.socket == "" {
		return found{dir: p.dir}, nil
	}
	w := wanted{}
	if buildID != "" {
		w = release(buildID)
	}
	client, hello, err := p.dial(ctx, w)
	if err != nil {
		return found{}, err
	}
	defer client.Close()
	switch {
	case p.dir != "":
		hello.PatchDir = p.dir
	case !client.Listener().Own():
		return found{}, fmt.Errorf("process %d belongs to user %d, and what it says of directories is not believed: name its patch directory with --dir", hello.PID, hello.UID)
	case hello.PatchDir == "":
		return found{}, fmt.Errorf("%s (pid %d) looks nowhere for patches when it starts: have it call gosplice.Start(gosplice.WithPatchDir(dir)), or name a directory with --dir",
			filepath.Base(hello.Program), hello.PID)
	}
	status, err := client.Status(ctx)
	return found{hello.PatchDir, status}, err
}

func newInstallCommand(c *console) *cobra.Command {
	var p patchPlace
	cmd := &cobra.Command{
		Use:   "install NAME.gsp [--pid N | --socket PATH | --dir DIR]",
		Short: "Have a program apply a patch whenever it starts",
		Long:  installLong,
		Example: `  gosplice install server-1.4.2.gsp

  # The program does not run at the moment:
  gosplice install server-1.4.2.gsp --dir /var/lib/server/patches`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completePatches,
		RunE: func(cmd *cobra.Command, args []string) error {
			made, file, err := readPatch(args[0])
			if err != nil {
				return err
			}
			to, err := p.find(cmd.Context(), made.Release.BuildID)
			if err != nil {
				return interrupted(err)
			}
			return install(c, made, file, to)
		},
	}
	p.addFlags(cmd)
	return cmd
}

// install writes a patch into a patch directory.
func install(c *console, p *patch.Patch, file []byte, to found) error {
	if to.status != nil {
		if to.status.Signed && p.Signer == nil {
			return refusedErrorf("the program accepts only signed patches, and would ignore this one: sign it with gosplice patch --key")
		}
		if to.status.BuildID != p.Release.BuildID {
			return refusedErrorf("the patch was made for release %s of %s, and the program is release %s", report.ShortRelease(p.Release.BuildID), p.Release.Program, report.ShortRelease(to.status.BuildID))
		}
	}
	owner := os.Geteuid()
	if to.status != nil {
		owner = to.status.UID
	}
	dir, err := patchdir.Make(to.dir, owner)
	if err != nil {
		return noPlace(err)
	}
	defer dir.Close()
	base := fmt.Sprintf("%s-%s%s", safeName(p.Release.Program), report.ShortRelease(p.Release.BuildID), patchSuffix)
	name, before := dir.Path(base), ""
	if old, err := readInstalled(dir, base); err == nil {
		before = versionOf(old)
	}
	if err := dir.Write(base, file); err != nil {
		return err
	}
	c.printf("%s  %s, applied whenever %s starts as release %s", c.style.Bold(report.Printable(name)), report.Printable(versionOf(p)),
		report.Printable(p.Release.Program), report.ShortRelease(p.Release.BuildID))
	if before != "" && before != versionOf(p) {
		c.printf("It replaces %s.", report.Printable(before))
	}
	if to.status != nil && to.status.Version != versionOf(p) {
		c.printf("Process %d runs %s until then; gosplice apply patches it now.", to.status.PID, report.Printable(to.status.Version))
	}
	return nil
}

// noPlace says that a directory is no place for patches.
func noPlace(err error) error {
	if r := (*patchdir.Refused)(nil); errors.As(err, &r) {
		return refusedErrorf("%w", err)
	}
	return err
}

// readInstalled reads a patch of a patch directory.
func readInstalled(dir *patchdir.Dir, name string) (*patch.Patch, error) {
	file, err := dir.Read(name)
	if err != nil {
		return nil, err
	}
	return decodePatch(dir.Path(name), file)
}

// safeName is a program's name as part of a file name.
func safeName(name string) string {
	return strings.ReplaceAll(strings.TrimLeft(name, "."), string(os.PathSeparator), "_")
}

// versionOf is what a program calls a patch.
func versionOf(p *patch.Patch) string { return p.Label() }

func newUninstallCommand(c *console) *cobra.Command {
	var p patchPlace
	cmd := &cobra.Command{
		Use:   "uninstall [NAME.gsp] [--pid N | --socket PATH | --dir DIR]",
		Short: "Have a program start as the release again",
		Long:  uninstallLong,
		Example: `  gosplice uninstall

  gosplice uninstall server-1.4.2.gsp --dir /var/lib/server/patches`,
		Args:              arguments(0, 1),
		ValidArgsFunction: completePatches,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.uninstall(c, cmd, args)
		},
	}
	p.addFlags(cmd)
	return cmd
}

func (p *patchPlace) uninstall(c *console, cmd *cobra.Command, args []string) error {
	buildID := ""
	switch {
	case len(args) == 0 && p.dir != "":
		return usageOf(cmd, fmt.Errorf("name the patch whose build is meant: a directory may have patches for several"))
	case len(args) == 1:
		made, err := readNamed(args[0], p.dir)
		if err != nil {
			return err
		}
		buildID = made.Release.BuildID
	}
	from, err := p.find(cmd.Context(), buildID)
	if err != nil {
		return interrupted(err)
	}
	if buildID == "" {
		buildID = from.status.BuildID
	}
	dir, err := patchdir.Open(from.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no patch for release %s is installed in %s, which is not there", report.ShortRelease(buildID), from.dir)
	}
	if err != nil {
		return noPlace(err)
	}
	defer dir.Close()
	names, err := dir.Patches()
	if err != nil {
		return err
	}
	removed := 0
	for _, name := range names {
		made, err := readInstalled(dir, name)
		if err != nil || made.Release.BuildID != buildID {
			continue
		}
		if err := dir.Remove(name); err != nil {
			return err
		}
		removed++
		c.printf("%s  %s removed: %s starts as release %s", c.style.Bold(report.Printable(dir.Path(name))), report.Printable(versionOf(made)),
			report.Printable(made.Release.Program), report.ShortRelease(buildID))
	}
	if removed == 0 {
		return fmt.Errorf("no patch for release %s is installed in %s", report.ShortRelease(buildID), from.dir)
	}
	if from.status != nil && from.status.Version != patch.ReleaseVersion {
		c.printf("Process %d runs %s until then; gosplice rollback takes it back now.", from.status.PID, report.Printable(from.status.Version))
	}
	return nil
}

// readNamed reads a patch that is named by its file, or by its name in a patch directory.
func readNamed(name, dir string) (*patch.Patch, error) {
	made, _, err := readPatch(name)
	if errors.Is(err, fs.ErrNotExist) && dir != "" && filepath.Base(name) == name {
		made, _, err = readPatch(filepath.Join(dir, name))
	}
	return made, err
}
