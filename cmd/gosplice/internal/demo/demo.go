// Package demo shows on a live game server what gosplice does: it builds the server, fills it
// with players who check every answer, changes its code three times while they play, takes one
// change back, and proves from outside that nothing else changed.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/progress"
	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/edits"
	"github.com/gosplice/gosplice/examples/arena/local"
)

// Options says how to show it.
type Options struct {
	// Players is the number of connections; 0 is 300.
	Players int
	// Play is how long the players play before the first edit and after each; 0 is 2 s.
	Play time.Duration
	// Keep leaves the directory with sources, program, record and patches in place.
	Keep bool

	Style report.Style
	Width int // of the output; 0 is 80
	// Progress starts a progress line for work that takes long; nil shows none.
	Progress func() *progress.Line
}

func (o *Options) complete() {
	if o.Players == 0 {
		o.Players = 300
	}
	if o.Play == 0 {
		o.Play = 2 * time.Second
	}
	if o.Width == 0 {
		o.Width = 80
	}
	if o.Progress == nil {
		o.Progress = func() *progress.Line { return nil }
	}
}

// Run shows it on w. An error means that something did not hold, or that it could not be shown.
// However it ends, the server is stopped and the directory removed.
func Run(ctx context.Context, w io.Writer, o Options) (err error) {
	o.complete()
	d := &demo{Options: o, began: time.Now(), screen: screen{out: w, style: o.Style, width: o.Width}}
	defer func() { err = errors.Join(err, d.cleanUp()) }()
	d.headline(fmt.Sprintf("One game server, %s, three edits, no restart", report.Plural(o.Players, "player")))
	for _, step := range []func(context.Context) error{
		d.prepare,
		d.play,
		d.before,
		d.makeEdits,
		d.goBack,
		d.after,
	} {
		if err := step(ctx); err != nil {
			return d.cause(ctx, err)
		}
	}
	return nil
}

// demo is one showing.
type demo struct {
	Options
	screen
	dir    string // temporary, holds everything below
	server *local.Process
	socket string // of the server
	fleet  *bots.Fleet
	first  snapshot
	began  time.Time
}

func (d *demo) tree() string    { return filepath.Join(d.dir, "arena") }
func (d *demo) library() string { return filepath.Join(d.dir, "gosplice") }
func (d *demo) binary() string  { return filepath.Join(d.tree(), "arena") }
func (d *demo) record() string  { return filepath.Join(d.tree(), "arena.gsr") }

// play starts the server and lets the players in.
func (d *demo) play(ctx context.Context) error {
	if err := d.startServer(ctx); err != nil {
		return err
	}
	return d.letIn(ctx)
}

// makeEdits makes one edit after the other.
func (d *demo) makeEdits(ctx context.Context) error {
	for i, e := range edits.All {
		if err := d.makeEdit(ctx, i+1, e); err != nil {
			return fmt.Errorf("edit %d: %w", i+1, err)
		}
		if err := d.letPlay(ctx); err != nil {
			return err
		}
	}
	return nil
}

// letPlay gives the players some time.
func (d *demo) letPlay(ctx context.Context) error {
	_, err := d.during("players at play", func(pipeline.Progress) error {
		select {
		case <-time.After(d.Play):
			return nil
		case <-d.fleet.Over():
			return errors.New("all players lost their connections")
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	return err
}

// cause finds the reason behind an error, where something else went wrong first.
func (d *demo) cause(ctx context.Context, err error) error {
	if ctx.Err() != nil || d.server == nil {
		return err
	}
	select {
	case <-d.server.Ended():
		if why := d.server.Stop(); why != nil {
			return fmt.Errorf("the game server is gone: %w", why)
		}
		return errors.New("the game server has ended by itself")
	case <-time.After(100 * time.Millisecond):
		return err
	}
}

// cleanUp leaves nothing behind.
func (d *demo) cleanUp() error {
	var err error
	if d.fleet != nil {
		d.fleet.Stop()
	}
	if d.server != nil {
		d.server.Stop()
	}
	if d.socket != "" {
		os.Remove(d.socket) // in case the server could not do that itself
	}
	switch {
	case d.dir == "":
	case d.Keep:
		d.note("Sources, program, record and patches are in " + d.tree())
	default:
		err = os.RemoveAll(d.dir)
	}
	return err
}
