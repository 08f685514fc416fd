package corpus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/version"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/test/corpus/scenario"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// dimension is a state of the program in which every scenario has to come out the same.
type dimension struct {
	name  string
	calls []string // requests to the host before the script
}

var dimensions = []dimension{
	{name: "plain"},
	{name: "load", calls: []string{"!load"}},
	{name: "gogc1", calls: []string{"!gc"}},
	{name: "profiled", calls: []string{"!profile"}},
	{name: "goroutines", calls: []string{"!goroutines 10000"}},
	{name: "everything", calls: []string{"!goroutines 10000", "!profile", "!gc", "!load"}},
}

// states are the dimensions that a scenario is made for. Kinds A and W bear any; the answers of others may count
// requests, and such programs bear load only if they tell it apart. A main function of one's own knows no states.
func states(s *scenario.Scenario) []dimension {
	if s.Program["zz_host.go"] != nil {
		return dimensions[:1]
	}
	bearsLoad := s.Name[0] == 'A' || s.Name[0] == 'W'
	for _, content := range s.Program {
		bearsLoad = bearsLoad || bytes.Contains(content, []byte(`"load"`))
	}
	if bearsLoad {
		return dimensions
	}
	out := dimensions[:1:1]
	for _, d := range dimensions {
		d.calls = slices.DeleteFunc(slices.Clone(d.calls), func(c string) bool { return c == "!load" })
		if len(d.calls) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// TestCorpus runs every scenario in the plain state, built with the flags in GOSPLICE_CORPUS_FLAGS, for the processor in
// GOSPLICE_ARCH. GOSPLICE_CORPUS=matrix runs them in all states.
func TestCorpus(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no scenarios", err)
	}
	matrix := os.Getenv("GOSPLICE_CORPUS") == "matrix"
	for _, path := range paths {
		s, err := scenario.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			skipElsewhere(t, s)
			b := build(t, s)
			dims := dimensions[:1]
			if matrix {
				dims = states(s)
			}
			for _, d := range dims {
				t.Run(d.name, func(t *testing.T) { newRun(t, s, b, d).script() })
			}
		})
	}
}

// buildFlags are the flags of go build that GOSPLICE_CORPUS_FLAGS names, for all scenarios.
func buildFlags() []string { return strings.Fields(os.Getenv("GOSPLICE_CORPUS_FLAGS")) }

// TestEmulated edits a few programs of arm64 while an emulator runs them.
func TestEmulated(t *testing.T) {
	testprogram.Emulator(t, "arm64")
	for _, name := range []string{"A01-body-string", "A05-iface-held", "A21-stack-grow", "W01-on-stack-loop"} {
		s, err := scenario.Read(filepath.Join("testdata", name+".txtar"))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRun(t, s, buildWith(t, s, append(os.Environ(), testprogram.Cross("arm64")...), nil), dimensions[0])
			r.script()
			if name == "A01-body-string" {
				r.isSmall(64 << 10)
			}
		})
	}
	t.Run("position-independent", func(t *testing.T) {
		t.Parallel()
		s := read(t, "A05-iface-held")
		newRun(t, s, buildWith(t, s, append(os.Environ(), testprogram.Cross("arm64")...), []string{"-buildmode=pie"}), dimensions[0]).script()
	})
}

// TestCovered edits programs that count what is covered: what the edit leaves as it is keeps its counters, with new types,
// functions and variables as well.
func TestCovered(t *testing.T) {
	for name, flags := range map[string][]string{
		"A13-new-type": {"-cover"}, "A21-stack-grow": {"-cover", "-race"}, "W06-new-global-dyninit": {"-cover", "-gcflags=all=-N"},
	} {
		s := read(t, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newRun(t, s, buildWith(t, s, os.Environ(), flags), dimensions[0]).script()
		})
	}
}

// TestWithoutPaths edits a program that names no directories, so the decisions on its packages are told of other files.
func TestWithoutPaths(t *testing.T) {
	t.Parallel()
	s := read(t, "kept47-decided-elsewhere")
	newRun(t, s, buildWith(t, s, os.Environ(), []string{"-trimpath"}), dimensions[0]).script()
}

// isSmall checks that no version takes more memory than a number of bytes.
func (r *run) isSmall(limit uint64) {
	s, err := r.status()
	if err != nil {
		r.t.Fatal(err)
	}
	if len(s.Patches) == 0 {
		r.t.Error("nothing is loaded")
	}
	for _, p := range s.Patches {
		if p.Memory > limit {
			r.t.Errorf("version %s takes %d bytes", p.Version, p.Memory)
		}
		r.t.Logf("version %s takes %d bytes", p.Version, p.Memory)
	}
}

// built is the program of a scenario with its record.
type built struct {
	dir, binary, record string
	// uninlined programs have calls where the compiler would inline: other functions change with an edit, and the
	// plan says it with other rules, but for those of refusals.
	uninlined bool
}

func build(t *testing.T, s *scenario.Scenario) built {
	t.Helper()
	return buildWith(t, s, testprogram.Environ(), buildFlags())
}

// compileWith builds the program of a scenario in an environment, with flags.
func compileWith(t *testing.T, s *scenario.Scenario, env, flags []string) (built, error) {
	t.Helper()
	tmp := t.TempDir()
	b := built{dir: filepath.Join(tmp, "src"), binary: filepath.Join(tmp, s.Name)}
	b.record = b.binary + ".gsr"
	if err := lay(s, b.dir, ""); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", slices.Concat([]string{"build", "-o", b.binary}, flags, []string{"."})...)
	cmd.Dir, cmd.Env = b.dir, env
	if out, err := cmd.CombinedOutput(); err != nil {
		return b, fmt.Errorf("go build: %v\n%s", err, out)
	}
	return b, nil
}

// buildWith is compileWith, and makes the record.
func buildWith(t *testing.T, s *scenario.Scenario, env, flags []string) built {
	t.Helper()
	b, err := compileWith(t, s, env, flags)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pipeline.MakeRecord(context.Background(), pipeline.RecordOptions{Binary: b.binary, Dir: b.dir}); err != nil {
		t.Fatal(err)
	}
	return b
}

// run is one scenario in one state.
type run struct {
	t     *testing.T
	s     *scenario.Scenario
	b     built
	p     *process
	edit  string
	dir   string // of the edited tree
	plan  *pipeline.Plan
	patch []byte
	made  map[string][]byte // patch files by version
	// applied is the patch that was applied last, and appliedPlan what it was made from.
	applied     []byte
	appliedPlan *pipeline.Plan
	// overlay is what the standard library is edited by, begun an apply that has not ended.
	overlay string
	// dependencies may have moved: those of modules, or all if there are none.
	dependencies bool
	modules      []string
	directives   []edit.Directive // that stand in no source
	begun        chan error
	// inside are the goroutines because of which the last apply was given up.
	inside []control.OldCode
	// warnings are those of the last apply or rollback.
	warnings []string
}

func newRun(t *testing.T, s *scenario.Scenario, b built, d dimension) *run {
	r := &run{t: t, s: s, b: b, dir: filepath.Join(t.TempDir(), "edited")}
	sockets, err := os.MkdirTemp("", "gs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	r.p = startProcess(t, b.binary, sockets)
	for _, c := range d.calls {
		if got, err := r.p.call(c); err != nil || got != "ok" {
			t.Fatalf("%s: %q %v", c, got, err)
		}
	}
	return r
}

func (r *run) script() {
	for _, c := range r.s.Script {
		verbs := map[string]func(string) error{
			"call": r.call, "edit": r.setEdit, "plan": r.makePlan, "patch": r.makePatch,
			"apply": r.apply, "rollback": r.rollback, "toggle": r.toggle, "redirected": r.redirected, "old": r.old, "wait": r.wait,
		}
		maps.Copy(verbs, r.rareVerbs())
		if release, ok := conditionOf(c.Verb); ok {
			if !release {
				continue
			}
			c.Verb, c.Rest, _ = strings.Cut(c.Rest, " ")
		}
		do := verbs[c.Verb]
		if do == nil {
			r.t.Fatalf("%s.txtar:%d: unknown command %q", r.s.Name, c.Line, c.Verb)
		}
		if err := do(c.Rest); err != nil {
			r.t.Fatalf("%s.txtar:%d: %s %s: %v", r.s.Name, c.Line, c.Verb, c.Rest, err)
		}
	}
	if _, err := r.p.call("!alive"); err != nil {
		r.t.Fatal(err)
	}
}

// conditionOf reads the condition of a command, such as [go1.26] for releases from that on, or [!go1.26] for those before.
func conditionOf(verb string) (holds, ok bool) {
	text, opens := strings.CutPrefix(verb, "[")
	text, closes := strings.CutSuffix(text, "]")
	if !opens || !closes {
		return false, false
	}
	text, not := strings.CutPrefix(text, "!")
	return (version.Compare(runtime.Version(), text) >= 0) != not, true
}

func (r *run) call(rest string) error {
	req, want, ok := strings.Cut(rest, " = ")
	if !ok {
		var pattern string
		if req, pattern, ok = strings.Cut(rest, " ~ "); !ok {
			return errors.New("call needs = or ~")
		}
		got, err := r.p.call(req)
		if err != nil {
			return err
		}
		if !regexp.MustCompile(pattern).MatchString(got) {
			return fmt.Errorf("answer %q does not match", got)
		}
		return nil
	}
	got, err := r.p.call(req)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("answer %q", got)
	}
	return nil
}

func (r *run) setEdit(name string) error {
	r.edit, r.patch = name, nil
	r.closePlan()
	// The edited tree is where the release was built, as users edit in place.
	return lay(r.s, r.b.dir, name)
}

func (r *run) closePlan() {
	if r.plan != nil {
		r.plan.Close()
		r.plan = nil
	}
}

func (r *run) makePlan(rest string) error {
	r.closePlan()
	want := strings.Fields(rest)
	p, err := pipeline.MakePlan(context.Background(), pipeline.PlanOptions{Record: r.b.record, Dir: r.b.dir, Overlay: r.overlay, Dependencies: r.dependencies, Modules: r.modules, Directives: r.directives})
	if err != nil {
		if len(want) > 0 && want[0] == "error" && strings.Contains(wholeError(err), strings.TrimSpace(strings.TrimPrefix(rest, "error"))) {
			return nil
		}
		return err
	}
	r.plan = p
	r.t.Logf("plan of %s:\n%s", r.edit, changes(p.Changes))
	r.t.Cleanup(r.closePlan)
	verdict := "applies"
	switch {
	case p.Refused:
		verdict = "refused"
	case p.Empty:
		verdict = "empty"
	}
	if len(want) > 0 && want[0] != verdict {
		return fmt.Errorf("the plan says %s:\n%s", verdict, changes(p.Changes))
	}
	for _, text := range want[min(1, len(want)):] {
		text, absent := strings.CutPrefix(text, "!")
		if r.b.uninlined && strings.HasPrefix(text, "GS") && !strings.HasPrefix(text, "GS3") {
			continue
		}
		has := slices.ContainsFunc(strings.Split(text, "|"), func(one string) bool { return strings.Contains(changes(p.Changes), one) })
		if has == absent {
			return fmt.Errorf("the plan has %s, or lacks it:\n%s", text, changes(p.Changes))
		}
	}
	return nil
}

// wholeError is an error with all that the compiler says.
func wholeError(err error) string {
	if wrong := (*gotool.CompileError)(nil); errors.As(err, &wrong) {
		return err.Error() + "\n" + strings.Join(wrong.Lines, "\n")
	}
	return err.Error()
}

func changes(cs []patch.Change) string {
	var b strings.Builder
	for _, c := range cs {
		fmt.Fprintf(&b, "%s  %s  %s  %s  %s:%d  %s", c.Symbol, c.What, c.Verdict, c.ID, filepath.Base(c.File), c.Line, strings.ReplaceAll(c.Reason, "\n", " "))
		if len(c.WaysOut) > 0 {
			fmt.Fprintf(&b, " Instead: %s.", strings.Join(c.WaysOut, ", or "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (r *run) makePatch(version string) error {
	if r.plan == nil {
		if err := r.makePlan("applies"); err != nil {
			return err
		}
	}
	p, err := r.plan.Patch(context.Background(), version)
	if err != nil {
		return err
	}
	if r.patch, err = patch.Encode(p, nil); err == nil && p.Version != "" {
		if r.made == nil {
			r.made = map[string][]byte{}
		}
		r.made[p.Version] = r.patch
	}
	return err
}

func (r *run) client() (*control.Client, error) {
	return control.Dial(context.Background(), r.p.socket)
}

func (r *run) apply(rest string) error {
	o := control.SwitchOptions{}
	if rest != "" {
		o.Wait = 300 * time.Millisecond // it will be given up anyway
	}
	return r.applyWith(o, rest)
}

// alive adds the last words of a process that ended.
func (r *run) alive(err error) error {
	var e *control.Error
	if err != nil && !errors.As(err, &e) {
		_, ended := r.p.call("!alive")
		return errors.Join(err, ended)
	}
	return err
}

func (r *run) rollback(to string) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	defer c.Close()
	done, err := c.Rollback(context.Background(), to, control.SwitchOptions{})
	if r.warnings = nil; done != nil {
		r.warnings = done.Warnings
	}
	return r.alive(err)
}

// toggle rolls back and applies the version that runs, again and again.
func (r *run) toggle(rest string) error {
	n, err := strconv.Atoi(rest)
	if err != nil {
		return err
	}
	s, err := r.status()
	if err != nil {
		return r.alive(err)
	}
	for i := range n {
		for _, to := range []string{patch.ReleaseVersion, s.Hello.Version} {
			if err := r.rollback(to); err != nil {
				return fmt.Errorf("time %d, to %s: %w", i+1, to, err)
			}
		}
	}
	return nil
}

// redirected compares the functions of the program that lead to new bodies.
func (r *run) redirected(rest string) error {
	s, err := r.status()
	if err != nil {
		return r.alive(err)
	}
	var names []string
	for _, f := range s.Redirected {
		names = append(names, f.Name)
	}
	if got := strings.Join(names, " "); got != rest {
		return fmt.Errorf("it is %q", got)
	}
	return nil
}

func (r *run) status() (*control.Status, error) {
	c, err := r.client()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Status(context.Background())
}

// old waits until a number of goroutines is in old code.
func (r *run) old(rest string) error {
	var s *control.Status
	for range 100 {
		var err error
		if s, err = r.status(); err != nil {
			return r.alive(err)
		}
		if fmt.Sprint(control.Goroutines(s.OldCode)) == rest {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("status says %+v", s.OldCode)
}

// wait waits until status shows a goroutine in an old function.
func (r *run) wait(name string) error {
	var s *control.Status
	for range 100 {
		var err error
		if s, err = r.status(); err != nil {
			return r.alive(err)
		}
		for _, o := range s.OldCode {
			if strings.Contains(o.Function, name) && len(o.Stack) > 0 {
				return nil
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("status says %+v", s.OldCode)
}
