// Package watch is the development loop: it builds a program, starts it, and patches it whenever a
// source file is saved. The program is restarted only when an edit can't be applied, and only when it
// is asked to.
package watch

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/progress"
	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
)

// Options say what to watch.
type Options struct {
	// Command is how the program is built.
	Command *gotool.Command
	// Record says which of the flags the record needs to know of; see pipeline.RecordOptions.
	SourceFlags []string
	// Args are the arguments of the program.
	Args []string
	// Stdin is the standard input of the program; nil is none.
	Stdin *os.File
	// Keys are what the user types, in lines: an empty one restarts the program when that was offered,
	// "r" restarts it at any time. Nil when nobody types.
	Keys io.Reader
	// Loops has loops without an end compiled so that their bodies can be exchanged, see package loops.
	Loops bool
	// Restart restarts the program by itself when an edit does not take effect.
	Restart bool
	// Leave lets the program run on when the loop ends.
	Leave bool
	// Key signs the patches, if it is not nil.
	Key ed25519.PrivateKey
	// Dependencies may have other versions than the program was built with: those of Modules, or all if it is empty.
	Dependencies bool
	Modules      []string
	// Directives are those that stand in no source.
	Directives []edit.Directive

	Out      io.Writer // lines for the user
	Style    report.Style
	Width    int
	Verbose  bool
	Progress func() *progress.Line
}

// loop is one run of Run.
type loop struct {
	Options
	screen  screen
	space   *space
	sources *sources
	program *program // nil when none runs
	session *pipeline.Session
	live    live
	// offered says that the last save could not be applied, so that an empty line restarts the program.
	offered bool
	// keys are those that were pressed; single says that each counts at once.
	keys   <-chan key
	single bool
	// generation counts the builds.
	generation int
	// learning says that the session has something to do while nobody waits.
	learning bool
}

// Run builds, starts and patches the program until ctx ends or the process is told to hang up, and then
// stops it, unless it is to be left. An error says why the loop could not go on.
func Run(ctx context.Context, o Options) (err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGHUP)
	defer stop()
	l := &loop{Options: o, screen: screen{out: o.Out, style: o.Style, width: o.Width}}
	if l.space, err = openSpace(o.Command); err != nil {
		return err
	}
	defer func() {
		if end := l.end(); err == nil {
			err = end
		}
	}()
	if l.sources, err = newSources(o.Command); err != nil {
		return err
	}
	var restore func()
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	l.keys, l.single, restore = readKeys(o.Keys, quit)
	defer restore()
	if err := l.begin(ctx); err != nil {
		return ignoreCancelled(ctx, err)
	}
	return ignoreCancelled(ctx, l.run(ctx))
}

// ignoreCancelled leaves out the error that comes of being told to end.
func ignoreCancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, ctx.Err())) {
		return nil
	}
	return err
}

// run waits for saves, keys and the end of the program.
func (l *loop) run(ctx context.Context) error {
	keys := l.keys
	for ctx.Err() == nil {
		var err error
		select {
		case <-ctx.Done():
		case batch, ok := <-l.sources.batches:
			if !ok {
				return errors.New("the system reports no more changes of files: start gosplice watch again")
			}
			if l.sources.changed(batch) {
				err = l.save(ctx, batch.first)
				l.learning = true
			}
		case k, ok := <-keys:
			if !ok {
				keys = nil
				continue
			}
			err = l.press(ctx, k)
		case <-l.program.ending():
			l.programEnded()
		case path := <-l.program.found():
			l.program.path = path
		case <-l.idle():
			l.learning = l.session.Learn(ctx)
		case <-l.program.silent():
			l.screen.note("the program has not called gosplice.Start: saves can't be applied before it does")
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// idle is ready when the session has something to do.
func (l *loop) idle() <-chan struct{} {
	if !l.learning || l.session == nil {
		return nil
	}
	now := make(chan struct{})
	close(now)
	return now
}

// begin builds and starts the program. Sources that do not compile are no error: the next save tries
// again.
func (l *loop) begin(ctx context.Context) error {
	start := time.Now()
	built, err := l.build(ctx)
	if err != nil || built == nil {
		return err
	}
	l.screen.note("%s: %s in %s verified, built in %s", built.name,
		report.Plural(built.summary.Functions, "function"), report.Plural(built.summary.Packages, "package"), report.Duration(time.Since(start)))
	return l.start(built)
}

// start runs what was built.
func (l *loop) start(b *built) (err error) {
	if l.program, err = startProgram(b.binary, l.Options, l.space.environ); err != nil {
		return err
	}
	l.live = live{key: l.Key, verbose: l.Verbose, versions: map[contentID]string{}}
	l.offered = false
	hint := "Ctrl-C stops it"
	if l.Leave {
		hint = "Ctrl-C leaves it"
	}
	switch {
	case l.single:
		hint = "r restarts, ? for keys, " + hint
	case l.Keys != nil:
		hint = "r and Enter restarts it, " + hint
	}
	l.screen.note("pid %d takes every save; %s", l.program.pid, hint)
	return nil
}

// restart builds the program anew and starts it in place of the one that runs. When it does not compile the
// old one runs on.
func (l *loop) restart(ctx context.Context) error {
	start := time.Now()
	if l.program != nil { // whose lines a spinner would break
		l.screen.event(start, "building", l.screen.style.Dim, " the next one; the program runs on until then")
	}
	b, err := l.build(ctx)
	if err != nil || b == nil {
		return err
	}
	how := "restarted"
	if l.program == nil {
		how = "started again"
	}
	l.stopProgram(syscall.SIGTERM)
	l.screen.event(time.Now(), how, l.screen.style.Bold, " in "+report.Duration(time.Since(start))+", with new state")
	return l.start(b)
}

// programEnded says that the program is gone by itself.
func (l *loop) programEnded() {
	how := l.program.how()
	l.program = nil
	l.offered = true
	next := "the next save starts it again"
	if l.Keys != nil {
		next = "Enter or the next save starts it again"
	}
	l.screen.event(time.Now(), "the program ended", l.screen.style.Bold, ": "+how)
	l.screen.more(next)
}

// stopProgram stops the program, if it runs.
func (l *loop) stopProgram(with syscall.Signal) {
	if l.program == nil {
		return
	}
	if l.program.stop(with) {
		l.screen.note("the program did not end within %v: it was killed", endWithin)
	}
	l.program = nil
}

// end stops everything that the loop has started, and removes what it has written.
func (l *loop) end() error {
	if l.session != nil {
		l.session.Close()
	}
	if l.sources != nil {
		l.sources.close()
	}
	if l.Leave && l.program != nil {
		l.screen.note("pid %d runs on; gosplice patch --record %s makes patches for it", l.program.pid, l.space.record())
		return l.space.leave()
	}
	l.stopProgram(syscall.SIGINT)
	return l.space.remove()
}
