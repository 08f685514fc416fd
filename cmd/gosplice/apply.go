package main

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/gosplice/gosplice/cmd/gosplice/internal/progress"
	"github.com/gosplice/gosplice/internal/wire/control"
)

const applyLong = `Apply applies a patch file to a running program. All functions of the patch change in
one switch while the program stands still for a moment, most often well under a
millisecond, and what they replace is kept for gosplice rollback. Memory, connections
and goroutines stay as they are.

Goroutines that are inside a replaced function finish that call in the old code, and
their next call is new; how many and where is printed, and later by gosplice status.
--quiesce waits for an instant when none is inside, and switches only then; when it
gives up it lists who was inside, and who can never leave.

Some switches are safe only when old code was left, which the plan says (GS2017, GS2020).
They wait for that, 5 seconds or as long as --wait says, and give up otherwise; while
they wait the terminal shows who is inside. An interrupt ends a --wait.

The program is the only running one that the patch was made for, or the one that
--pid or --socket names; root is shown its user if that is not root. It checks the patch against its own memory, and refuses
what was made for another build.

A program that trusts keys runs what they signed in the order of making: a patch that
was made before one that has run is refused without --older, and where the program says
so (WithSignedRollback) without a request that is signed with a trusted --key.

A plugin of a chain (see gosplice plugin) is applied in the same way: its version becomes
the current one of its chain by one store, without a pause.

Exit codes: 0 applied, 1 failed and nothing has changed, 2 wrong usage, 3 refused and
nothing has changed.`

func newApplyCommand(c *console) *cobra.Command {
	var (
		t      target
		o      control.SwitchOptions
		key    string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "apply NAME.gsp|NAME.so [--pid N | --socket PATH] [--wait TIME]",
		Short: "Apply a patch or a plugin to a running program",
		Long:  applyLong,
		Example: `  gosplice apply server-1.4.2.gsp

  gosplice apply game_1-0-1.so

  # The plan says that it waits for callers (GS2017), and they take their time:
  gosplice apply server-1.4.2.gsp --wait 10m

  # One of several, and only when no goroutine is inside what changes:
  gosplice apply server-1.4.2.gsp --pid 4711 --quiesce 5s`,
		Args:              arguments(1, 1),
		ValidArgsFunction: completePatches,
		RunE: func(cmd *cobra.Command, args []string) error {
			file, w, err := readApplicable(args[0])
			if err != nil {
				return err
			}
			return change(c, cmd, &t, o, w, key, asJSON, "applying", func(ctx context.Context, client *control.Client) (*control.Switched, error) {
				return client.Apply(ctx, file, o)
			})
		},
	}
	t.addFlags(cmd)
	addSwitchFlags(cmd, &o, &key)
	cmd.Flags().BoolVar(&o.Older, "older", false, "apply a signed patch that was made before one that has run")
	cmd.Flags().DurationVar(&o.InitTimeout, "init-timeout", 0, "how long each new initialiser and each hook may run (default 30s)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// addSwitchFlags adds the wishes that apply and rollback share.
func addSwitchFlags(cmd *cobra.Command, o *control.SwitchOptions, key *string) {
	cmd.Flags().DurationVar(&o.Wait, "wait", 0, "how long to wait for goroutines that have to leave old code before a switch is safe (default 5s)")
	cmd.Flags().DurationVar(&o.Quiesce, "quiesce", 0, "switch only when no goroutine is inside a replaced function, waiting that long")
	cmd.Flags().StringVar(key, "key", "", "sign the request with this private key, for a program that goes back only so")
}

// change asks a program to switch and prints what came of it.
func change(c *console, cmd *cobra.Command, t *target, o control.SwitchOptions, w wanted, key string, asJSON bool, doing string,
	ask func(context.Context, *control.Client) (*control.Switched, error)) error {
	if o.Quiesce < 0 || o.Wait < 0 || o.InitTimeout < 0 {
		return usageOf(cmd, fmt.Errorf("a time to wait can't be negative"))
	}
	var private ed25519.PrivateKey
	if key != "" {
		var err error
		if private, err = readKey(key); err != nil {
			return err
		}
	}
	ctx := cmd.Context()
	client, hello, err := t.dial(ctx, w)
	if err != nil {
		return interrupted(err)
	}
	defer client.Close()
	client.SignWith(private)
	line := c.progress()
	line.Step(waiting(doing, o.Quiesce), 0, 0)
	done := make(chan struct{})
	if line != nil {
		go t.watchWaiting(ctx, hello.PID, line, done)
	}
	s, err := ask(ctx, client)
	close(done)
	line.Stop()
	if err != nil && o.Wait > 0 && interrupted(err) != err {
		return fmt.Errorf("interrupted: the program gives the switch up, unless it was being made at this moment: gosplice status tells")
	}
	if err != nil {
		return givenUp(err)
	}
	if asJSON {
		return c.json(switchedJSON{hello.PID, hello.UID, s})
	}
	showSwitched(c, hello, s)
	return nil
}

// watchWaiting shows on a progress line what the program is doing, and for whom it waits, until done is closed. The
// program may be too busy to say it, which is no error.
func (t *target) watchWaiting(ctx context.Context, pid int, line *progress.Line, done <-chan struct{}) {
	socket := t.socket
	if socket == "" {
		found, err := control.FindPID(control.SearchDirs(), pid)
		if err != nil {
			return
		}
		socket = found
	}
	client, err := control.Dial(ctx, socket)
	if err != nil {
		return
	}
	defer client.Close()
	for {
		select {
		case <-done:
			return
		case <-time.After(time.Second):
		}
		status, err := client.Status(ctx)
		if err != nil {
			return
		}
		if status.InProgress != "" {
			line.Step(status.InProgress, 0, 0)
		}
	}
}

// waiting says what takes long.
func waiting(doing string, quiesce time.Duration) string {
	if quiesce > 0 {
		return fmt.Sprintf("%s, waiting up to %s until no goroutine is inside", doing, quiesce)
	}
	return doing
}

// givenUp says what an interrupt means: the program goes on without the command.
func givenUp(err error) error {
	if interrupted(err) != err {
		return fmt.Errorf("interrupted, but the program goes on with it: gosplice status tells what became of it")
	}
	return err
}
