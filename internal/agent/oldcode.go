package agent

import (
	"runtime"
	"slices"

	"github.com/gosplice/gosplice/internal/control"
	"github.com/gosplice/gosplice/internal/splice"
)

// maxStack is the number of frames of a stack that are reported.
const maxStack = 64

// oldBody is a function that calls no longer enter, or enter only from code of its own version.
type oldBody struct {
	at            splice.Range
	name, version string
}

// oldBodies returns the functions that are not the current version's: those of the program that
// it replaces, and all of other versions. The caller holds a lock of a.
func (a *patcher) oldBodies() []oldBody {
	var bodies []oldBody
	now := a.current()
	if now != nil {
		for _, r := range now.redirects {
			bodies = append(bodies, oldBody{body(r.Addr, r.Size), r.HostName(&now.funcs[r.Func]), nameOf(nil)})
		}
	}
	for _, v := range a.versions {
		if v == now {
			continue
		}
		for i := range v.funcs {
			bodies = append(bodies, oldBody{body(v.entry(i), v.funcs[i].Size), v.funcs[i].Name, v.label})
		}
	}
	// Nobody can stand behind the only byte of a function.
	return slices.DeleteFunc(bodies, func(b oldBody) bool { return b.at.Lo >= b.at.Hi })
}

// oldCode counts the goroutines in code of other versions, or says why that can't be done. It stops
// the world for a moment when there is such code.
func (a *patcher) oldCode() (list []control.OldCode, problem string) {
	a.state.Lock()
	bodies := a.oldBodies()
	a.state.Unlock()
	if len(bodies) == 0 {
		return nil, ""
	}
	ranges := make([]splice.Range, len(bodies))
	for i, b := range bodies {
		ranges[i] = b.at
	}
	var held []splice.Held
	var err error
	a.withEngine(func() { held, err = a.engine.Scan(ranges) })
	if err != nil {
		return nil, err.Error()
	}
	for _, h := range held {
		b := bodies[h.Range]
		list = append(list, control.OldCode{Function: b.name, Version: b.version, Goroutines: h.Count, Stack: symbolise(h.Stack)})
	}
	return list, ""
}

// symbolise names the frames of a stack, innermost first.
func symbolise(pcs []uintptr) []control.Function {
	if len(pcs) == 0 {
		return nil
	}
	var stack []control.Function
	frames := runtime.CallersFrames(pcs)
	for len(stack) < maxStack {
		f, more := frames.Next()
		stack = append(stack, control.Function{Name: f.Function, File: f.File, Line: f.Line})
		if !more {
			break
		}
	}
	return stack
}
