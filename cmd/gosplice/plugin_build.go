package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/chainbuild"
	"github.com/gosplice/gosplice/internal/live/chainfile"
	"github.com/gosplice/gosplice/internal/live/chains"
)

const pluginBuildLong = `Build makes a plugin of a chain: game_1-0-1.so for version 1.0.1 of the chain game. The
package is a main package with the entry

  func Entry(prev *api.Table) (*api.Table, error)

which gets the table of the version before it and returns its own. It takes the place of
init and runs once; func main is not needed.

The packages that are logic are compiled under import paths that no other build has, so
that any number of versions fit into one process. They are the main package, those
below its directory, and those named with --logic: import paths or directories, with
/... for all below. All others are shared with the program and must be what it was
built from. With --host, the program's file, this is checked here; otherwise the program
refuses the plugin when it does not fit.

Nothing is written into the source tree. Flags of its own have two dashes; all others
are those of go build, and have to be those that the host was built with.

Exit codes: 0 built, 1 failed, 2 wrong usage, 3 it would not fit the host.`

// pluginFlags are the flags of gosplice plugin build.
type pluginFlags struct {
	chain, version, host, key string
	logic                     []string
	reproducible, json        bool
}

// pluginJSON is a plugin that was built, for programs.
type pluginJSON struct {
	File, Chain, Version, ID, Identity, Table string
	Size                                      int64
	Memory                                    uint64
	Logic, Shared                             []string
	Brought                                   []string `json:",omitempty"`
	Took                                      time.Duration
}

func newPluginBuildCommand(c *console) *cobra.Command {
	var f pluginFlags
	cmd := &cobra.Command{
		Use:   "build --chain NAME --version X.Y.Z [go build flags] [package]",
		Short: "Build a version of the logic as a plugin",
		Long:  pluginBuildLong,
		Example: `  gosplice plugin build --chain game --version 1.0.1 ./logic

  # Checked against the program, with more packages that come anew, signed:
  gosplice plugin build --chain game --version 1.0.2 --host ./server \
      --logic ./rules/... --key release.key -o dist/ ./logic`,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			return helpOr(cmd, f.run(c, cmd, args))
		},
	}
	f.addFlags(cmd)
	cmd.Flags().StringVar(&f.version, "version", "", "version, such as 1.0.1")
	cmd.Flags().BoolVar(&f.reproducible, "reproducible", false, "the same identity for the same sources: only one such build fits into a process")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return cmd
}

// addFlags adds the flags of everything that builds plugins.
func (f *pluginFlags) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.chain, "chain", "", "name of the chain, as in chain.New")
	cmd.Flags().StringArrayVar(&f.logic, "logic", nil, "packages that come anew with each version, such as ./rules/... (repeatable)")
	cmd.Flags().StringVar(&f.host, "host", "", "the program that is to load it")
	cmd.Flags().StringVar(&f.key, "key", "", "sign with the ed25519 private key in this PEM file")
	cmd.MarkFlagFilename("host")
	cmd.MarkFlagFilename("key")
}

func (f *pluginFlags) run(c *console, cmd *cobra.Command, args []string) error {
	o, err := f.options(cmd, args)
	if err != nil {
		return err
	}
	start := time.Now()
	line := c.progress()
	defer line.Stop()
	o.Step = func(what string) { line.Step(what, 0, 0) }
	p, err := chainbuild.BuildPlugin(cmd.Context(), o)
	line.Stop()
	if err != nil {
		return pluginRefused(err)
	}
	if f.json {
		return c.json(newPluginJSON(p, time.Since(start)))
	}
	showPlugin(c, p, time.Since(start))
	return nil
}

// options are what the flags ask for. What can be wrong with them is said before the work.
func (f *pluginFlags) options(cmd *cobra.Command, args []string) (chainbuild.PluginOptions, error) {
	var o chainbuild.PluginOptions
	command, err := goBuildCommand(cmd, args)
	if err != nil {
		return o, err
	}
	switch {
	case f.chain == "":
		return o, usageOf(cmd, errors.New("--chain is missing: the name that the program gives to chain.New"))
	case f.version == "":
		return o, usageOf(cmd, errors.New("--version is missing: such as 1.0.1, and higher than that of the version before"))
	}
	if err := errors.Join(chains.CheckName(f.chain), chains.CheckVersion(f.version)); err != nil {
		return o, usageOf(cmd, err)
	}
	o = chainbuild.PluginOptions{Chain: f.chain, Version: f.version, Command: command, Logic: f.logic, Reproducible: f.reproducible, Made: made()}
	if f.key != "" {
		if o.Key, err = readKey(f.key); err != nil {
			return o, err
		}
	}
	if f.host != "" {
		if o.Host, o.Exports, err = chainbuild.ReadHost(f.host); err != nil {
			return o, err
		}
	}
	return o, nil
}

func newPluginJSON(p *chainbuild.Plugin, took time.Duration) pluginJSON {
	return pluginJSON{File: p.File, Chain: p.Chain, Version: p.Version, ID: p.ID, Identity: p.Identity, Table: p.Table,
		Size: p.Size, Memory: p.Memory, Logic: p.Logic, Shared: sharedNames(&p.Manifest), Brought: p.Brought, Took: took}
}

// sharedNames are the packages that a plugin shares, without the standard library.
func sharedNames(m *chainfile.Manifest) []string {
	names := []string{}
	for _, p := range m.Shared {
		if p.Sources != "" {
			names = append(names, p.Path)
		}
	}
	return names
}

func showPlugin(c *console, p *chainbuild.Plugin, took time.Duration) {
	c.printf("%s  %s %s  %s, in %s", c.style.Bold(report.Printable(p.File)), p.Chain, p.Version, report.Bytes(p.Size), report.Duration(took))
	var f report.Fields
	f.Add("comes anew", strings.Join(p.Logic, ", "))
	f.Add("shared", list(sharedNames(&p.Manifest), 8))
	if len(p.Brought) > 0 {
		f.Add("brings along", fmt.Sprintf("%s: shared from the first version that has them", strings.Join(p.Brought, ", ")))
	}
	f.Add("table", p.Table)
	f.Add("memory", report.Bytes(p.Memory)+" once loaded, for as long as the program runs")
	c.print(f.Lines(c.style, c.width)...)
}
