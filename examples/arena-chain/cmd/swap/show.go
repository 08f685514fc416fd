package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gosplice/gosplice/examples/arena-chain/edits"
	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/local"
)

type options struct {
	players int
	play    time.Duration // after each step
}

// show is one showing.
type show struct {
	options
	out    io.Writer
	dir    string // temporary, holds everything below
	server *local.Process
	fleet  *bots.Fleet
	first  bots.Census
}

// run shows everything. An error means that something did not hold, or could not be shown.
func run(ctx context.Context, out io.Writer, o options) (err error) {
	s := &show{options: o, out: out}
	defer func() { err = errors.Join(err, s.cleanUp()) }()
	for _, step := range []func(context.Context) error{s.build, s.start, s.swap, s.goBack, s.refuseUnfit, s.refuseFaulty, s.prove} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *show) cleanUp() error {
	if s.fleet != nil {
		s.fleet.Stop()
	}
	if s.server != nil {
		s.server.Stop()
	}
	if s.dir == "" {
		return nil
	}
	return os.RemoveAll(s.dir)
}

// start starts the program with its first version, and lets players in.
func (s *show) start(ctx context.Context) (err error) {
	s.headline("The program starts with version 1.0.0, and players come in")
	if s.server, err = local.Start(ctx, s.path("arena"), "-load", s.plugin("1.0.0")); err != nil {
		return err
	}
	s.say("process %d listens on %s", s.server.PID, s.server.Addr)
	if s.fleet, err = bots.Start(ctx, bots.Options{Addr: s.server.Addr, Bots: s.players}); err != nil {
		return err
	}
	s.say("%d players, each on one connection, each checking every answer", s.players)
	if err := s.await(ctx, bots.DamageRule, 1, time.Time{}); err != nil {
		return err
	}
	if s.first, err = s.fleet.Census(); err != nil {
		return err
	}
	return s.letPlay(ctx)
}

// swap makes one version after the other.
func (s *show) swap(ctx context.Context) error {
	for i, e := range edits.Versions {
		if err := s.makeVersion(ctx, fmt.Sprintf("1.0.%d", i+1), e); err != nil {
			return err
		}
	}
	return nil
}

// makeVersion makes an edit live, and returns when players see it.
func (s *show) makeVersion(ctx context.Context, version string, e edits.Edit) error {
	s.headline(version + ": " + e.Title)
	s.say("%s", e.Why)
	if err := e.Apply(s.tree()); err != nil {
		return err
	}
	if err := s.buildVersion(ctx, version); err != nil {
		return err
	}
	s.fleet.LongestWait()
	applied := time.Now()
	if err := s.gosplice(ctx, "apply", s.plugin(version), "--pid", s.pid()); err != nil {
		return err
	}
	if err := s.await(ctx, e.Rule, e.Version, applied); err != nil {
		return err
	}
	s.say("the players see it; nobody waited longer than %v", s.fleet.LongestWait().Round(10*time.Microsecond))
	return s.letPlay(ctx)
}

// goBack takes the last version back.
func (s *show) goBack(ctx context.Context) error {
	last := edits.Versions[len(edits.Versions)-1]
	s.headline("Back to 1.0.2")
	s.fleet.GoesBack(last.Rule, last.Version-1)
	back := time.Now()
	if err := s.gosplice(ctx, "rollback", "--chain", "game", "--pid", s.pid()); err != nil {
		return err
	}
	if err := s.await(ctx, last.Rule, last.Version-1, back); err != nil {
		return err
	}
	s.say("the players see it")
	return s.letPlay(ctx)
}

// refuseUnfit tries a version that does not fit the program's memory, past the check of the build too.
func (s *show) refuseUnfit(ctx context.Context) error {
	s.headline("1.0.4, refused: " + edits.Unfit.Title)
	s.say("%s", edits.Unfit.Why)
	if err := edits.Unfit.Apply(s.tree()); err != nil {
		return err
	}
	if err := s.refused(ctx, s.buildCommand("1.0.4")...); err != nil {
		return err
	}
	s.say("and if it is built without a look at the program:")
	if err := s.gosplice(ctx, withoutHost(s.buildCommand("1.0.4"))...); err != nil {
		return err
	}
	if err := s.refused(ctx, "apply", s.plugin("1.0.4"), "--pid", s.pid()); err != nil {
		return err
	}
	if err := edits.Undo(edits.Unfit).Apply(s.tree()); err != nil {
		return err
	}
	return s.letPlay(ctx)
}

// refuseFaulty tries a version whose entry says no, mends it, and tries again.
func (s *show) refuseFaulty(ctx context.Context) error {
	s.headline("1.0.4, refused: " + edits.Faulty.Title)
	s.say("%s", edits.Faulty.Why)
	if err := edits.Faulty.Apply(s.tree()); err != nil {
		return err
	}
	if err := s.buildVersion(ctx, "1.0.4"); err != nil {
		return err
	}
	if err := s.fails(ctx, 1, "apply", s.plugin("1.0.4"), "--pid", s.pid()); err != nil {
		return err
	}
	if err := s.letPlay(ctx); err != nil {
		return err
	}
	chat := edits.Versions[len(edits.Versions)-1]
	mended := edits.Undo(edits.Faulty)
	mended.Why = "mended, and built again under the same number; with the chat of 1.0.3, which is still in the sources"
	mended.Rule, mended.Version = chat.Rule, chat.Version
	return s.makeVersion(ctx, "1.0.4", mended)
}

// seenWithin is how long it may take until a player sees a change.
const seenWithin = 20 * time.Second

// await returns when a player has got an answer by that version of a rule since a moment.
func (s *show) await(ctx context.Context, rule string, version int, since time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, seenWithin)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		for _, seen := range s.fleet.Sightings() {
			if seen.Rule == rule && seen.Version == version && seen.Last.After(since) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer came from version %d of the %s rule: %w", version, rule, ctx.Err())
		case <-s.fleet.Over():
			return s.gone()
		case <-tick.C:
		}
	}
}

// letPlay gives the players some time, and compares what the program counts with what they have.
func (s *show) letPlay(ctx context.Context) error {
	select {
	case <-time.After(s.play):
	case <-s.fleet.Over():
		return s.gone()
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := s.fleet.Census()
	return err
}

// gone says why there are no players any more.
func (s *show) gone() error {
	select {
	case <-s.server.Ended():
		return fmt.Errorf("the program has ended: %w\n%s", s.server.Stop(), s.server.Output())
	case <-time.After(time.Second):
		return fmt.Errorf("nobody plays any more: %q", s.fleet.Stats().Problems)
	}
}

func (s *show) headline(text string) { fmt.Fprintf(s.out, "\n%s\n", text) }

func (s *show) say(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(s.out, "   %s\n", strings.TrimRight(line, "\n"))
	}
}

func (s *show) path(name string) string { return filepath.Join(s.dir, name) }
func (s *show) tree() string            { return s.path("arena-chain") }
func (s *show) pid() string             { return fmt.Sprint(s.server.PID) }

func (s *show) plugin(version string) string {
	return s.path("game_" + strings.ReplaceAll(version, ".", "-") + ".so")
}
