package edit

import "slices"

// leaveOutRewritten leaves out what cannot be compared: of a package one of whose files is plain Go in one version and
// rewritten by cgo in the other, declarations seem to be gone or new that are as they were. The file itself is refused.
func (e *Edit) leaveOutRewritten() {
	rewritten := map[string]bool{}
	for _, f := range e.Files {
		p := e.Sources[f.Package]
		if f.Kind == "cgo" && p.Old != nil && (p.Old.Has(f.Name) || p.New.Has(f.Name)) {
			rewritten[f.Package] = true
		}
	}
	if len(rewritten) == 0 {
		return
	}
	e.Functions = slices.DeleteFunc(e.Functions, func(f Function) bool { return rewritten[f.Package] })
	e.Types = slices.DeleteFunc(e.Types, func(t Type) bool { return rewritten[t.Package] })
	e.Vars = slices.DeleteFunc(e.Vars, func(v Variable) bool { return rewritten[v.Package] })
	e.Enums = slices.DeleteFunc(e.Enums, func(n Enum) bool { return rewritten[n.Package] })
	e.Confined = slices.DeleteFunc(e.Confined, func(c Confined) bool { return rewritten[c.Package] })
}
