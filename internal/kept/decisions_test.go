package kept

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// decisions are the compiler's about the places of one package version, by line.
type decisions map[int]*line

type line struct {
	heap, stack map[string]bool // places, by column and by what they are
}

var decision = regexp.MustCompile(`^(?:\.{1,2}/)?((?:edited/)*)(w\d+)/w\.go:(\d+):(\d+): (?:(moved to heap): .*|.* (escapes to heap|does not escape))$`)

// parseDecisions reads what the compiler prints with -m, by version and package.
func parseDecisions(out string) (all [versions]map[string]decisions) {
	for v := range all {
		all[v] = map[string]decisions{}
	}
	for _, text := range strings.Split(out, "\n") {
		m := decision.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		version, name, column := all[strings.Count(m[1], "/")], m[2], m[4]
		if version[name] == nil {
			version[name] = decisions{}
		}
		n, _ := strconv.Atoi(m[3])
		l := version[name][n]
		if l == nil {
			l = &line{map[string]bool{}, map[string]bool{}}
			version[name][n] = l
		}
		switch {
		case m[5] != "":
			l.heap[column+" variable"] = true
		case m[6] == "does not escape":
			l.stack[column] = true
		default:
			l.heap[column] = true
		}
	}
	return all
}

// moved are the lines of places that are on a stack in one version and on the heap in another.
func (w *way) moved(d [versions]decisions, from, to int) []int {
	before, after := strings.Split(w.text[from], "\n"), strings.Split(w.text[to], "\n")
	var out []int
	for n, l := range d[to] {
		if len(l.heap) == 0 || strings.HasSuffix(after[n-1], actMark) && before[n-1] != after[n-1] {
			continue
		}
		old := d[from][n]
		if old == nil {
			old = &line{}
		}
		// A place that is inlined is decided upon more than once.
		if len(l.heap) > len(old.heap) || len(l.stack) < len(old.stack) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// span is a function of a package with its lines. Its hop is told by the number at the end of its name, or of its type's.
type span struct {
	hop, from, to int
}

var number = regexp.MustCompile(`\d+$`)

// spans lists the functions of a version.
func (w *way) spans(version int) ([]span, error) {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, "w.go", w.text[version], 0)
	if err != nil {
		return nil, err
	}
	var out []span
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		name := fn.Name.Name
		if fn.Recv != nil {
			name = receiverName(fn.Recv.List[0].Type)
		}
		hop := -1
		if m := number.FindString(name); m != "" {
			hop, _ = strconv.Atoi(m)
		}
		out = append(out, span{hop, set.Position(fn.Pos()).Line, set.Position(fn.End()).Line})
	}
	return out, nil
}

func receiverName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.StarExpr:
		return receiverName(x.X)
	case *ast.IndexExpr:
		return receiverName(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// endangered reports whether a goroutine that blocks at a hop of one version may have a place on its stack that the
// program has on the heap in another version.
func (w *way) endangered(d [versions]decisions, hop, from, to int) (bool, error) {
	if hop == idleHop {
		return false, nil
	}
	last := hop
	for last+1 < len(w.hops) && w.hops[last+1].inlined {
		last++
	}
	spans, err := w.spans(from)
	if err != nil {
		return false, err
	}
	for _, n := range w.moved(d, from, to) {
		if slices.ContainsFunc(spans, func(s span) bool { return s.from <= n && n <= s.to && s.hop >= 0 && s.hop <= last }) {
			return true, nil
		}
	}
	return false, nil
}
