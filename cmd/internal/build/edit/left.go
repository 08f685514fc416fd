package edit

import (
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// Left is a body of the release with code of what the edit changed, that nothing exchanges: who is inside goes on there.
type Left struct {
	Old *release.Symbol
	// Inlined are the functions of that code that were inlined into the body, as stack traces name them.
	Inlined []string
}

// InlinedOld lists, by the name of a body of the release, the functions inlined into it of which changed says that they
// did: it is given their declarations, and whether their own code is another.
func (e *Edit) InlinedOld(changed func(path, decl string, code bool) bool) map[string][]string {
	code := map[string]bool{}
	for i := range e.Functions {
		if f := &e.Functions[i]; f.Old != nil {
			code[f.Old.Name] = true
		}
	}
	out := map[string][]string{}
	for callee, bodies := range e.Record.Inlined {
		path, _, decl, ok := e.owner(callee)
		if !ok || !changed(path, decl, code[callee]) {
			continue
		}
		for _, body := range bodies {
			out[body] = append(out[body], traced(callee))
		}
	}
	for _, names := range out {
		slices.Sort(names)
	}
	return out
}

// traced is a function's symbol as stack traces name it.
func traced(symbol string) string {
	name := goobj.WithoutCopy(symbol)
	open, end := strings.IndexByte(name, '['), strings.LastIndexByte(name, ']')
	if open < 0 || end < open {
		return name
	}
	return name[:open] + "[...]" + name[end+1:]
}
