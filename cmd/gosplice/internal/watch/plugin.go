package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/report"
	"github.com/gosplice/gosplice/cmd/internal/build/chainbuild"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chains"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// PluginOptions say which plugin to watch.
type PluginOptions struct {
	// Build is how it is built; its version and file are chosen here.
	Build chainbuild.PluginOptions
	// Dial connects to the program that loads it.
	Dial func(context.Context) (*control.Client, error)

	Out   io.Writer // lines for the user
	Style report.Style
	Width int
}

// pluginLoop is one run of RunPlugin.
type pluginLoop struct {
	PluginOptions
	screen  screen
	sources *sources
	dir     string // of what is built
}

// RunPlugin builds a plugin and loads it into a running program, again with each save, until ctx ends. The
// program stays as it is then. An error says why the loop could not go on.
func RunPlugin(ctx context.Context, o PluginOptions) error {
	l := &pluginLoop{PluginOptions: o, screen: screen{out: o.Out, style: o.Style, width: o.Width}}
	var err error
	if l.dir, err = os.MkdirTemp("", "gosplice-watch-"); err != nil {
		return err
	}
	defer os.RemoveAll(l.dir)
	if l.sources, err = newSources(o.Build.Command); err != nil {
		return err
	}
	defer l.sources.close()
	if err := l.save(ctx, time.Now()); err != nil {
		return ignoreCancelled(ctx, err)
	}
	return ignoreCancelled(ctx, l.run(ctx))
}

func (l *pluginLoop) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case batch, ok := <-l.sources.batches:
			if !ok {
				return errors.New("the system reports no more changes of files: start gosplice plugin watch again")
			}
			if !l.sources.changed(batch) {
				continue
			}
			if err := l.save(ctx, batch.first); err != nil {
				return err
			}
		}
	}
}

// save brings the sources as they are now into the program. Only being told to end is an error: what
// does not work now may with the next save.
func (l *pluginLoop) save(ctx context.Context, at time.Time) error {
	version, err := l.bring(ctx)
	var wrong *gotool.CompileError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, chainbuild.ErrChanging):
		l.sources.again(at)
	case errors.As(err, &wrong):
		l.screen.event(at, "does not compile", l.screen.style.Red, "; the program runs on as it was")
		l.screen.compileError(wrong)
	case err != nil:
		l.screen.event(at, "not loaded", l.screen.style.Red, "; the program runs on as it was")
		l.screen.more(err.Error())
	default:
		l.screen.event(at, "live", l.screen.style.Green, fmt.Sprintf(" in %s: %s %s", report.Duration(time.Since(at)), l.Build.Chain, version))
		return nil
	}
	// The next save may be anywhere while it is not known what belongs to the plugin.
	if len(l.sources.read) == 0 {
		return l.sources.followAll()
	}
	return nil
}

// bring builds a plugin and loads it.
func (l *pluginLoop) bring(ctx context.Context) (version string, err error) {
	client, err := l.Dial(ctx)
	if err != nil {
		return "", err
	}
	defer client.Close()
	status, err := client.Status(ctx)
	if err != nil {
		return "", err
	}
	o := l.Build
	o.Version = next(status, o.Chain)
	command := *o.Command
	command.Out = filepath.Join(l.dir, "next.so")
	o.Command = &command
	plugin, err := chainbuild.BuildPlugin(ctx, o)
	if err != nil {
		return "", err
	}
	defer os.Remove(plugin.File)
	if err := l.sources.follow(plugin.Packages); err != nil {
		return "", err
	}
	file, err := os.ReadFile(plugin.File)
	if err != nil {
		return "", err
	}
	_, err = client.Apply(ctx, file, control.SwitchOptions{})
	return o.Version, err
}

// next is the version for the next save: higher than all that the program has.
func next(s *control.Status, chain string) string {
	last := ""
	for _, c := range s.Chains {
		if c.Name != chain {
			continue
		}
		for _, v := range c.Versions {
			if last == "" || chains.CompareVersions(v.Version, last) > 0 {
				last = v.Version
			}
		}
	}
	return chains.NextDev(last)
}
