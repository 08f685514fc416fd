package report

import (
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// PlanJSON is a plan as programs read it.
type PlanJSON struct {
	Program   string
	Release   ReleaseJSON
	Functions int // verified in the release
	TextBytes int64
	Refused   bool
	Empty     bool
	Changes   []ChangeJSON
	// Modules are the dependencies of which the tree has another version than the release.
	Modules []ModuleJSON `json:",omitempty"`
}

// ModuleJSON is a dependency of which the tree has another version than the release.
type ModuleJSON struct {
	Path, Old, New string
	// Held says that the plan has it as it is in the release.
	Held bool
}

// ReleaseJSON is a build of a program.
type ReleaseJSON struct {
	Short     string
	BuildID   string
	Main      string
	Program   string
	GoVersion string
	Platform  string
}

// ChangeJSON is one change with its verdict.
type ChangeJSON struct {
	Symbol  string
	What    string
	Kind    string // "changed", "added", "removed", "warning", "refused"
	Verdict string
	// ID and Title are those of the rule, as gosplice explain has them.
	ID    string `json:",omitempty"`
	Title string `json:",omitempty"`
	// Module is the path of the module that Symbol belongs to, "std" for the standard library.
	Module  string        `json:",omitempty"`
	File    string        `json:",omitempty"`
	Line    int           `json:",omitempty"`
	Reason  string        `json:",omitempty"`
	WaysOut []string      `json:",omitempty"`
	Layout  *patch.Layout `json:",omitempty"`
}

// NewPlanJSON puts a plan into its form for programs.
func NewPlanJSON(p *pipeline.Plan) PlanJSON {
	var modules []ModuleJSON
	for _, m := range p.Modules {
		modules = append(modules, ModuleJSON(m))
	}
	return PlanJSON{
		Program: p.Program, Release: NewReleaseJSON(p.Release), Functions: p.Functions, TextBytes: p.TextBytes,
		Refused: p.Refused, Empty: p.Empty, Changes: NewChangesJSON(p.Changes), Modules: modules,
	}
}

// NewReleaseJSON puts a release into its form for programs.
func NewReleaseJSON(r patch.Release) ReleaseJSON {
	return ReleaseJSON{
		Short: ShortRelease(r.BuildID), BuildID: r.BuildID, Main: r.Main, Program: r.Program,
		GoVersion: r.GoVersion, Platform: r.GOOS + "/" + r.GOARCH,
	}
}

// NewChangesJSON puts changes into their form for programs, in their own order.
func NewChangesJSON(changes []patch.Change) []ChangeJSON {
	kinds := map[kind]string{changed: "changed", added: "added", removed: "removed", warned: "warning", refused: "refused"}
	list := make([]ChangeJSON, len(changes)) // never null
	for i, c := range changes {
		list[i] = ChangeJSON{
			Symbol: c.Symbol, What: c.What, Kind: kinds[kindOf(c)], Verdict: c.Verdict, ID: c.ID,
			Module: c.Module, File: c.File, Line: c.Line, Reason: c.Reason, WaysOut: c.WaysOut, Layout: c.Layout,
		}
		if r, ok := rules.Find(c.ID); ok {
			list[i].Title = r.Title
		}
	}
	return list
}
