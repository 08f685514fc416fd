package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/examples/arena/bots"
	"github.com/gosplice/gosplice/examples/arena/edits"
	"github.com/gosplice/gosplice/examples/arena/local"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// prepare copies the sources of the server into a directory of their own, builds it and records
// the release.
func (d *demo) prepare(ctx context.Context) error {
	from, err := checkout(ctx)
	if err != nil {
		return err
	}
	if d.dir, err = os.MkdirTemp("", "gosplice-demo-"); err != nil {
		return err
	}
	if inModuleCache(ctx, from) {
		// The program takes the library by a replace directive, as one that is edited, and the go command
		// takes no overlay for what it has downloaded.
		if err := os.CopyFS(d.library(), os.DirFS(from)); err != nil {
			return err
		}
		from = d.library()
	}
	if err := edits.Copy(d.tree(), from); err != nil {
		return err
	}
	if err := d.build(ctx); err != nil {
		return err
	}
	return d.makeRecord(ctx)
}

// build builds the server as anybody would: nothing about it is special.
func (d *demo) build(ctx context.Context) error {
	took, err := d.during("building the game server", func(pipeline.Progress) error {
		cmd := exec.CommandContext(ctx, "go", "build", "-o", d.binary(), ".")
		cmd.Dir = d.tree()
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("go build: %w: %s", err, strings.TrimSpace(string(out)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	size, err := os.Stat(d.binary())
	if err != nil {
		return err
	}
	d.step("built", "the server by go build, "+report.Bytes(size.Size()), took)
	return nil
}

func (d *demo) makeRecord(ctx context.Context) error {
	var summary *pipeline.RecordSummary
	took, err := d.during("recording the release", func(p pipeline.Progress) (err error) {
		summary, err = pipeline.MakeRecord(ctx, pipeline.RecordOptions{
			Binary: d.binary(), Dir: d.tree(), Out: d.record(), Progress: p,
		})
		return err
	})
	if err != nil {
		return err
	}
	d.step("recorded", fmt.Sprintf("the release: %s, %s of machine code match",
		report.Plural(summary.Functions, "function"), report.Bytes(summary.TextBytes)), took)
	return nil
}

// startServer starts the server and finds where it takes patches.
func (d *demo) startServer(ctx context.Context) (err error) {
	start := time.Now()
	if d.server, err = local.Start(ctx, d.binary()); err != nil {
		return err
	}
	if d.socket, err = control.FindPID(control.SearchDirs(), d.server.PID); err != nil {
		return err
	}
	d.step("started", fmt.Sprintf("process %d on %s", d.server.PID, d.server.Addr), time.Since(start))
	return nil
}

// letIn connects the players.
func (d *demo) letIn(ctx context.Context) error {
	took, err := d.during("connecting players", func(pipeline.Progress) (err error) {
		d.fleet, err = bots.Start(ctx, bots.Options{Addr: d.server.Addr, Bots: d.Players})
		return err
	})
	if err != nil {
		return err
	}
	d.step("playing", report.Plural(d.Players, "player")+", each on one connection, each checking every answer", took)
	return d.letPlay(ctx)
}

// during does work that may take long under a progress line, and measures it.
func (d *demo) during(what string, work func(pipeline.Progress) error) (time.Duration, error) {
	line := d.Progress()
	defer line.Stop()
	line.Step(what, 0, 0)
	start := time.Now()
	err := work(line.Step)
	return time.Since(start), err
}
