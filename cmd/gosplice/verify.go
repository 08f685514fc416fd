package main

import (
	"encoding/hex"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

const verifyLong = `Verify says what is in a patch file, which program it fits, and who signed it. It
checks the file as a program does before it applies one: that it is whole, that its
signature is good, and that nothing in it contradicts itself. It touches no program.

A signature that is good says that the holder of the key made the patch. Whether that
key may patch a program is for the program to decide.

With PROGRAM, an executable, it also says whether the patch was made for it.

A plugin of a chain (see gosplice plugin) is verified in the same way; with PROGRAM, its
host, everything is compared that the host compares before it opens a plugin.

Exit codes: 0 good, 3 the file is damaged or was not made for PROGRAM.`

func newVerifyCommand(c *console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify NAME.gsp|NAME.so [PROGRAM] [--json]",
		Short: "Say what is in a patch or plugin, whom it fits and who signed it",
		Long:  verifyLong,
		Example: `  gosplice verify server-1.4.2.gsp

  # Was it made for the program that is deployed?
  gosplice verify server-1.4.2.gsp /srv/bin/server`,
		Args:              arguments(1, 2),
		ValidArgsFunction: completePatches,
		RunE: func(cmd *cobra.Command, args []string) error {
			if isPlugin(args[0]) {
				return verifyPlugin(c, args, asJSON)
			}
			p, file, err := readPatch(args[0])
			if err != nil {
				return err
			}
			if len(args) == 2 {
				if err := checkFits(p, args[0], args[1]); err != nil {
					return err
				}
			}
			if asJSON {
				return c.json(newVerifyJSON(p, len(file)))
			}
			showPatch(c, p, args[0], len(file))
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

// checkFits compares the build that a patch was made for with a program.
func checkFits(p *patch.Patch, name, program string) error {
	b, err := gotool.FromBinary(program)
	if err != nil {
		return err
	}
	if b.BuildID != p.Release.BuildID {
		return refusedErrorf("%s was made for release %s of %s, and %s is release %s: make a patch with the record of this one",
			name, report.ShortRelease(p.Release.BuildID), p.Release.Program, program, report.ShortRelease(b.BuildID))
	}
	return nil
}

// verifyJSON is what is in a patch, for programs.
type verifyJSON struct {
	ID, Version, Made string
	Signer            string `json:",omitempty"` // ed25519 public key, hexadecimal
	Size              int    // of the file
	Memory            uint64 // when it is applied
	Release           report.ReleaseJSON
	Functions         []string // that it replaces
	Changes           []report.ChangeJSON
}

func newVerifyJSON(p *patch.Patch, size int) verifyJSON {
	v := verifyJSON{
		ID: p.ID, Version: p.Version, Made: p.Made, Signer: hex.EncodeToString(p.Signer), Size: size, Memory: p.Image.Size,
		Release: report.NewReleaseJSON(p.Release), Functions: []string{}, Changes: report.NewChangesJSON(p.Changes),
	}
	for _, r := range p.Redirects {
		v.Functions = append(v.Functions, r.HostName(&p.Funcs[r.Func]))
	}
	return v
}

// showPatch prints what is in a patch.
func showPatch(c *console, p *patch.Patch, name string, size int) {
	c.printf("%s  %s, whole", c.style.Bold(report.Printable(name)), report.Bytes(size))
	var f report.Fields
	f.Add("version", p.Version)
	f.Add("made", p.Made)
	f.Add("for", fmt.Sprintf("%s (%s)  %s %s/%s  release %s", p.Release.Program, p.Release.Main,
		p.Release.GoVersion, p.Release.GOOS, p.Release.GOARCH, report.ShortRelease(p.Release.BuildID)))
	f.Add("build ID", p.Release.BuildID)
	f.Add("signed by", signer(p))
	f.Add("holds", holds(p))
	f.Add("source", diffSize(p.Diff))
	f.Add("patch ID", p.ID)
	c.print(f.Lines(c.style, c.width)...)
	if len(p.Changes) > 0 {
		c.print("")
		c.print(report.Changes(p.Changes, c.style, c.width)...)
	}
}

func signer(p *patch.Patch) string { return keyName(p.Signer) }

// keyName names the key of a signature.
func keyName(key []byte) string {
	if key == nil {
		return "nobody"
	}
	return "ed25519 key " + hex.EncodeToString(key)
}

// holds sums up what is in the image of a patch.
func holds(p *patch.Patch) string {
	vars := 0
	for _, s := range p.Symbols {
		if s.Kind == "var" {
			vars++
		}
	}
	text := fmt.Sprintf("%s, %d in place of the program's", report.Plural(len(p.Funcs), "function"), len(p.Redirects))
	if vars > 0 {
		text += "; " + report.Plural(vars, "new variable")
	}
	if types := len(p.Symbols) - vars; types > 0 {
		text += "; " + report.Plural(types, "new type")
	}
	if len(p.Inits) > 0 {
		text += "; " + report.Plural(len(p.Inits), "initialiser")
	}
	if len(p.Resets) > 0 {
		text += "; " + report.Plural(len(p.Resets), "reset")
	}
	if len(p.Hooks) > 0 {
		text += "; " + report.Plural(len(p.Hooks), "hook")
	}
	return text + "; " + report.Bytes(p.Image.Size) + " of memory"
}
