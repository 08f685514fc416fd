package watch

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/cmd/internal/build/rules"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// live is what runs in the program.
type live struct {
	key     ed25519.PrivateKey
	verbose bool
	// versions are the labels of what was applied, by content: an edit that was live before is
	// gone back to, and takes no memory again.
	versions map[contentID]string
	current  string // label, or empty for the release
	count    int
	// declared are the declarations that differ from the release, as they run.
	declared map[string]string
	// refused is what the save before was refused for, empty if it was not.
	refused string
	// told are the warnings and the functions with old code that were reported.
	told map[string]bool
}

// contentID is the ID that a patch would have without a label and a time.
type contentID string

const (
	// listenWithin is how long a program that was started may take to call gosplice.Start before a
	// save is given up.
	listenWithin = 10 * time.Second
	// answerWithin is how long it may take to apply a patch. Initialisers may take 30 s each.
	answerWithin = 2 * time.Minute
	// most is how many lines a save may show of one kind.
	most = 10
)

// save brings the sources as they are now into the program. at is when they were saved.
func (l *loop) save(ctx context.Context, at time.Time) error {
	if l.program == nil {
		if l.session == nil {
			return l.begin(ctx)
		}
		return l.restart(ctx)
	}
	plan, err := l.session.Plan(ctx)
	if err != nil {
		return l.noPlan(ctx, at, err)
	}
	defer plan.Close()
	if err := l.sources.follow(plan.Packages); err != nil {
		return err
	}
	l.offered = false
	if plan.Refused {
		return l.refused(ctx, at, plan.Changes)
	}
	l.live.refused = ""
	changed := l.changed(plan)
	done, err := l.bring(ctx, plan)
	if err != nil {
		return l.notApplied(ctx, at, err)
	}
	l.live.declared = plan.Declarations
	again, waits := runAgain(changed, plan.Changes)
	l.headline(at, done, again, waits)
	if done != nil && !done.Already {
		l.oldCode(done.OldCode, changed)
		for _, w := range done.Warnings {
			if !l.tell(w) {
				l.screen.more("warning: " + report.Printable(w))
			}
		}
	}
	l.warnings(plan.Changes, changed)
	if len(waits) > 0 {
		return l.restartOrOffer(ctx)
	}
	return nil
}

// headline says what became of a save, of the declarations that the program runs again and of those that wait for a restart.
func (l *loop) headline(at time.Time, done *control.Switched, again, waits []string) {
	const notBefore = ": not before a restart"
	switch {
	case done == nil || done.Already:
		if len(waits) == 0 {
			l.screen.event(at, "no code changed", l.screen.style.Dim, "")
			return
		}
		l.screen.event(at, few(waits, l.screen.eventRoom()-report.Columns(notBefore)), l.screen.style.Bold, notBefore)
	case len(again) == 0 && len(waits) > 0:
		end := notBefore + "; all else live in " + report.Duration(time.Since(at)) + l.cost(done)
		l.screen.event(at, few(waits, l.screen.eventRoom()-report.Columns(end)), l.screen.style.Bold, end)
	default:
		end := " live in " + report.Duration(time.Since(at)) + l.cost(done)
		l.screen.event(at, few(again, l.screen.eventRoom()-report.Columns(end)), l.screen.style.Bold, end)
	}
}

// cost is what a switch has cost the program, for those who want to know.
func (l *loop) cost(done *control.Switched) string {
	if !l.Verbose {
		return ""
	}
	return fmt.Sprintf(", pause %s, %s", report.Duration(done.Pause), report.Bytes(done.Memory))
}

// noPlan says why an edit can't be compared with the program, which runs on as it is.
func (l *loop) noPlan(ctx context.Context, at time.Time, err error) error {
	var wrong *gotool.CompileError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, pipeline.ErrChanging):
		l.sources.again(at)
	case errors.As(err, &wrong):
		l.compileError(at, wrong)
		return l.sources.followImports()
	default:
		l.offered = true
		l.screen.event(at, "not compared", l.screen.style.Red, l.runsOn())
		l.screen.more(err.Error())
		l.offerRestart()
	}
	return nil
}

// compileError shows what the compiler says.
func (l *loop) compileError(at time.Time, err *gotool.CompileError) {
	l.screen.event(at, "does not compile", l.screen.style.Red, l.runsOn())
	l.screen.compileError(err)
}

// compileError writes what the compiler says below an event.
func (s *screen) compileError(err *gotool.CompileError) {
	lines := err.Lines
	if len(lines) == 0 {
		lines = []string{err.Error()}
	}
	s.more(lines[:min(len(lines), most)]...)
	if n := len(lines) - most; n > 0 {
		s.more(fmt.Sprintf("and %d more lines", n))
	}
}

// runsOn says that the program is as it was, if there is one.
func (l *loop) runsOn() string {
	if l.program == nil {
		return ""
	}
	return "; the program runs on as it was"
}

// refused says why an edit can't be applied, and restarts the program if that was asked for.
func (l *loop) refused(ctx context.Context, at time.Time, changes []patch.Change) error {
	bad := slices.DeleteFunc(slices.Clone(changes), func(c patch.Change) bool { return !report.IsRefused(c) })
	l.screen.event(at, "refused", l.screen.style.Red, l.runsOn())
	if again := l.refusedAs(bad); again != "" {
		l.screen.more(again)
	} else {
		l.show(bad)
	}
	return l.restartOrOffer(ctx)
}

// refusedAs is a line about changes that were refused at the save before, too, and empty for others.
func (l *loop) refusedAs(bad []patch.Change) string {
	var key string
	var words []string
	for _, c := range bad {
		key += c.ID + c.Symbol + c.What + c.Reason + "\n"
		words = append(words, report.Printable(c.Symbol+" "+c.What+" "+c.ID))
	}
	before := l.live.refused
	l.live.refused = key
	if before != key {
		return ""
	}
	text := words[0]
	if n := len(words) - 1; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return "as before: " + text
}

// notApplied says why a patch was not made or not applied.
func (l *loop) notApplied(ctx context.Context, at time.Time, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	l.screen.event(at, "not applied", l.screen.style.Red, l.runsOn())
	l.screen.more(err.Error())
	return l.restartOrOffer(ctx)
}

func (l *loop) restartOrOffer(ctx context.Context) error {
	if l.Restart {
		return l.restart(ctx)
	}
	l.offered = true
	l.offerRestart()
	return nil
}

func (l *loop) offerRestart() {
	if l.Keys != nil {
		l.screen.more("Enter restarts the program with it, or change the edit")
		return
	}
	l.screen.more("change the edit, or restart the program; --restart does that by itself")
}

// bring makes the program run what a plan says. The result is nil if that is the release and it runs.
func (l *loop) bring(ctx context.Context, plan *pipeline.Plan) (*control.Switched, error) {
	if plan.Empty {
		if l.live.current == "" {
			return nil, nil
		}
		return l.switchTo(ctx, patch.ReleaseVersion, nil)
	}
	p, err := plan.Patch(ctx, "")
	if err != nil {
		return nil, err
	}
	p.Diff = "" // it is in the editor
	made := p.Made
	p.Made = time.Time{}.Format(time.RFC3339)
	if _, err := patch.EncodeLocal(p, nil); err != nil {
		return nil, err
	}
	id := contentID(p.ID)
	if label, ok := l.live.versions[id]; ok {
		return l.switchTo(ctx, label, nil)
	}
	l.live.count++
	p.Made, p.Version = made, fmt.Sprintf("save-%d", l.live.count)
	file, err := patch.EncodeLocal(p, l.live.key)
	if err != nil {
		return nil, err
	}
	done, err := l.switchTo(ctx, p.Version, file)
	if err == nil {
		l.live.versions[id] = p.Version
	}
	return done, err
}

// switchTo makes the program run a version: the one in file, or one that it has.
func (l *loop) switchTo(ctx context.Context, version string, file []byte) (*control.Switched, error) {
	if err := l.program.wait(listenWithin); err != nil {
		return nil, err
	}
	soon, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	client, err := control.Dial(soon, l.program.path)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var done *control.Switched
	if file == nil {
		done, err = client.Rollback(soon, version, control.SwitchOptions{})
	} else {
		done, err = client.Apply(soon, file, control.SwitchOptions{})
	}
	if err != nil {
		if soon.Err() != nil && ctx.Err() == nil {
			err = fmt.Errorf("the program does not answer within %v: is it stopped by a debugger?", answerWithin)
		}
		return nil, err
	}
	l.live.current = version
	if version == patch.ReleaseVersion {
		l.live.current = ""
	}
	return done, nil
}

// changed are the names of the declarations that differ between what runs and a plan: those of main modules, then those of
// dependencies, sorted.
func (l *loop) changed(plan *pipeline.Plan) []string {
	changed := map[string]bool{}
	for name, digest := range plan.Declarations {
		if was, ok := l.live.declared[name]; !ok || was != digest {
			changed[name] = true
		}
	}
	for name := range l.live.declared {
		if _, ok := plan.Declarations[name]; !ok {
			changed[name] = true
		}
	}
	return ownFirst(slices.Sorted(maps.Keys(changed)), plan.Packages)
}

// ownFirst puts the names of what main modules declare before those of dependencies.
func ownFirst(names []string, packages []gotool.Package) []string {
	own := map[string]bool{}
	for _, p := range packages {
		if p.Module != nil && p.Module.Main {
			own[p.Name] = true
		}
	}
	theirs := func(name string) bool {
		pkg, _, _ := strings.Cut(name, ".")
		return !own[pkg]
	}
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case theirs(a) == theirs(b):
			return 0
		case theirs(a):
			return 1
		}
		return -1
	})
	return names
}

// runAgain tells the declarations that the program runs again from those of which the plan says nothing but that they wait for
// a restart, since they have run or their values are kept. What is not in the program is neither.
func runAgain(names []string, changes []patch.Change) (again, waits []string) {
	passed := []string{rules.Keeps, rules.StartOnly.Verdict, rules.CalledOnce.Verdict}
	for _, name := range names {
		in, runs, out := false, false, false
		for _, c := range changes {
			switch {
			case slices.Contains(c.Inlined, name) && c.Symbol != name:
				in = true
			case c.Symbol != name:
			case c.Verdict == rules.NotInProgram.Verdict:
				out = true
			case slices.Contains(passed, c.Verdict):
				in = true
			default:
				runs = true
			}
		}
		switch {
		case runs, !in && !out:
			again = append(again, name)
		case in:
			waits = append(waits, name)
		}
	}
	return again, waits
}

// few are as many names as fit into a width, three at most, and how many more there are.
func few(names []string, width int) string {
	if len(names) == 0 {
		return "comments and lines"
	}
	text := ""
	for n := min(3, len(names)); n > 0; n-- {
		text = strings.Join(names[:n], ", ")
		if more := len(names) - n; more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
		if report.Columns(text) <= width {
			break
		}
	}
	return text
}

// warnings shows what does not happen with an edit: of what changed with this save, and all else once.
func (l *loop) warnings(changes []patch.Change, changed []string) {
	l.show(slices.DeleteFunc(slices.Clone(changes), func(c patch.Change) bool {
		if !report.IsWarning(c) {
			return true
		}
		told := l.tell(c.ID + c.Symbol + c.What)
		return told && !slices.Contains(changed, c.Symbol) && !slices.ContainsFunc(c.Inlined, func(name string) bool { return slices.Contains(changed, name) })
	}))
}

// oldCode says where goroutines still run other versions: of what changed with this save, and once of all else.
func (l *loop) oldCode(old []control.OldCode, changed []string) {
	count := 0
	var names []string
	for _, o := range old {
		around, turn := loopOf(o.Function)
		again := slices.Contains(changed, around)
		if turn && !o.Endless {
			if !l.tell("turn of "+around) || again {
				l.screen.more(fmt.Sprintf("%s in the old body of its loop in %s", endsTurn(o.Goroutines), around))
			}
			continue
		}
		if o.Endless {
			if !l.tell("endless loop of "+o.Function) || again {
				l.screen.more(fmt.Sprintf("%s for good in the old code of %s, whose loop has no way out; what it calls is new, but for what is inlined in it", stays(o.Goroutines), o.Function))
			}
			continue
		}
		if !l.tell("old code of "+o.Function) || again {
			count += o.Goroutines
			names = append(names, o.Function)
		}
	}
	switch {
	case count == 1:
		l.screen.more("1 goroutine runs old code of " + names[0] + " until it returns")
	case count > 1:
		l.screen.more(fmt.Sprintf("%d goroutines run old code until they return: %s", count, strings.Join(names, ", ")))
	}
}

// turnOf matches the function that is the body of a loop.
var turnOf = regexp.MustCompile(`-range\d+$`)

// loopOf is the function around the body of a loop, of which turn says whether it is one.
func loopOf(function string) (around string, turn bool) {
	around = turnOf.ReplaceAllString(function, "")
	return around, around != function
}

func endsTurn(goroutines int) string {
	if goroutines == 1 {
		return "1 goroutine ends its turn"
	}
	return fmt.Sprintf("%d goroutines end their turns", goroutines)
}

func stays(goroutines int) string {
	if goroutines == 1 {
		return "1 goroutine stays"
	}
	return fmt.Sprintf("%d goroutines stay", goroutines)
}

// tell reports whether something was told before.
func (l *loop) tell(what string) (before bool) {
	before = l.live.told[what]
	if l.live.told == nil {
		l.live.told = map[string]bool{}
	}
	l.live.told[what] = true
	return before
}

// show writes changes below an event.
func (l *loop) show(changes []patch.Change) {
	hidden := 0
	if !l.live.verbose && len(changes) > most {
		hidden = len(changes) - most
		changes = changes[:most]
	}
	if len(changes) == 0 {
		return
	}
	l.screen.lines(report.Changes(changes, l.screen.style, l.screen.room()))
	if hidden > 0 {
		l.screen.more(fmt.Sprintf("and %d more changes", hidden))
	}
}
