package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/pipeline"
	"github.com/gosplice/gosplice/internal/live/chainfile"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// The exit codes. They are documented: programs rely on them.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitRefused = 3
	exitNothing = 4
)

// usageError says that the command line makes no sense.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usageErrorf(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// usageOf makes an error about the arguments of a command one of usage that says where to read on.
func usageOf(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return usageErrorf("%w; see %s --help", err, cmd.CommandPath())
}

// anyNumber is no limit on the number of arguments.
const anyNumber = math.MaxInt

// arguments checks the number of arguments. The first is the one that the usage line names.
func arguments(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageOf(cmd, fmt.Errorf("%s needs %s", cmd.Name(), strings.ReplaceAll(strings.Fields(cmd.Use)[1], "|", " or ")))
		case len(args) > most:
			return usageOf(cmd, fmt.Errorf("%s has no use for %q", cmd.Name(), args[most]))
		}
		return nil
	}
}

// refusedError says that what was asked for is not safe or not supported. Nothing was touched.
type refusedError struct{ err error }

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

func refusedErrorf(format string, args ...any) error {
	return &refusedError{fmt.Errorf(format, args...)}
}

// nothingError says that there is nothing to do what was asked for with. Nothing is wrong.
type nothingError struct{ err error }

func (e *nothingError) Error() string { return e.err.Error() }
func (e *nothingError) Unwrap() error { return e.err }

// errReported is a refusal whose reasons were printed already.
var errReported error = &refusedError{errors.New("refused")}

// exitCode is the exit code of a command that ended with err.
func exitCode(err error) int {
	var (
		usage       *usageError
		nothing     *nothingError
		refused     *refusedError
		agent       *control.Error
		unsupported *gotool.UnsupportedError
		toolchain   *gotool.ToolchainError
		module      *pipeline.UnknownModuleError
		directive   *edit.UnmatchedError
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage), errors.As(err, &module), errors.As(err, &directive):
		return exitUsage
	case errors.As(err, &nothing), errors.Is(err, pipeline.ErrEmpty):
		return exitNothing
	case errors.As(err, &agent):
		return agent.Code.Exit()
	case errors.As(err, &refused), errors.As(err, &unsupported), errors.As(err, &toolchain), errors.Is(err, patch.ErrMalformed), errors.Is(err, chainfile.ErrMalformed), errors.Is(err, pipeline.ErrRefused):
		return exitRefused
	}
	return exitFailed
}

// detailer is an error that knows more than its one line.
type detailer interface{ Detail() string }

// details collects what the errors in the chain know more, outermost first.
func details(err error) []string {
	var found []string
	if d, ok := err.(detailer); ok && d.Detail() != "" {
		found = append(found, d.Detail())
	}
	if agent, ok := err.(*control.Error); ok && agent.Detail != "" {
		found = append(found, agent.Detail)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			found = append(found, details(inner)...)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			found = append(found, details(inner)...)
		}
	}
	// An error that formats itself with %+v says more there, such as where it came from.
	if _, ok := err.(fmt.Formatter); ok {
		if long := fmt.Sprintf("%+v", err); long != err.Error() {
			found = append(found, long)
		}
	}
	return found
}

// interrupted puts the end of a command by the user into words.
func interrupted(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}
