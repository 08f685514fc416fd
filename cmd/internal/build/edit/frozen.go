package edit

import (
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Frozen are the packages, by import path, that a running program can't do without at any moment: the
// runtime with all that it imports, and the part of gosplice that does the patching.
func Frozen(rec *release.Record) map[string]bool {
	imports := map[string][]string{}
	for _, p := range rec.Packages {
		imports[p.Import] = p.Imports
	}
	out := map[string]bool{}
	var visit func(string)
	visit = func(p string) {
		if !out[p] {
			out[p] = true
			for _, i := range imports[p] {
				visit(i)
			}
		}
	}
	visit("runtime")
	for p := range imports {
		if strings.HasPrefix(p, "runtime/") || strings.HasPrefix(p, "internal/runtime/") || p == "internal/abi" || p == "syscall" || p == "time" || p == "sync/atomic" || p == "internal/runtime/syscall" {
			out[p] = true
		}
	}
	const own = "github.com/gosplice/gosplice"
	var visitOwn func(string)
	visitOwn = func(p string) {
		if !out[p] && (p == own || strings.HasPrefix(p, own+"/")) {
			out[p] = true
			for _, i := range imports[p] {
				visitOwn(i)
			}
		}
	}
	visitOwn(own)
	return out
}
