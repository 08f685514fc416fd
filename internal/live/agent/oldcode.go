package agent

import (
	"runtime"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// maxStack is the number of frames of a stack that are reported.
const maxStack = 64

// oldBody is a function, or a part of one, that calls no longer enter, or enter only from code of its own
// version.
type oldBody struct {
	at            splice.Range
	name, version string
	endless       bool     // no way leads from it to the function's end
	inlined       []string // functions that are old, and the body is not
}

// bodyParts are the parts of a function from which goroutines can leave it, and those from which they can't.
func bodyParts(addr, size uint64, endless []patch.Span, name, version string) []oldBody {
	var parts []oldBody
	whole := body(addr, size)
	from := whole.Lo
	add := func(to uint64, stays bool) {
		// Nobody can stand behind the only byte of a function.
		if from < to {
			parts = append(parts, oldBody{splice.Range{Lo: from, Hi: to}, name, version, stays, nil})
		}
		from = max(from, to)
	}
	for _, s := range endless {
		add(addr+uint64(s.Lo), false)
		add(addr+uint64(s.Hi), true)
	}
	add(whole.Hi, false)
	return parts
}

// oldBodies returns the functions that are not the current version's: those of the program that
// it replaces, and all of other versions. The caller holds a lock of a.
func (a *patcher) oldBodies() []oldBody {
	var bodies []oldBody
	now := a.current()
	if now != nil {
		bodies = now.leftBodies()
		for _, r := range now.redirects {
			bodies = append(bodies, bodyParts(r.Addr, r.Size, r.Endless, r.HostName(&now.funcs[r.Func]), nameOf(nil))...)
		}
	}
	for _, v := range a.versions {
		if v == now {
			continue
		}
		for i, f := range v.funcs {
			bodies = append(bodies, bodyParts(v.entry(i), f.Size, f.Endless, f.Name, v.label)...)
		}
	}
	return bodies
}

// leftBodies are the bodies of the program with old code that m, nil for the release, does not replace.
func (m *image) leftBodies() []oldBody {
	if m == nil {
		return nil
	}
	var bodies []oldBody
	for _, l := range m.left {
		parts := bodyParts(l.Addr, l.Size, l.Endless, l.Name, nameOf(nil))
		for i := range parts {
			parts[i].inlined = l.Inlined
		}
		bodies = append(bodies, parts...)
	}
	return bodies
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
	ranges := rangesOf(bodies)
	var held []splice.Held
	var err error
	a.withEngine(func() { held, err = a.engine.Scan(ranges) })
	if err != nil {
		return nil, err.Error()
	}
	return counted(held, bodies), ""
}

// methodValue ends the name of the function that a method value of a method is made with. Stack traces leave it out.
const methodValue = "-fm"

// wraps tells a function that the compiler makes to call another one of its name: that of a method value, or an instance of a
// generic method, which calls the code that instances share. The greater number calls the smaller ones.
func wraps(name string) int {
	switch {
	case strings.HasSuffix(name, methodValue):
		return 2
	case strings.Contains(name, "[") && !strings.Contains(name, "go.shape."):
		return 1
	}
	return 0
}

// counted puts goroutines that were found in bodies together by function. Several parts of one function
// follow each other. A function that wraps another one counts as that, which it has in it or calls.
func counted(held []splice.Held, bodies []oldBody) []control.OldCode {
	var list []control.OldCode
	for _, h := range held {
		b := bodies[h.Range]
		if b.name == "" { // all code of an image
			b.name = functionIn(h.Stack, b.at)
		}
		if wraps(bodies[h.Range].name) > 0 && goesOn(&h, held, bodies) {
			continue
		}
		b.name = strings.TrimSuffix(b.name, methodValue)
		stack := withInstance(symbolise(h.Stack), b.name)
		o := control.OldCode{Function: b.running(stack), Version: b.version, Goroutines: h.Count, IDs: h.IDs, Endless: b.endless, Stack: stack}
		i := slices.IndexFunc(list, func(l control.OldCode) bool {
			return l.Function == o.Function && l.Version == o.Version && l.Endless == o.Endless
		})
		if i < 0 {
			list = append(list, o)
			continue
		}
		list[i].Goroutines += o.Goroutines
		list[i].IDs = append(list[i].IDs, o.IDs...)
	}
	return list
}

// goesOn takes the goroutines out of h, those in a function that wraps another one, that are in the old body of the other one
// too: they count there. It reports whether none is left. Where not all are known by number, all are taken to be where the one
// with the stack is.
func goesOn(h *splice.Held, held []splice.Held, bodies []oldBody) bool {
	wrapper := &bodies[h.Range]
	wrapped := shortInstance(strings.TrimSuffix(wrapper.name, methodValue))
	for _, m := range held {
		b := &bodies[m.Range]
		if b.version != wrapper.version || wraps(b.name) >= wraps(wrapper.name) || shortInstance(b.name) != wrapped {
			continue
		}
		if h.Count != len(h.IDs) || m.Count != len(m.IDs) {
			if slices.ContainsFunc(h.Stack, func(pc uintptr) bool { return uint64(pc) > b.at.Lo && uint64(pc) <= b.at.Hi }) {
				return true
			}
			continue
		}
		h.IDs = slices.DeleteFunc(slices.Clone(h.IDs), func(id uint64) bool { return slices.Contains(m.IDs, id) })
		h.Count = len(h.IDs)
	}
	return h.Count == 0
}

// running names the old function that a stack is in: one that is inlined into the body, or the body itself.
func (b *oldBody) running(stack []control.Function) string {
	for _, f := range stack {
		if slices.Contains(b.inlined, f.Name) {
			return f.Name
		}
		if f.Name == b.name {
			break
		}
	}
	return b.name
}

// functionIn names the function of a stack that lies in a range.
func functionIn(stack []uintptr, at splice.Range) string {
	for _, pc := range stack {
		if f := runtime.FuncForPC(pc); f != nil && uint64(pc) >= at.Lo && uint64(pc) <= at.Hi {
			return f.Name()
		}
	}
	return ""
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

// withInstance gives frames of an instance of a generic function its whole name: the runtime leaves the type arguments out.
func withInstance(stack []control.Function, name string) []control.Function {
	short := shortInstance(name)
	for i := range stack {
		if stack[i].Name == short {
			stack[i].Name = name
		}
	}
	return stack
}

// shortInstance is the name of an instance of a generic function as the runtime has it.
func shortInstance(name string) string {
	from, to := strings.IndexByte(name, '['), strings.LastIndexByte(name, ']')
	if from < 0 || to < from {
		return name
	}
	return name[:from] + "[...]" + name[to+1:]
}

// rangesOf is where bodies are.
func rangesOf(bodies []oldBody) []splice.Range {
	ranges := make([]splice.Range, len(bodies))
	for i, b := range bodies {
		ranges[i] = b.at
	}
	return ranges
}
