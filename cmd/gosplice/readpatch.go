package main

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	records "github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/live/chainfile"
	"github.com/gosplice/gosplice/internal/live/chains"
	"github.com/gosplice/gosplice/internal/wire/files"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// readPatch reads and checks a patch file. It takes no more memory than a patch may have,
// whatever the file is, and does not wait for a pipe that nobody writes to.
func readPatch(name string) (*patch.Patch, []byte, error) {
	file, err := files.Read(name, patch.MaxFile)
	if err != nil {
		return nil, nil, err
	}
	p, err := decodePatch(name, file)
	return p, file, err
}

// decodePatch decodes the content of a patch file.
func decodePatch(name string, file []byte) (*patch.Patch, error) {
	if records.IsRecord(file) {
		return nil, usageErrorf("%s is the record of a program and no patch: gosplice patch --record %s makes one of an edit", name, name)
	}
	p, err := patch.Decode(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

// readApplicable reads a file that can be applied, a patch or a plugin of a chain, and says which
// programs it is for.
func readApplicable(name string) ([]byte, wanted, error) {
	if !isPlugin(name) {
		p, file, err := readPatch(name)
		if err != nil {
			return nil, wanted{}, err
		}
		return file, release(p.Release.BuildID), nil
	}
	p, file, err := readPlugin(name)
	if err != nil {
		return nil, wanted{}, err
	}
	return file, withChain(p.Chain), nil
}

// isPlugin says whether a file is meant as a plugin of a chain, by its name.
func isPlugin(name string) bool { return filepath.Ext(name) == pluginSuffix }

// readPlugin reads and checks a plugin of a chain.
func readPlugin(name string) (*chainfile.File, []byte, error) {
	file, err := chains.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	p, err := chainfile.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, file, nil
}

// pluginSuffix ends the names of plugins.
const pluginSuffix = ".so"

// completePatches lets the shell complete files that can be applied.
func completePatches(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{patchSuffix[1:], pluginSuffix[1:]}, cobra.ShellCompDirectiveFilterFileExt
}
