package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

const versionLong = `Version says which gosplice this is, which Go releases it can patch programs of, and
the versions of the patch format and of the protocol that it speaks with programs. A
program that links another version of either says so when it is asked.`

// versionJSON is the version for programs.
type versionJSON struct {
	Version, GoVersion, Platform string
	Patches                      []string // Go releases
	PatchFormat, Protocol        int
}

func newVersionCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version [--json]",
		Short: "Say which gosplice this is and what it can patch",
		Long:  versionLong,
		Example: `  gosplice version

  gosplice version --json | jq -r .Version`,
		Args: arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			v := versionJSON{moduleVersion(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH,
				gotool.Releases(), patch.FormatVersion, control.Protocol}
			if asJSON {
				return c.json(v)
			}
			c.printf("gosplice %s %s %s", v.Version, v.GoVersion, v.Platform)
			c.printf("patches %s programs for linux/amd64 and linux/arm64; patch format %d, protocol %d",
				strings.Join(v.Patches, ", "), v.PatchFormat, v.Protocol)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

// moduleVersion is the version of the module that the command was built from.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Version == "(devel)" {
			return fmt.Sprintf("(devel %.7s)", s.Value)
		}
	}
	return info.Main.Version
}
