package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/examples/arena/edits"
)

const module = "github.com/gosplice/gosplice"

// build builds the command, the program and the first version, all from a copy of the sources.
func (s *show) build(ctx context.Context) error {
	checkout, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return fmt.Errorf("the sources of %s are not here: run this in a checkout: %w", module, err)
	}
	from := strings.TrimSpace(string(checkout))
	if s.dir, err = os.MkdirTemp("", "arena-chain-"); err != nil {
		return err
	}
	if err := edits.CopyExample(s.tree(), from, "arena-chain"); err != nil {
		return err
	}
	s.headline("A thin program, and its logic as a plugin")
	s.say("the first build for plugins compiles the standard library anew, which can take a minute")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", s.path("gosplice"), "./cmd/gosplice")
	cmd.Dir = from
	endGently(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w: %s", err, out)
	}
	if err := s.gosplice(ctx, "plugin", "host", "-tags", "plugins", "-o", s.path("arena"), "."); err != nil {
		return err
	}
	return s.buildVersion(ctx, "1.0.0")
}

func (s *show) buildVersion(ctx context.Context, version string) error {
	return s.gosplice(ctx, s.buildCommand(version)...)
}

func (s *show) buildCommand(version string) []string {
	return []string{"plugin", "build", "--chain", "game", "--version", version, "--host", s.path("arena"), "-o", s.plugin(version), "./logic"}
}

// withoutHost leaves --host and its value out of a command.
func withoutHost(args []string) []string {
	i := slices.Index(args, "--host")
	return slices.Delete(slices.Clone(args), i, i+2)
}

// gosplice runs the command as a user would, in the copy, and shows what it says: of builds the first line.
func (s *show) gosplice(ctx context.Context, args ...string) error {
	out, err := s.command(ctx, args)
	if err != nil {
		return fmt.Errorf("gosplice %s: %w: %s", args[0], err, out)
	}
	if args[0] == "plugin" {
		out, _, _ = strings.Cut(out, "\n")
	}
	for line := range strings.Lines(out) {
		s.say("  %s", line)
	}
	return nil
}

// refused runs a command that has to be refused.
func (s *show) refused(ctx context.Context, args ...string) error { return s.fails(ctx, 3, args...) }

// fails runs a command that has to fail, and shows why it did.
func (s *show) fails(ctx context.Context, code int, args ...string) error {
	out, err := s.command(ctx, args)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != code {
		return fmt.Errorf("gosplice %s: ended with %v instead of exit code %d: %s", args[0], err, code, out)
	}
	s.say("  exit code %d: %s", code, strings.TrimSpace(out))
	return nil
}

// command shows a command and runs it.
func (s *show) command(ctx context.Context, args []string) (string, error) {
	shown := strings.ReplaceAll(strings.Join(args, " "), s.dir+string(filepath.Separator), "")
	s.say("$ gosplice %s", shown)
	cmd := exec.CommandContext(ctx, s.path("gosplice"), args...)
	cmd.Dir = s.tree()
	cmd.Env = append(os.Environ(), "GOWORK=off")
	endGently(cmd)
	out, err := cmd.CombinedOutput()
	return strings.ReplaceAll(string(out), s.dir+string(filepath.Separator), ""), err
}

// endGently lets a command remove its own temporary files when this one is interrupted.
func endGently(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
}
