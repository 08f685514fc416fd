package dropped_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// together is how many variables one patch brings back; GOSPLICE_DROPPED names another number.
const together = 400

// few are the packages whose variables are brought back unless GOSPLICE_DROPPED is set: those that few others depend on.
var few = []string{"github.com/mochi-mqtt/server/v2", "github.com/gorilla/websocket", "github.com/rs/xid", "gopkg.in/yaml.v3", "log/slog"}

// TestDroppedVariables brings back the variables that the linker dropped, of packages that the edit leaves as they are and
// of packages that it edits. Each has to have the value that it has in a program that was built with it.
func TestDroppedVariables(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages of the standard library anew")
	}
	t.Run("packages as they are", func(t *testing.T) { bringBack(t, false) })
	t.Run("edited packages", func(t *testing.T) { bringBack(t, true) })
}

func bringBack(t *testing.T, edited bool) {
	all := os.Getenv("GOSPLICE_DROPPED")
	size := together
	if all != "" {
		n, err := strconv.Atoi(all)
		if err != nil || n < 1 {
			t.Fatalf("GOSPLICE_DROPPED=%s is no number of variables", all)
		}
		size = n
	}
	s := newSubject(t, all != "", edited, func(p pkg) bool {
		return all != "" || slices.ContainsFunc(few, func(f string) bool {
			return p.ImportPath == f || strings.HasPrefix(p.ImportPath, f+"/") && strings.Contains(f, ".")
		})
	})
	r := &run{s: s, t: t, refused: map[string]int{}}
	r.prepare()
	for part := range slices.Chunk(r.dropped, size) {
		r.compare(part)
	}
	t.Logf("%d of %d variables were dropped; %d have the same value when they are brought back, %d another one; %d have another one each time; refused: %v",
		len(r.dropped), len(s.variables), r.same, r.wrong, r.unstable, r.refused)
	if r.same < len(r.dropped)*9/10 || r.same == 0 {
		t.Errorf("only %d of %d could be compared", r.same, len(r.dropped))
	}
}

// run is one run.
type run struct {
	t       *testing.T
	s       *subject
	session *pipeline.Session
	dropped []variable
	want    []map[string]string // of several processes

	same, wrong, unstable int
	refused               map[string]int // by reason
}

// prepare finds the variables that the release lacks, and what they are where they were never dropped.
func (r *run) prepare() {
	r.t.Helper()
	record := filepath.Join(r.s.dir, "subject.gsr")
	_, err := pipeline.MakeRecord(r.t.Context(), pipeline.RecordOptions{Binary: r.s.release, Dir: r.s.dir, Out: record, Package: []string{"."}, Flags: []string{"-mod=mod"}})
	check(r.t, err)
	rec, err := release.Read(record)
	check(r.t, err)
	r.session, err = pipeline.OpenSession(r.t.Context(), pipeline.PlanOptions{Record: record, Dir: r.s.dir, Overlay: r.s.overlay})
	check(r.t, err)
	r.t.Cleanup(r.session.Close)
	r.dropped = without(r.s.variables, func(v variable) bool {
		_, ok := rec.Lookup(v.symbol, goobj.ABI0)
		return ok
	})
	full := r.s.build("full", r.dropped)
	for range 3 {
		r.want = append(r.want, r.s.values(full))
	}
}

// compare brings variables back with one patch. If that is refused or the program ends, their halves are tried.
func (r *run) compare(part []variable) {
	values, problem := r.patched(part)
	if problem != "" && len(part) > 1 {
		r.t.Logf("%d variables from %s: %.500s", len(part), part[0], problem)
		r.compare(part[:len(part)/2])
		r.compare(part[len(part)/2:])
		return
	}
	if problem != "" {
		if !strings.HasPrefix(problem, "GS3") {
			r.t.Errorf("%s: %s", part[0], problem)
		}
		r.t.Logf("%s: %s", part[0], problem)
		r.refused[firstWords(problem)]++
		return
	}
	for _, v := range part {
		r.judge(v, values[v.String()])
	}
}

// judge compares a value with those of programs that were built with the variable.
func (r *run) judge(v variable, have string) {
	want := r.want[0][v.String()]
	stable := !slices.ContainsFunc(r.want, func(w map[string]string) bool { return w[v.String()] != want })
	switch {
	case have == want:
		r.same++
	case !stable:
		r.unstable++
		r.t.Logf("%s has another value each time", v)
	default:
		r.wrong++
		at := 0
		for at < min(len(have), len(want)) && have[at] == want[at] {
			at++
		}
		at = max(0, at-60)
		r.t.Errorf("%s\nbrought back: …%.200s\n       built: …%.200s", v, have[min(at, len(have)):], want[min(at, len(want)):])
	}
}

// patched are the values that a patched process prints, or why there are none.
func (r *run) patched(part []variable) (map[string]string, string) {
	r.t.Helper()
	r.s.bring(part)
	plan, err := r.session.Plan(r.t.Context())
	if err != nil {
		return nil, fmt.Sprint("no plan: ", err)
	}
	defer plan.Close()
	if plan.Refused {
		return nil, refusal(plan.Changes)
	}
	made, err := plan.Patch(r.t.Context(), "")
	check(r.t, err)
	file, err := patch.Encode(made, nil)
	check(r.t, err)
	p := r.s.start(r.s.release)
	defer p.end()
	if err := p.apply(file); err != nil {
		return nil, fmt.Sprint("not applied: ", err)
	}
	values, err := p.print()
	if err != nil {
		last := slices.Sorted(maps.Keys(values))
		return nil, fmt.Sprintf("%v after %d values", err, len(last))
	}
	return values, ""
}

// refusal is why a plan is refused.
func refusal(changes []patch.Change) string {
	for _, c := range changes {
		if strings.HasPrefix(c.ID, "GS3") {
			return fmt.Sprint(c.ID, " ", c.What)
		}
	}
	return "refused"
}

func firstWords(s string) string {
	return strings.Join(strings.Fields(s)[:min(4, len(strings.Fields(s)))], " ")
}
