package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// byModule are the changes of a plan in the groups of their modules if dependencies have other versions than in the
// release. What needs attention stands last.
func byModule(p *pipeline.Plan) []group {
	if !slices.ContainsFunc(p.Modules, func(m pipeline.Module) bool { return !m.Held }) {
		return []group{{changes: p.Changes}}
	}
	byPath := map[string][]patch.Change{}
	var paths []string
	for _, c := range p.Changes {
		if byPath[c.Module] == nil {
			paths = append(paths, c.Module)
		}
		byPath[c.Module] = append(byPath[c.Module], c)
	}
	var groups []group
	for _, path := range paths {
		groups = append(groups, group{path, moduleHead(p, path), byPath[path]})
	}
	slices.SortStableFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.worst(), b.worst()), cmp.Compare(a.head, b.head))
	})
	return groups
}

// moduleHead names a module with its versions.
func moduleHead(p *pipeline.Plan, path string) string {
	for _, m := range p.Modules {
		if m.Path == path && !m.Held {
			return fmt.Sprintf("%s  %s -> %s", path, m.Old, m.New)
		}
	}
	switch path {
	case "":
		return "of no module"
	case "std":
		return "the standard library"
	}
	return path
}

// inTheWay names the modules in which a change is refused, if dependencies have other versions than in the release.
func inTheWay(p *pipeline.Plan) string {
	var heads []string
	for _, g := range byModule(p) {
		if g.module != "" && g.worst() == refused {
			heads = append(heads, strings.Replace(g.head, "  ", " ", 1))
		}
	}
	if len(heads) == 0 {
		return ""
	}
	return " In the way: " + strings.Join(heads, ", ") + "."
}

// heldBack names the modules that a plan has as they are in the release.
func heldBack(p *pipeline.Plan) string {
	var names []string
	for _, m := range p.Modules {
		if m.Held {
			names = append(names, fmt.Sprintf("%s %s (the tree has %s)", m.Path, m.Old, m.New))
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "Left as in the release: " + strings.Join(names, ", ") + "."
}
