package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// agent answers as a running program does.
type agent struct {
	hello  control.Hello
	answer control.Response // to everything but hello
	// answers come before answer, one after another; after the last one the connection is closed.
	answers  []control.Response
	requests []control.Request
}

// start makes the agent listen where commands look for programs, as if it were the process that it says it is.
func (a *agent) start(t *testing.T) {
	t.Helper()
	kernel := control.ListenerOf
	control.ListenerOf = func(conn net.Conn) (control.Listener, error) {
		pid, _ := control.SocketPID(filepath.Base(conn.RemoteAddr().String()))
		return control.Listener{PID: pid, UID: os.Geteuid(), Known: true}, nil
	}
	t.Cleanup(func() { control.ListenerOf = kernel })
	socket, err := control.SocketPath(control.DefaultDir(), a.hello.PID)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			a.serve(conn)
		}
	}()
}

// serve answers the requests of one connection.
func (a *agent) serve(conn net.Conn) {
	defer conn.Close()
	for {
		req, err := control.ReadRequest(conn)
		if err != nil {
			return
		}
		a.requests = append(a.requests, *req)
		answer := a.answer
		if a.answers != nil && req.Verb != control.VerbHello {
			if len(a.answers) == 0 {
				return
			}
			answer, a.answers = a.answers[0], a.answers[1:]
		}
		if req.Verb == control.VerbHello {
			answer = control.Response{Code: control.Done, Hello: &a.hello}
		}
		if control.WriteResponse(conn, &answer) != nil {
			return
		}
	}
}

// noPrograms hides the programs that run on this machine.
func noPrograms(t *testing.T) {
	t.Helper()
	// The path of a socket has to be short, which those of t.TempDir are not.
	dir, err := os.MkdirTemp("", "gs")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("GOSPLICE_SOCKETS", filepath.Join(dir, "gosplice"))
	if err := os.Mkdir(filepath.Join(dir, "gosplice"), 0o700); err != nil {
		t.Fatal(err)
	}
}

// program is a running program of release a/b/c/d.
func program(pid int) *agent {
	return &agent{hello: control.Hello{
		PID: pid, UID: os.Geteuid(), Program: "/srv/bin/server", Main: "example.org/server", BuildID: "a/b/c/d",
		GoVersion: "go1.26.8", GOOS: "linux", GOARCH: "amd64", Version: "release",
		Started: time.Now().Add(-3*time.Hour - time.Minute),
	}}
}

// socketOf is where a program listens.
func socketOf(t *testing.T, pid int) string {
	t.Helper()
	return filepath.Join(control.DefaultDir(), strconv.Itoa(pid)+".sock")
}
