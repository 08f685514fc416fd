package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/examples/arena/edits"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// seenWithin is how long it may take until a player sees a change that was applied.
const seenWithin = 20 * time.Second

// times are what a change took on its way.
type times struct{ plan, patch, apply, live time.Duration }

// makeEdit makes one edit as a developer would: save, plan, patch, apply. It returns when the
// players see it.
func (d *demo) makeEdit(ctx context.Context, n int, e edits.Edit) error {
	d.headline(fmt.Sprintf("%d. %s", n, e.Title))
	d.note(e.Why)
	d.diff(e)
	if err := e.Apply(d.tree()); err != nil {
		return err
	}
	saved := time.Now()
	d.fleet.LongestWait()
	var took times
	plan, err := d.plan(ctx, &took)
	if err != nil {
		return err
	}
	d.showChanges(plan.Changes)
	if plan.Refused || plan.Empty {
		return errors.New("the plan has nothing that can be applied")
	}
	file, err := d.patch(ctx, plan, version(n), &took)
	if err != nil {
		return err
	}
	done, err := d.apply(ctx, file, &took)
	if err != nil {
		return err
	}
	seen, err := d.awaitRule(ctx, e.Rule, e.Version)
	if err != nil {
		return err
	}
	took.live = seen.Sub(saved)
	d.showLive(took, done, len(file), d.fleet.LongestWait())
	return d.checkVersion(ctx, version(n))
}

// version is the label of the patch that holds the first n edits.
func version(n int) string { return fmt.Sprintf("demo-%d", n) }

func (d *demo) plan(ctx context.Context, took *times) (plan *pipeline.Plan, err error) {
	took.plan, err = d.during("comparing the edit with the release", func(p pipeline.Progress) (err error) {
		plan, err = pipeline.MakePlan(ctx, pipeline.PlanOptions{Record: d.record(), Dir: d.tree(), Progress: p})
		return err
	})
	return plan, err
}

// patch makes the patch file.
func (d *demo) patch(ctx context.Context, plan *pipeline.Plan, version string, took *times) (file []byte, err error) {
	took.patch, err = d.during("linking the patch", func(pipeline.Progress) error {
		p, err := plan.Patch(ctx, version)
		if err != nil {
			return err
		}
		if file, err = patch.Encode(p, nil); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(d.tree(), version+".gsp"), file, 0o666)
	})
	return file, err
}

func (d *demo) apply(ctx context.Context, file []byte, took *times) (done *control.Switched, err error) {
	took.apply, err = d.during("applying the patch", func(pipeline.Progress) error {
		return d.ask(ctx, func(c *control.Client) (err error) {
			done, err = c.Apply(ctx, file, control.SwitchOptions{})
			return err
		})
	})
	return done, err
}

// ask talks to the server's agent on a connection of its own, as each command does.
func (d *demo) ask(ctx context.Context, what func(*control.Client) error) error {
	c, err := control.Dial(ctx, d.socket)
	if err != nil {
		return err
	}
	defer c.Close()
	return what(c)
}

// awaitRule waits until a player sees a version of a rule.
func (d *demo) awaitRule(ctx context.Context, rule string, version int) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	return d.fleet.AwaitRule(ctx, rule, version)
}

// goBack takes the last edit back.
func (d *demo) goBack(ctx context.Context) error {
	last := len(edits.All)
	undone := edits.All[last-1]
	d.headline(fmt.Sprintf("%d. Back to %s: as if edit %d had not been made", last+1, version(last-1), last))
	d.fleet.LongestWait()
	d.fleet.GoesBack(undone.Rule, undone.Version-1)
	start := time.Now()
	var done *control.Switched
	if err := d.ask(ctx, func(c *control.Client) (err error) {
		done, err = c.Rollback(ctx, "", control.SwitchOptions{})
		return err
	}); err != nil {
		return fmt.Errorf("rollback: %w", err)
	}
	took := times{apply: time.Since(start)}
	seen, err := d.awaitRule(ctx, undone.Rule, undone.Version-1)
	if err != nil {
		return err
	}
	took.live = seen.Sub(start)
	d.showLive(took, done, 0, d.fleet.LongestWait())
	if err := d.checkVersion(ctx, version(last-1)); err != nil {
		return err
	}
	return d.letPlay(ctx)
}

// checkVersion checks that the server says that it runs a version.
func (d *demo) checkVersion(ctx context.Context, want string) error {
	return d.ask(ctx, func(c *control.Client) error {
		status, err := c.Status(ctx)
		if err == nil && status.Version != want {
			err = fmt.Errorf("the server says that it runs %s instead of %s", status.Version, want)
		}
		return err
	})
}
