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

// moved are the lines, in one version, of places that are on a stack in it and on the heap in
// another.
func (w *way) moved(d [versions]decisions, from, to int) []int {
	before, after := strings.Split(w.text[from], "\n"), strings.Split(w.text[to], "\n")
	var out []int
	for at, l := range d[to] {
		n := at - w.shift[to] + w.shift[from]
		if len(l.heap) == 0 || strings.HasSuffix(after[at-1], actMark) && before[n-1] != after[at-1] {
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

// span is a function of a package with its lines. Its hop is told by the number at the end of its
// name, or of its type's.
type span struct {
	hop, from, to int
}

var number = regexp.MustCompile(`\d+$`)

// functions lists those of a version.
func (w *way) functions(version int) []span {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, w.name(), w.text[version], 0)
	if err != nil {
		panic(err)
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
		if m := number.FindString(name); m != "" {
			hop, _ := strconv.Atoi(m)
			out = append(out, span{hop, set.Position(fn.Pos()).Line, set.Position(fn.End()).Line})
		}
	}
	return out
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

// endangered reports whether a goroutine that blocks at a hop of one version may have a place on
// its stack that the program has on the heap in another version.
func (w *way) endangered(d [versions]decisions, hop, from, to int) bool {
	if hop == idleHop {
		return false
	}
	if w.crossed[from] != w.crossed[to] || w.movedUpTo(d, hop, from, to) {
		return true
	}
	for made := range versions { // a closure may have the body of the version that made it
		if w.saved && w.movedUpTo(d, 0, made, to) {
			return true
		}
	}
	return false
}

// movedUpTo reports whether a place moved to the heap in the functions of the hops up to one.
func (w *way) movedUpTo(d [versions]decisions, hop, from, to int) bool {
	for hop+1 < len(w.hops) && w.hops[hop+1].inlined {
		hop++
	}
	for _, n := range w.moved(d, from, to) {
		if slices.ContainsFunc(w.spans[from], func(s span) bool { return s.hop <= hop && s.from <= n && n <= s.to }) {
			return true
		}
	}
	return false
}

// mixes reports whether a goroutine that blocks at a hop of one version goes on with statements that another version,
// which keeps something, does not have. The compiler has decided on each version, and on no mixture: what an old
// body gives to a function that keeps more may be on its stack although neither version moved it.
func (w *way) mixes(hop, from, to int) bool {
	// A literal that keeps what it is given counts too: whether a body calls it itself is not told.
	if hop == idleHop || !w.keeps[to] && w.edit != "literal" {
		return false
	}
	for hop+1 < len(w.hops) && w.hops[hop+1].inlined {
		hop++
	}
	// A range body stays as it is, and who calls it with what is not told.
	if w.keeps[to] && slices.ContainsFunc(w.hops[:min(hop+2, len(w.hops))], isRange) {
		return true
	}
	for i, s := range w.spans[from] {
		if s.hop <= hop && w.statements(from, s) != w.statements(to, w.spans[to][i]) {
			return true
		}
	}
	return false
}

func isRange(h hop) bool { return strings.HasPrefix(h.name, "range ") }

// statements are the lines of a function, with one name for the value.
func (w *way) statements(version int, s span) string {
	lines := strings.Split(w.text[version], "\n")[s.from-1 : s.to]
	text := strings.Join(lines, "\n")
	return regexp.MustCompile(`\b`+w.names[version]+`\b`).ReplaceAllString(text, "$$v")
}

// staysMixed reports whether a closure that was made before a switch to a version may run another body, which that
// version does not have.
func (w *way) staysMixed(to int) bool {
	return w.saved && w.keeps[to] && slices.ContainsFunc(w.captured[:], func(c string) bool { return c != w.captured[to] })
}

// outlives reports whether a closure that was made before a switch to a version may run a body of
// another one later, with a place that the program has on the heap then.
func (w *way) outlives(d [versions]decisions, to int) bool {
	for from := range versions {
		if w.saved && w.captured[from] != w.captured[to] && (w.crossed[from] != w.crossed[to] || w.movedUpTo(d, 0, from, to)) {
			return true
		}
	}
	return false
}
