package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/chainbuild"
	"github.com/gosplice/gosplice/internal/live/chainfile"
)

// verifyPluginJSON is what is in a plugin, for programs.
type verifyPluginJSON struct {
	ID     string
	Signer string `json:",omitempty"` // ed25519 public key, hexadecimal
	Size   int    // of the file, bytes
	chainfile.Manifest
}

// verifyPlugin says what is in a plugin and whether it fits its host.
func verifyPlugin(c *console, args []string, asJSON bool) error {
	p, file, err := readPlugin(args[0])
	if err != nil {
		return err
	}
	if len(args) == 2 {
		if err := checkHost(&p.Manifest, args[0], args[1]); err != nil {
			return err
		}
	}
	if asJSON {
		return c.json(verifyPluginJSON{p.ID, hex.EncodeToString(p.Signer), len(file), p.Manifest})
	}
	c.printf("%s  %s, whole", c.style.Bold(report.Printable(args[0])), report.Bytes(len(file)))
	var f report.Fields
	f.Add("chain", p.Chain)
	f.Add("version", p.Version)
	f.Add("made", p.Made)
	f.Add("with", strings.TrimSpace(fmt.Sprintf("%s %s/%s %s", p.Go, p.OS, p.Arch, strings.Join(p.Flags, " "))))
	f.Add("signed by", keyName(p.Signer))
	f.Add("table", p.Table)
	f.Add("comes anew", strings.Join(p.Logic, ", "))
	f.Add("shared", list(sharedNames(&p.Manifest), 8))
	f.Add("memory", report.Bytes(p.Memory)+" once loaded")
	f.Add("plugin ID", p.ID)
	if len(args) == 2 {
		f.Add("fits", args[1])
	}
	c.print(f.Lines(c.style, c.width)...)
	return nil
}

// checkHost compares a plugin with the program that is to load it.
func checkHost(m *chainfile.Manifest, name, program string) error {
	host, exports, err := chainbuild.ReadHost(program)
	if err != nil {
		return err
	}
	loaded := chainfile.Loaded{Host: host, Exports: exports}
	if err := loaded.Fits(m); err != nil {
		return refusedErrorf("%s does not fit %s: %w", name, program, err)
	}
	return nil
}
