package watch

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
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
	changed := l.changed(plan)
	done, err := l.bring(ctx, plan)
	if err != nil {
		return l.notApplied(ctx, at, err)
	}
	l.live.declared = plan.Declarations
	if done == nil || done.Already {
		l.screen.event(at, "no code changed", l.screen.style.Dim, "")
	} else {
		end := " live in " + report.Duration(time.Since(at)) + l.cost(done)
		if again := runAgain(changed, plan.Changes); len(again) > 0 || len(changed) == 0 {
			changed = again
		} else {
			end = "; what runs again is" + end
		}
		l.screen.event(at, few(changed, l.screen.eventRoom()-report.Columns(end)), l.screen.style.Bold, end)
		l.oldCode(done.OldCode)
		for _, w := range done.Warnings {
			if !l.tell(w) {
				l.screen.more("warning: " + report.Printable(w))
			}
		}
	}
	l.warnings(plan.Changes)
	return nil
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
	l.show(bad)
	return l.restartOrOffer(ctx)
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

// changed are the names of the declarations that differ between what runs and a plan, sorted.
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
	return slices.Sorted(maps.Keys(changed))
}

// runAgain leaves out the declarations of which the plan says nothing but that the program does not run them again, or keeps
// what they made.
func runAgain(names []string, changes []patch.Change) []string {
	passed := []string{rules.Keeps, rules.StartOnly.Verdict, rules.CalledOnce.Verdict, rules.NotInProgram.Verdict}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		of := slices.DeleteFunc(slices.Clone(changes), func(c patch.Change) bool { return c.Symbol != name })
		return len(of) > 0 && !slices.ContainsFunc(of, func(c patch.Change) bool { return !slices.Contains(passed, c.Verdict) })
	})
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

// warnings shows what does not happen with an edit, once.
func (l *loop) warnings(changes []patch.Change) {
	l.show(slices.DeleteFunc(slices.Clone(changes), func(c patch.Change) bool {
		return !report.IsWarning(c) || l.tell(c.ID+c.Symbol+c.What)
	}))
}

// oldCode says where goroutines still run other versions, once for each function.
func (l *loop) oldCode(old []control.OldCode) {
	count := 0
	var names []string
	for _, o := range old {
		if o.Endless {
			if !l.tell("endless loop of " + o.Function) {
				l.screen.more(fmt.Sprintf("%s for good in the old code of %s, whose loop has no way out; what it calls is new", stays(o.Goroutines), o.Function))
			}
			continue
		}
		if !l.tell("old code of " + o.Function) {
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
