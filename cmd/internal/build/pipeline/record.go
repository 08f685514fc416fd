package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/loops"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// MakeRecord proves that the objects compiled from the sources are what the binary holds, and
// writes the record. When they disagree the error says where.
func MakeRecord(ctx context.Context, o RecordOptions) (*RecordSummary, error) {
	b, err := gotool.FromBinary(o.Binary)
	if err != nil {
		return nil, err
	}
	if b.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	if len(o.Package) > 0 {
		b.Packages = o.Package
	}
	o.Progress.step("checking the toolchain")
	if _, _, err := b.Toolchain(ctx); err != nil {
		return nil, err
	}
	b.Loops = o.Loops
	o.Progress.step("compiling")
	b.Flags = append(b.Flags, gotool.WithoutVCS(o.Flags)...)
	if b.CoverMode() != "" {
		b.Flags = append(b.Flags, gotool.CoverFlags(os.Getenv("GOFLAGS"))...)
	}
	if err := b.CheckData(); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Binary, err)
	}
	packages, err := b.List(ctx, "")
	if err != nil {
		return nil, withCommit(ctx, elsewhere(err, o.Binary, b), b)
	}
	packages, escapes, known, err := b.ListEscapes(ctx, "", release.EscapePatterns(packages))
	if err != nil {
		return nil, err
	}
	if b.Main == "" {
		b.Main = packages[len(packages)-1].ImportPath
	}
	o.Progress.step("comparing objects with the program")
	r, err := release.Make(ctx, o.Binary, b, packages, release.Options{Far: o.Far})
	if mismatch := (*release.Mismatch)(nil); errors.As(err, &mismatch) && b.CoverMode() != "" {
		return nil, fmt.Errorf("%w; a program does not say which -covermode and -coverpkg it was built with: name them in GOFLAGS, or build with gosplice build", err)
	}
	if err != nil {
		return nil, withCommit(ctx, withLoops(err, o), b)
	}
	runtime.GC() // what was known of the objects is not needed any more, and is much more than the record
	r.AddEscapes(escapes, known)
	if r.Modules, err = b.Modules(ctx); err != nil {
		return nil, err
	}
	out := o.Out
	if out == "" {
		out = o.Binary + ".gsr"
	}
	o.Progress.step("writing the record")
	if err := r.Write(out); err != nil {
		return nil, err
	}
	st, err := os.Stat(out)
	if err != nil {
		return nil, err
	}
	return &RecordSummary{
		File: out, BuildID: r.Release.BuildID, GoVersion: r.Release.GoVersion, Platform: r.Release.GOOS + "/" + r.Release.GOARCH,
		Packages: len(r.Packages), Functions: r.Functions, TextBytes: r.TextBytes, Size: st.Size(),
	}, nil
}

// loopFunctions are the names, as the program has them, of functions that a loop goes over which --loops has written.
var loopFunctions = [][]byte{[]byte(loops.Package + ".Loop\x00"), []byte(loops.Package + ".while\x00"), []byte(loops.Package + ".receive[")}

// withLoops adds to an error about sources that the program may have been built with --loops.
func withLoops(err error, o RecordOptions) error {
	var wrong *release.OtherSourcesError
	if o.Loops || !errors.As(err, &wrong) {
		return err
	}
	program, readErr := os.ReadFile(o.Binary)
	if readErr != nil || !slices.ContainsFunc(loopFunctions, func(name []byte) bool { return bytes.Contains(program, name) }) {
		return err
	}
	return fmt.Errorf("%w; if gosplice build --loops made it, record it with --loops", err)
}

func (p Progress) step(s string) {
	if p != nil {
		p(s, 0, 0)
	}
}
