package main

import (
	"bytes"
	"os"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gosplice/gosplice/cmd/internal/build/chainbuild"
	"github.com/gosplice/gosplice/internal/live/chainfile"
)

// forge makes a plugin claim that it fits a host: forge plugin.so host out.so. So Go gets to see what is
// refused otherwise.
func forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: forge plugin.so host out.so")
	}
	content, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	f, err := chainfile.Read(bytes.NewReader(content), int64(len(content)))
	ts.Check(err)
	host, exports, err := chainbuild.ReadHost(ts.MkAbs(args[1]))
	ts.Check(err)
	sources := make(map[string]string)
	for _, p := range host.Packages {
		sources[p.Path] = p.Sources
	}
	for i, p := range f.Shared {
		if export, ok := exports[p.Path]; ok {
			f.Shared[i] = chainfile.Package{Path: p.Path, Sources: sources[p.Path], Export: export}
		}
	}
	code := content[:f.Plugin]
	end, err := chainfile.Seal(bytes.NewReader(code), &f.Manifest, nil)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), append(bytes.Clone(code), end...), 0o644))
}
