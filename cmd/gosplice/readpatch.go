package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/internal/patch"
)

// readPatch reads and checks a patch file. It takes no more memory than a patch may have,
// whatever the file is.
func readPatch(name string) (*patch.Patch, []byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	file, err := io.ReadAll(io.LimitReader(f, patch.MaxFile+1))
	if err != nil {
		return nil, nil, err
	}
	p, err := patch.Decode(file)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", name, err)
	}
	return p, file, nil
}

// completePatches lets the shell complete patch files.
func completePatches(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{patchSuffix[1:]}, cobra.ShellCompDirectiveFilterFileExt
}
