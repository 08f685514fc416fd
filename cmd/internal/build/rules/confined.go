package rules

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// confined judges the types that are laid out anew and whose values do not outlive the calls that handle them. It
// redirects the unchanged functions that take such values.
func (j *judge) confined() {
	for i := range j.e.Confined {
		x := &j.e.Confined[i]
		held := j.entered(x)
		others := held != "" && j.enteredAlone(x) // the refusal is of some of them
		for k := range j.e.Types {
			t := &j.e.Types[k]
			if t.Package != x.Package || !t.Confined {
				continue
			}
			c := patch.Change{Module: j.module(t.Package), Symbol: j.show(t.Package, t.Name), File: t.File, Line: t.Line}
			alone := j.e.ConfinedAlone(x, t)
			if held != "" {
				if why := j.entered(alone); why != "" || !others {
					j.relaid(t, c, cmp.Or(why, held))
					continue
				}
			}
			layoutChange(t, &c)
			c.Reason = fmt.Sprintf("No %s outlives the functions that handle it: %s. That is proven of the running program. The switch waits until no goroutine is inside one of them, and gives up after some seconds if one stays.", t.Name, list(j.names(alone.Inside)))
			if len(alone.Inside) == 0 {
				c.Reason = fmt.Sprintf("No function of the running program handles a %s, and nothing holds one: that is proven.", t.Name)
			}
			c.WaysOut = nil
			j.add(ConfinedLayout, c)
		}
		if held == "" {
			j.v.Redirect = append(j.v.Redirect, x.Alone...)
		}
	}
}

// enteredAlone reports whether one of several types is refused for what has to do with itself.
func (j *judge) enteredAlone(x *edit.Confined) bool {
	return slices.ContainsFunc(j.e.Types, func(t edit.Type) bool {
		return t.Package == x.Package && t.Confined && j.entered(j.e.ConfinedAlone(x, &t)) != ""
	})
}

// names are functions of the program as users write them, without what is compiled as a part of others.
func (j *judge) names(all []*release.Symbol) (names []string) {
	for _, s := range all {
		if name := j.showSymbol(s); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// entered says which function goes on handling values of the old layout after the switch: one that is never left, or
// one that keeps its old body and may be entered again.
func (j *judge) entered(x *edit.Confined) string {
	redirected, changed := map[*release.Symbol]bool{}, map[*release.Symbol]*edit.Function{}
	for _, f := range j.v.Redirect {
		redirected[f.Old] = true
	}
	for i := range j.e.Functions {
		changed[j.e.Functions[i].Old] = &j.e.Functions[i]
	}
	alone := map[*release.Symbol]*edit.Function{}
	for _, f := range x.Alone {
		alone[f.Old] = f
	}
	for _, s := range x.Inside {
		f := changed[s]
		switch {
		case s.Name == "main.main":
			return "main handles it, and is never left"
		case redirected[s]:
		case f == nil && !x.Takes[s]:
			// As before, and nothing that calls it passes a value.
		case f == nil && alone[s] == nil:
			return j.showSymbol(s) + " can't be exchanged"
		case f == nil:
			if u := j.untouchable(alone[s]); u != nil {
				return j.showSymbol(s) + " can't be exchanged: " + u.reason
			}
		case j.e.RunsOnce(f), f.Class == edit.RangeBody, f.Class == edit.GoWrapper:
			// It is entered before the functions around it are left, or never again.
		case x.Takes[s] && !s.Indirect:
			// Only functions that handle values call it.
		default:
			return j.showSymbol(s) + " keeps its old body, which handles it and may be called again"
		}
	}
	return ""
}

func (j *judge) showSymbol(s *release.Symbol) string {
	pkg := s.Package
	if pkg == "main" {
		pkg = j.mainPackage()
	}
	f := edit.Function{Package: pkg}
	f.Name.Name = s.Name
	return j.symbolText(&f)
}

func (j *judge) takesConfined(f *edit.Function) bool {
	return slices.ContainsFunc(j.e.Confined, func(x edit.Confined) bool { return x.Takes[f.Old] })
}
