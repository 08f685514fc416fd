package watch

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
)

// built is a program that was built and recorded.
type built struct {
	name, binary string
	summary      *pipeline.RecordSummary
}

// build builds and records the program and opens a session for its edits, in place of the one before. When
// the sources do not compile it says so and returns nil; all is as before then.
func (l *loop) build(ctx context.Context) (*built, error) {
	if l.program == nil && l.Progress != nil {
		line := l.Progress()
		defer line.Stop()
		line.Step("building", 0, 0)
	}
	for {
		before := l.sources.state()
		b, session, err := l.tryBuild(ctx)
		if err == nil {
			if l.session != nil {
				l.session.Close()
			}
			l.session, l.learning = session, true
			l.space.adopt(filepath.Dir(b.binary))
			return b, nil
		}
		var wrong *gotool.CompileError
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.As(err, &wrong):
			l.compileError(time.Now(), wrong)
			return nil, nil
		case before == l.sources.state():
			return nil, err
		}
		// Somebody wrote sources between compiling and recording: what was built is not what they say.
	}
}

// tryBuild is build without a second try.
func (l *loop) tryBuild(ctx context.Context) (*built, *pipeline.Session, error) {
	b := l.Command.Build()
	b.Loops = l.Loops
	packages, err := b.Resolve(ctx, "")
	if err != nil {
		return nil, nil, errors.Join(l.sources.followAll(), err)
	}
	if err := l.sources.follow(packages); err != nil {
		return nil, nil, err
	}
	l.generation++
	dir, err := l.space.next(l.generation)
	if err != nil {
		return nil, nil, err
	}
	out, err := b.Output(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	made := &built{name: filepath.Base(out), binary: filepath.Join(dir, filepath.Base(out))}
	if err := b.Compile(ctx, made.binary, nil, io.Discard); err != nil {
		return nil, nil, err
	}
	if made.summary, err = pipeline.MakeRecord(ctx, pipeline.RecordOptions{
		Binary: made.binary, Dir: l.Command.Dir, Package: l.Command.Packages, Flags: l.SourceFlags, Loops: l.Loops,
	}); err != nil {
		return nil, nil, err
	}
	session, err := pipeline.OpenSession(ctx, pipeline.PlanOptions{
		Record: made.summary.File, Dir: l.Command.Dir, Dependencies: l.Dependencies, Modules: l.Modules, Directives: l.Directives, Awaited: true,
	})
	if err != nil {
		return nil, nil, err
	}
	// The first plan reads what later ones find in memory. What it says of edits that were made meanwhile
	// comes again with the message about their files.
	plan, err := session.Plan(ctx)
	if err == nil {
		err = l.sources.follow(plan.Packages)
		plan.Close()
	}
	if err != nil && !errors.As(err, new(*gotool.CompileError)) && !errors.Is(err, pipeline.ErrChanging) {
		session.Close()
		return nil, nil, err
	}
	return made, session, nil
}
