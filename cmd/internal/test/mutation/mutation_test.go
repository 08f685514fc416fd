package mutation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// few is how many edits are tried unless GOSPLICE_MUTATIONS names a number.
const few = 8

// TestPatchedIsAsRebuilt edits sources that a program runs, a little and at random. Where the plan says that the edit
// applies the patched program has to do what the program does that is built from the edited sources.
func TestPatchedIsAsRebuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program for each of many edits")
	}
	r := &run{s: newSubject(t), want: number(t, "GOSPLICE_MUTATIONS", few)}
	r.random = rand.New(rand.NewSource(int64(number(t, "GOSPLICE_MUTATION_SEED", 1))))
	r.prepare(t)
	r.all(t)
	t.Log(r.figures())
	if r.tried < r.want {
		t.Errorf("%d edits were tried, of %d", r.tried, r.want)
	}
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%s is no number", name, text)
	}
	return n
}

// run is one run of many edits.
type run struct {
	s       *subject
	want    int
	random  *rand.Rand
	session *pipeline.Session
	record  *release.Record
	overlay string
	base    string // what the release prints

	tried, applied, same, stays, refused, unstable, disagree int
	shown                                                    int            // of applied: what is printed is another than before
	traces                                                   int            // what an edit did is seen after the rollback
	outcome                                                  string         // of the latest edit
	verdicts                                                 map[string]int // IDs of refusals
	kinds                                                    map[string]int
}

// prepare records the release and drives it once.
func (r *run) prepare(t *testing.T) {
	t.Helper()
	r.verdicts, r.kinds = make(map[string]int), make(map[string]int)
	record := filepath.Join(r.s.dir, "subject.gsr")
	_, err := pipeline.MakeRecord(t.Context(), pipeline.RecordOptions{Binary: r.s.release, Dir: r.s.dir, Out: record, Package: []string{"."}, Flags: []string{"-mod=mod"}})
	check(t, err)
	r.record, err = release.Read(record)
	check(t, err)
	r.overlay = filepath.Join(r.s.dir, "overlay.json")
	check(t, os.WriteFile(r.overlay, []byte("{}"), 0o644))
	r.session, err = pipeline.OpenSession(t.Context(), pipeline.PlanOptions{Record: record, Dir: r.s.dir, Overlay: r.overlay})
	check(t, err)
	t.Cleanup(r.session.Close)
	p, err := r.s.start(r.s.release)
	check(t, err)
	defer p.end()
	r.base, err = p.drive()
	check(t, err)
}

// candidate is an edit of a file.
type candidate struct {
	file string
	edit Edit
}

func (c candidate) String() string {
	return fmt.Sprintf("%s at %s:%d", strings.TrimSpace(c.edit.Kind+" "+c.edit.Calls+c.edit.Field), filepath.Join(filepath.Base(filepath.Dir(c.file)), filepath.Base(c.file)), c.edit.Line)
}

// candidates lists all edits, by kind, in random order.
func (r *run) candidates(t *testing.T) map[string][]candidate {
	t.Helper()
	all := make(map[string][]candidate)
	files := regexp.MustCompile(os.Getenv("GOSPLICE_MUTATION_FILES"))
	for _, file := range slices.Sorted(maps.Keys(r.s.lines)) {
		if !files.MatchString(file) {
			continue
		}
		src, err := os.ReadFile(file)
		check(t, err)
		edits, err := Edits(src, func(line int) bool { return r.s.lines[file][line] })
		check(t, err)
		for _, e := range edits {
			if e.Calls != "" && r.has(file, e.Calls) {
				continue // something may call it
			}
			if e.Field != "" && usedBeside(t, file, e.Field) {
				continue // would not compile
			}
			if e.Kind == "idle type" && !strings.HasPrefix(file, r.s.dir) {
				continue // types of the standard library keep their layouts
			}
			all[e.Kind] = append(all[e.Kind], candidate{file, e})
		}
	}
	for _, kind := range Kinds {
		list := all[kind]
		if len(list) == 0 && files.String() == "" {
			t.Errorf("no edit of the kind %s", kind)
		}
		r.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	return all
}

// usedBeside reports whether another file beside one selects or sets a field of that name.
func usedBeside(t *testing.T, file, field string) bool {
	t.Helper()
	use := regexp.MustCompile(`\.` + field + `\b|\b` + field + `:[^=]`)
	beside, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.go"))
	check(t, err)
	for _, other := range beside {
		if other == file || strings.HasSuffix(other, "_test.go") {
			continue
		}
		src, err := os.ReadFile(other)
		check(t, err)
		if use.Match(src) {
			return true
		}
	}
	return false
}

// has reports whether the program has a function of the package to which a file belongs.
func (r *run) has(file, function string) bool {
	_, ok := r.record.Lookup(goobj.PackagePrefix(r.s.packages[filepath.Dir(file)])+"."+function, goobj.ABIInternal)
	return ok
}

// all tries edits of all kinds in turn until enough of them compile.
func (r *run) all(t *testing.T) {
	byKind := r.candidates(t)
	kinds := chosen(t)
	maps.DeleteFunc(byKind, func(kind string, _ []candidate) bool { return !slices.Contains(kinds, kind) })
	r.random.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	for i := 0; r.tried < r.want && len(byKind) > 0; i++ {
		kind := kinds[i%len(kinds)]
		for done := false; !done && len(byKind[kind]) > 0; {
			c := byKind[kind][0]
			byKind[kind] = byKind[kind][1:]
			begun := time.Now()
			if done = r.try(t, c); done {
				t.Logf("%3d %s: %s (%.1f s)", r.tried, c, r.outcome, time.Since(begun).Seconds())
			}
		}
		if len(byKind[kind]) == 0 {
			delete(byKind, kind)
		}
	}
}

// chosen are the kinds that GOSPLICE_MUTATION_KINDS names, with commas between them, or all.
func chosen(t *testing.T) []string {
	t.Helper()
	text := os.Getenv("GOSPLICE_MUTATION_KINDS")
	if text == "" {
		return slices.Clone(Kinds)
	}
	kinds := strings.Split(text, ",")
	for _, k := range kinds {
		if !slices.Contains(Kinds, k) {
			t.Fatalf("GOSPLICE_MUTATION_KINDS: there is no kind %q", k)
		}
	}
	return kinds
}

// try tries one edit. It reports false if the edit does not compile.
func (r *run) try(t *testing.T, c candidate) bool {
	t.Helper()
	r.write(t, c)
	plan, err := r.session.Plan(t.Context())
	var wrong *gotool.CompileError
	if errors.As(err, &wrong) {
		return false
	}
	r.tried++
	r.kinds[c.edit.Kind]++
	if err != nil {
		r.wrong(t, c, "no plan: %v", err)
		return true
	}
	defer plan.Close()
	if plan.Refused {
		refusal := firstRefusal(plan.Changes)
		r.count(&r.refused, fmt.Sprintf("refused, %s %s %s", refusal.ID, refusal.Symbol, refusal.What))
		r.verdicts[refusal.ID]++
		return true
	}
	rebuilt, err := r.rebuilt(t, c)
	switch {
	case errors.Is(err, errNotBuilt):
		r.wrong(t, c, "it can be planned, but not built: %v", err)
		return true
	case err != nil:
		r.count(&r.unstable, fmt.Sprintf("no output of its own: %.200v", err))
		return true
	}
	r.compare(t, c, plan, rebuilt)
	return true
}

// write puts the edited file into the overlay.
func (r *run) write(t *testing.T, c candidate) {
	t.Helper()
	edited := filepath.Join(r.s.dir, "edited.txt")
	check(t, os.WriteFile(edited, c.edit.Content(), 0o644))
	text, err := json.Marshal(map[string]map[string]string{"Replace": {c.file: edited}})
	check(t, err)
	check(t, os.WriteFile(r.overlay, text, 0o644))
}

// Why there is nothing to compare a patched program with.
var (
	errNotBuilt = errors.New("the edited sources can't be built")
	errRandom   = errors.New("it prints something else each time")
)

// rebuilt is what the program prints that is built from the edited sources. An error that is not errNotBuilt
// says that it does not come to its end, or prints something else each time.
func (r *run) rebuilt(t *testing.T, c candidate) (string, error) {
	t.Helper()
	program := filepath.Join(r.s.dir, "rebuilt")
	if _, err := goCommand(r.s.dir, "build", "-mod=mod", "-overlay="+r.overlay, "-o", program, "."); err != nil {
		return "", fmt.Errorf("%w: %w", errNotBuilt, err)
	}
	var printed [2]string
	for i := range printed {
		p, err := r.s.start(program)
		if err != nil {
			return "", err
		}
		printed[i], err = p.drive()
		p.end()
		if err != nil {
			return "", err
		}
	}
	if printed[0] != printed[1] {
		return "", errRandom
	}
	return printed[0], nil
}

// count enters an edit's outcome into the figures.
func (r *run) count(figure *int, outcome string) {
	*figure++
	r.outcome = outcome
}

// compare patches a fresh program and drives it.
func (r *run) compare(t *testing.T, c candidate, plan *pipeline.Plan, rebuilt string) {
	t.Helper()
	p, err := r.s.start(r.s.release)
	check(t, err)
	defer p.end()
	made, err := plan.Patch(t.Context(), "")
	switch {
	case errors.Is(err, pipeline.ErrEmpty):
		if rebuilt != r.base && !keepsState(plan.Changes) {
			r.wrong(t, c, "no code changed, but the rebuilt program prints something else:\n%s", difference(r.base, rebuilt))
			return
		}
		r.count(&r.same, "changes no code")
		return
	case errors.Is(err, pipeline.ErrRefused):
		r.count(&r.refused, fmt.Sprintf("refused when linking: %v", err))
		r.verdicts["when linking"]++
		return
	case err != nil:
		r.wrong(t, c, "no patch: %v", err)
		return
	}
	file, err := patch.Encode(made, nil)
	if err != nil {
		r.wrong(t, c, "no patch file: %v", err)
		return
	}
	if err := p.apply(file); err != nil {
		r.wrong(t, c, "not applied: %v", err)
		return
	}
	patched, err := p.drive()
	switch {
	case err != nil:
		r.wrong(t, c, "the patched program: %v", err)
		return
	case patched != rebuilt && keepsState(plan.Changes):
		r.count(&r.stays, "applied, and state stays as the plan says")
	case patched != rebuilt:
		r.wrong(t, c, "rebuilt and patched print different things:\n%s", difference(rebuilt, patched))
		return
	case rebuilt == r.base:
		r.count(&r.applied, "applied and as rebuilt, which is as before")
	default:
		r.shown++
		r.count(&r.applied, "applied and as rebuilt")
	}
	if err := p.rollback(); err != nil {
		r.wrong(t, c, "no rollback: %v", err)
		return
	}
	switch again, err := p.drive(); {
	case err != nil:
		r.wrong(t, c, "after the rollback: %v", err)
	case again != r.base:
		r.traces++
		r.outcome += "; its state is seen after the rollback: " + difference(r.base, again)
	}
}

// keepsState says whether a plan warns that something of the running program stays as it was, which a rebuilt
// one has anew.
func keepsState(changes []patch.Change) bool {
	return slices.ContainsFunc(changes, func(c patch.Change) bool { return slices.Contains(stateStays, c.ID) })
}

// stateStays are the warnings about code that ran already, initial values, init functions, closures and
// embedded files: the program keeps what the code made when it started. Reflection and encoders keep the old name of a
// field.
var stateStays = []string{"GS2001", "GS2004", "GS2005", "GS2008", "GS2013", "GS2034"}

func firstRefusal(changes []patch.Change) patch.Change {
	for _, c := range changes {
		if strings.HasPrefix(c.ID, "GS3") {
			return c
		}
	}
	return patch.Change{ID: "without an ID"}
}

// wrong is a disagreement. The edited file is kept for whoever looks into it.
func (r *run) wrong(t *testing.T, c candidate, format string, args ...any) {
	t.Helper()
	r.count(&r.disagree, "DISAGREES")
	kept := filepath.Join(os.TempDir(), fmt.Sprintf("gosplice-mutation-%d-%s", r.disagree, filepath.Base(c.file)))
	if err := os.WriteFile(kept, c.edit.Content(), 0o644); err != nil {
		kept = err.Error()
	}
	t.Errorf("%s: %s\nthe edited file: %s for %s", c, fmt.Sprintf(format, args...), kept, c.file)
}

func (r *run) figures() string {
	return fmt.Sprintf("%d edits compile: %d applied and did as a rebuilt program does (%d printed something else than before), %d changed no code, %d kept state as the plan says, %d refused %v, "+
		"%d without an end or an output of their own, %d disagreements; state of %d is seen after the rollback; kinds %v",
		r.tried, r.applied, r.shown, r.same, r.stays, r.refused, r.verdicts, r.unstable, r.disagree, r.traces, r.kinds)
}

// difference is the first line in which two outputs differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range max(len(x), len(y)) {
		one, other := "(nothing)", "(nothing)"
		if i < len(x) {
			one = x[i]
		}
		if i < len(y) {
			other = y[i]
		}
		if one != other {
			return fmt.Sprintf("line %d\n  - %.300s\n  + %.300s", i+1, one, other)
		}
	}
	return "none"
}

// TestEditsOfAFile makes sure that edits of each kind are made, and that they leave the rest of a file alone.
func TestEditsOfAFile(t *testing.T) {
	src := []byte(sample)
	edits, err := Edits(src, func(line int) bool { return line != idleLine })
	check(t, err)
	seen := make(map[string]bool)
	for _, e := range edits {
		seen[e.Kind] = true
		if bytes.Equal(e.Content(), src) {
			t.Errorf("%s in line %d changes nothing", e.Kind, e.Line)
		}
	}
	for _, kind := range Kinds {
		if !seen[kind] {
			t.Errorf("no edit of the kind %s", kind)
		}
	}
	none, err := Edits(src, func(int) bool { return false })
	check(t, err)
	for _, e := range none {
		if slices.Contains([]string{"number", "string", "operator", "swap", "delete", "closure", "parameter", "call", "swap parameters", "keep", "copy", "rename parameters"}, e.Kind) {
			t.Errorf("%s in line %d, which is not run", e.Kind, e.Line)
		}
	}
}

// idleLine is the line of the sample that is not run.
const idleLine = 3

const sample = `package p

func idle(n int, rest ...string) (string, error) { return "", nil }

type pair struct{ a, b int }

type unused struct{ n int }

var limit = 7

func first(n int) int {
	m := n + 1
	m = m * 2
	return second(m)
}

func second(n int) int {
	if n < limit && n != 3 {
		return len("text")
	}
	return n
}

func (p pair) sum() (s int) {
	s = p.a
	s = s + p.b
	return s
}

func (p *pair) add(a, b int) {
	p.a += a
	p.b += b
}

func done() {
	first(1)
	second(2)
}
`
