package control

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// helloTimeout is how long Find waits for each program.
const helloTimeout = 500 * time.Millisecond

// Process is a program that can be patched, or the socket that one left behind.
type Process struct {
	PID    int
	Socket string
	// Hello is its answer, or nil when it gave none; Err then says why.
	Hello *Hello
	Err   error
}

// Find asks every program that listens in one of dirs who it is, all at once, and returns them by
// process ID. Directories that can't be read are left out.
func Find(ctx context.Context, dirs []string) []Process {
	var found []Process
	for _, dir := range dirs {
		sockets, err := Sockets(dir)
		if err != nil {
			continue
		}
		for pid, socket := range sockets {
			found = append(found, Process{PID: pid, Socket: socket})
		}
	}
	var wait sync.WaitGroup
	for i := range found {
		wait.Add(1)
		go func() {
			defer wait.Done()
			found[i].Hello, found[i].Err = hello(ctx, found[i].Socket)
		}()
	}
	wait.Wait()
	slices.SortFunc(found, func(a, b Process) int {
		return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(a.Socket, b.Socket))
	})
	return found
}

func hello(ctx context.Context, socket string) (*Hello, error) {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	c, err := Dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Hello(ctx)
}

// FindPID returns the socket of the program with the given process ID.
func FindPID(dirs []string, pid int) (string, error) {
	for _, dir := range dirs {
		socket, err := SocketPath(dir, pid)
		if err != nil {
			continue
		}
		if _, err := os.Lstat(socket); err == nil {
			return socket, nil
		}
	}
	if len(dirs) == 0 {
		return "", fmt.Errorf("process %d can't be reached: there is no directory of sockets that is yours: does it call gosplice.Start, as your user, and with the same GOSPLICE_SOCKETS?", pid)
	}
	return "", fmt.Errorf("process %d does not listen for patches in %s: does it call gosplice.Start, as your user?", pid, strings.Join(dirs, ", "))
}
