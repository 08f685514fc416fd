package kept

import (
	"fmt"
	"strings"
)

// Lines are the same ones in all versions, but for the number of lines before all functions, so
// that places are found again by them.

// render writes the package of a version.
func (w *way) render(version int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport (\n\"program/run\"\n\"program/value\"\n%s)\n\n", w.name(), w.importFar())
	fmt.Fprintf(&b, "type T = %s\n\n%s\n", w.place.typ, strings.Repeat("// A line.\n", w.shift[version]))
	fmt.Fprintf(&b, "//go:noinline\nfunc Idle() {\nrun.At(%d)\nrun.Add(%d)\n}\n\n", idleHop, version)
	b.WriteString(w.run(version))
	for i := 1; i < len(w.hops); i++ {
		if d := w.hops[i].declared; d != "" {
			b.WriteString("\n" + w.fill(d, i, version))
		}
	}
	fmt.Fprintf(&b, "\n//go:noinline\nfunc pick(v T) (out T, ok bool) {\n%s\n}\n", map[bool]string{true: "return v, true", false: "return out, false"}[w.picks[version]])
	parameters, statement := w.two(version)
	fmt.Fprintf(&b, "\n//go:noinline\nfunc two(%s T) {\n%s\n}\n", parameters, statement)
	if w.edit == "writes" {
		is := spoiling[w.spoils[version]]
		fmt.Fprintf(&b, "\nvar own = []byte(\"own\")\n\n//go:noinline\nfunc scan(b []byte) {\n%s\n}\n\n//go:noinline\nfunc spoil(b []byte) {\n%s\n}\n", is.scan, is.spoil)
	}
	b.WriteString(strings.NewReplacer("$number", w.place.number, "$far", w.keptFar()).Replace(stores))
	return b.String()
}

// renderFar writes the other package of a version.
func (w *way) renderFar(version int) string {
	i := len(w.hops) - 1
	return fmt.Sprintf(farPackage, w.place.typ, w.fill("$v", i, version), w.fill(w.acts[i][version], i, version), w.place.number)
}

const farPackage = `package far

import (
	"program/run"
	"program/value"
)

type T = %s

var kept []T

//go:noinline
func Take(%s T) {
	%s
}

//go:noinline
func number(v T) int { return %s(v) }

// Kept are the numbers of all that is kept.
func Kept() (out []int) {
	for _, v := range kept {
		out = append(out, number(v))
	}
	return out
}
`

// importFar and keptFar name the other package, if there is one.
func (w *way) importFar() string {
	if !w.isFar(len(w.hops) - 1) {
		return ""
	}
	return fmt.Sprintf("\"program/%s/far\"\n", w.name())
}

func (w *way) keptFar() string {
	if !w.isFar(len(w.hops) - 1) {
		return "nil"
	}
	return "far.Kept()"
}

// run is the function that is called, and the one that makes the value.
func (w *way) run(version int) string {
	if !w.saved {
		return "func Run() { source0() }\n\n//go:noinline\nfunc source0() {\n" + w.source(version) + "}\n"
	}
	return "var saved func()\n\nfunc Run() {\nif saved == nil {\nsaved = source0(run.Fresh(), 7)\n}\nsaved()\n}\n\n" +
		"//go:noinline\nfunc source0(n, m int) func() {\nreturn func() {\nrun.Add(" + w.captured[version] + ")" + actMark + "\n" + w.source(version) + "}\n}\n"
}

// source makes the value, sends it on its way, and looks at it once more.
func (w *way) source(version int) string {
	text := w.fill(w.place.text, 0, version) + w.body(0, version) + w.fill("run.Add(number($v))\n", 0, version)
	if w.edit == "writes" {
		text += w.fill(unharmed, 0, version)
	}
	if w.loops {
		return "for range 3 {\n" + text + "}\n"
	}
	return text
}

// body is what hop i does with the value.
func (w *way) body(i, version int) string {
	at := fmt.Sprintf("run.At(%d)\n", i)
	act := w.fill(w.acts[i][version], i, version) + actMark + "\n"
	var next, other string
	last := i+1 == len(w.hops) || w.isFar(i+1)
	if i+1 < len(w.hops) {
		next = w.fill(w.hops[i+1].called, i+1, version)
	}
	if last && w.edit == "swapped" {
		other = strings.ReplaceAll(w.place.text, "$v", "u")
	}
	switch w.order[i] {
	case 0:
		return other + at + act + next
	case 1:
		return other + act + at + next
	}
	return other + at + next + act
}

// fill fills in a text of hop i.
func (w *way) fill(text string, i, version int) string {
	body := ""
	if strings.Contains(text, "$body") {
		body = w.body(i, version)
	}
	parameter, argument := "", ""
	if i > 0 && w.more[version] == i {
		parameter, argument = ", more int", ", 1"
	}
	return strings.NewReplacer("$i", fmt.Sprint(i), "$v", w.names[version], "$body", body, "$p", parameter, "$q", argument).Replace(text)
}

// two are the parameters and the statement of the function that keeps one of two values.
func (w *way) two(version int) (parameters, statement string) {
	const keepA = "kept = append(kept, a); run.Note(number(a)); run.Add(number(b))"
	switch w.pairs[version] {
	case "a":
		return "a, b", keepA
	case "b":
		return "a, b", "kept = append(kept, b); run.Note(number(b)); run.Add(number(a))"
	case "names":
		return "b, a", keepA
	}
	return "a, b", "run.Add(number(a) + number(b))"
}

const (
	// actMark ends lines whose text may differ between versions.
	actMark = " // act"
	idleHop = 99
)
