// Gosplice changes the code of a running Go program and keeps its state.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run())
}

// run runs the command line and returns the exit code.
func run() int {
	// A first interrupt ends the work in an orderly way, a second one ends the command.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	defer stop()
	return execute(ctx, newConsole(os.Stdout, os.Stderr), os.Args[1:])
}

// execute runs a command with its arguments, reports its error, and returns the exit code.
func execute(ctx context.Context, c *console, args []string) int {
	root := newRootCommand(c)
	root.SetArgs(args)
	return c.fail(root.ExecuteContext(ctx))
}
