package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/chainbuild"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
)

const pluginHostLong = `Host builds a program that loads plugins. It runs go build with -trimpath, and builds a
description into the program of what it is made from: the Go release, the flags, and a
hash of the sources of each package. Plugins are compared with it before they are
opened, because Go itself looks too late and at too little.

It takes the flags and the package of go build. Without -pgo no profile is used, since a
profile would change packages that the program shares with its plugins.

Flags of its own have two dashes; all others are those of go build, see go help build.`

// hostJSON is a program that was built, for programs.
type hostJSON struct {
	File, Go, Platform string
	Flags              []string
	Size               int64
	Packages           []string
}

func newPluginHostCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "host [-o FILE] [go build flags] [package]",
		Short: "Build a program that loads plugins",
		Long:  pluginHostLong,
		Example: `  gosplice plugin host ./cmd/server

  gosplice plugin host -o dist/server -tags netgo -ldflags="-s -w" ./cmd/server`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			command, err := goBuildCommand(cmd, args)
			if err != nil {
				return helpOr(cmd, err)
			}
			line := c.progress()
			defer line.Stop()
			h, err := chainbuild.BuildHost(cmd.Context(), command, func(what string) { line.Step(what, 0, 0) })
			line.Stop()
			if err != nil {
				return pluginRefused(err)
			}
			return showHost(c, h, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// goBuildCommand takes a command's own flags out of its arguments, and the rest as those of go build.
func goBuildCommand(cmd *cobra.Command, args []string) (*gotool.Command, error) {
	rest, err := splitOwnFlags(cmd, args)
	if err != nil {
		return nil, err
	}
	command, err := gotool.FromCommand("", rest)
	return command, usageOf(cmd, err)
}

// helpOr shows the help if that was asked for.
func helpOr(cmd *cobra.Command, err error) error {
	if err == errHelp {
		return cmd.Help()
	}
	return err
}

func showHost(c *console, h *chainbuild.Host, asJSON bool) error {
	info, err := os.Stat(h.File)
	if err != nil {
		return err
	}
	var packages []string
	for _, p := range h.Packages {
		packages = append(packages, p.Path)
	}
	if asJSON {
		return c.json(hostJSON{h.File, h.Go, h.OS + "/" + h.Arch, h.Flags, info.Size(), packages})
	}
	c.printf("%s  %s %s/%s  %s, loads plugins", c.style.Bold(report.Printable(h.File)), h.Go, h.OS, h.Arch, report.Bytes(info.Size()))
	c.print(report.Text(fmt.Sprintf("shares with them: %s", list(packages, 8)), c.width)...)
	return nil
}
