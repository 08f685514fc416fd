package gotool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// run runs the go command and hands its output to read while it runs. What it says besides
// without failing goes to messages. Both may be nil.
func (b *Build) run(ctx context.Context, args []string, read func(io.Reader) error, messages io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.Dir
	cmd.Env = b.environ()
	// An interrupt lets the go command remove its temporary files.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr

	var readErr error
	if read != nil {
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := start(cmd); err != nil {
			return err
		}
		readErr = read(out)
		io.Copy(io.Discard, out) // so that the command can end
	} else if err := start(cmd); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return failure(b.Dir, args, stderr.String(), err)
	}
	if messages != nil {
		if _, err := messages.Write(stderr.Bytes()); err != nil {
			return err
		}
	}
	return readErr
}

// start starts the go command and says what to do when there is none.
func start(cmd *exec.Cmd) error {
	err := cmd.Start()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("no go command in PATH: install the Go release that built the program, https://go.dev/dl")
	}
	if err != nil {
		return fmt.Errorf("starting the go command: %w", err)
	}
	return nil
}

// output runs the go command and returns what it wrote, without space around it.
func (b *Build) output(ctx context.Context, args ...string) (string, error) {
	var out []byte
	err := b.run(ctx, args, func(r io.Reader) (err error) {
		out, err = io.ReadAll(r)
		return err
	}, nil)
	return strings.TrimSpace(string(out)), err
}
