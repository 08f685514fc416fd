package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gosplice/gosplice/internal/wire/files"
)

const (
	// helloTimeout is how long Find waits for each program, findTimeout for all of them.
	helloTimeout = 500 * time.Millisecond
	findTimeout  = 5 * time.Second
	// atOnce is how many programs are asked at a time: anybody can make sockets for root to ask at.
	atOnce = 64
)

// Process is a program that can be patched, or the socket that one left behind.
type Process struct {
	PID    int
	Socket string
	// Hello is its answer, or nil when it gave none; Err then says why.
	Hello *Hello
	Err   error
}

// Find asks every program that listens in one of dirs who it is, and returns them by process ID. Directories that can't
// be read are left out.
func Find(ctx context.Context, dirs []string) []Process {
	found := inTurn(dirs)
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	var wait sync.WaitGroup
	free := make(chan bool, atOnce)
	for i := range found {
		free <- true
		wait.Go(func() {
			defer func() { <-free }()
			found[i].Hello, found[i].Err = hello(ctx, found[i].Socket)
		})
	}
	wait.Wait()
	slices.SortFunc(found, func(a, b Process) int {
		return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(a.Socket, b.Socket))
	})
	return found
}

// inTurn lists the sockets in dirs, one of each user's in turn: nobody's silent ones, in however many directories, keep those
// of others from being asked.
func inTurn(dirs []string) []Process {
	var users [][]Process
	number := map[int]int{} // of users, by ID
	for _, dir := range dirs {
		sockets, err := Sockets(dir)
		if err != nil {
			continue
		}
		owner := ownerOf(dir)
		i, known := number[owner]
		if !known {
			i = len(users)
			number[owner] = i
			users = append(users, nil)
		}
		for pid, socket := range sockets {
			users[i] = append(users[i], Process{PID: pid, Socket: socket})
		}
	}
	var turns []Process
	for round := 0; len(users) > 0; round++ {
		users = slices.DeleteFunc(users, func(of []Process) bool { return len(of) <= round })
		for _, of := range users {
			turns = append(turns, of[round])
		}
	}
	return turns
}

// ownerOf is whose a directory is, -1 if that is not known.
func ownerOf(dir string) int {
	if info, err := os.Stat(dir); err == nil {
		if owner, known := files.Owner(info); known {
			return owner
		}
	}
	return -1
}

func hello(ctx context.Context, socket string) (*Hello, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s was not asked: others took more than %v to answer", socket, findTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	c, err := Dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Hello(ctx)
}

// FindPID returns the socket of the program with the given process ID. Of several it is one at which that process listens, or
// else one at which nobody does; the error is an *ImpostorError if others do at all of them.
func FindPID(dirs []string, pid int) (string, error) {
	var impostor *ImpostorError
	dead := ""
	for _, dir := range dirs {
		socket, err := SocketPath(dir, pid)
		if err != nil {
			continue
		}
		if _, err := os.Lstat(socket); err != nil {
			continue
		}
		switch err := Listens(socket); {
		case err == nil:
			return socket, nil
		case !errors.As(err, &impostor) && dead == "":
			dead = socket
		}
	}
	switch {
	case dead != "":
		return dead, nil
	case impostor != nil:
		return "", impostor
	case len(dirs) == 0:
		return "", fmt.Errorf("process %d can't be reached: there is no directory of sockets that is yours: does it call gosplice.Start, as your user, and with the same GOSPLICE_SOCKETS?", pid)
	}
	return "", fmt.Errorf("process %d does not listen for patches in %s: does it call gosplice.Start, as your user?", pid, strings.Join(dirs, ", "))
}

// Listens reports whether the program listens on a socket that it is named after. It sends nothing.
func Listens(socket string) error {
	ctx, cancel := context.WithTimeout(context.Background(), helloTimeout)
	defer cancel()
	c, err := Dial(ctx, socket)
	if err == nil {
		c.Close()
	}
	return err
}
