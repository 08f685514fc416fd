package rules

import "github.com/gosplice/gosplice/cmd/internal/build/edit"

// left finds the bodies of the release that are not exchanged and run old code: goroutines inside of them count as such.
func (j *judge) left() {
	exchanged := map[uint64]bool{}
	for _, f := range j.v.Redirect {
		exchanged[f.Old.Addr] = true
	}
	edited := j.editedDecls()
	inlined := j.e.InlinedOld(func(path, decl string, code bool) bool {
		return code || edited[path+"\x00"+decl] != nil || j.gone(path, decl)
	})
	all := j.e.InlinedOld(func(string, string, bool) bool { return true })
	for i := range j.e.Functions {
		f := &j.e.Functions[i]
		if f.Old == nil || f.Old.Size == 0 || exchanged[f.Old.Addr] {
			continue
		}
		names := inlined[f.Old.Name]
		if f.Class == edit.GoWrapper && len(names) == 0 && edited[declOf(f)] == nil {
			names = all[f.Old.Name] // the statement is as before, so what it runs is not: a constant, or the like
		}
		if len(names) > 0 || j.ownCodeOld(f) {
			exchanged[f.Old.Addr] = true
			j.v.Left = append(j.v.Left, edit.Left{Old: f.Old, Inlined: names})
		}
	}
}

// ownCodeOld reports a function that is not exchanged and whose own code, without what it inlines, changed. What
// runs at the start has its own lines in the plan.
func (j *judge) ownCodeOld(f *edit.Function) bool {
	switch {
	case j.e.RunsOnce(f), f.Class == edit.GoWrapper:
		return false
	case f.Sym == 0 && f.Class != edit.Closure:
		return j.gone(f.Package, f.Decl)
	}
	return true
}

// gone reports a declaration that the edit removes.
func (j *judge) gone(path, decl string) bool {
	src := j.e.Sources[path]
	return src.Old != nil && src.New != nil && src.Old.Funcs[decl] != nil && src.New.Funcs[decl] == nil
}
