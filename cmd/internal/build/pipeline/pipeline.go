// Package pipeline joins the rooms of the build side: from a binary to its release record,
// from an edited tree to a plan, from a plan to a patch. Commands and tests call it.
package pipeline

import "github.com/gosplice/gosplice/cmd/internal/build/edit"

// Progress is told what the work is doing; step is a short phrase such as "compiling".
// done and total are 0 when there is nothing to count.
type Progress func(step string, done, total int)

// RecordOptions says what to record.
type RecordOptions struct {
	Binary string // the program, built by plain go build
	Dir    string // the directory of its sources, as for go build -C
	Out    string // the record file; empty: Binary + ".gsr"
	// Package is the package argument of the build; empty: from build info.
	Package []string
	// Flags are flags of the build that build info does not hold: -mod, -modfile, -overlay.
	Flags    []string
	Loops    bool // see gotool.Build
	Progress Progress
	// Far makes the record of a program that is larger than a jump leads, whatever its size: its patches work, and are
	// loaded as far away as those of such programs.
	Far bool
}

// RecordSummary is what the proof found.
type RecordSummary struct {
	File, BuildID, GoVersion, Platform string
	Packages, Functions                int
	TextBytes                          int64 // bytes of machine code that were compared and match
	Size                               int64 // of the record file, bytes
}

// PlanOptions says what to compare.
type PlanOptions struct {
	Record  string // record file
	Dir     string // edited tree; empty: the directory that the record names
	Overlay string // a go build -overlay file, or empty
	// Dependencies may have other versions than in the release: those of Modules, or all if it is empty. The others are
	// taken as the release has them.
	Dependencies bool
	Modules      []string
	// Directives are those that stand in no source. Names that neither the release nor the tree has are errors, unless the
	// edits that declare them are still to come.
	Directives []edit.Directive
	Awaited    bool
	Progress   Progress
}
