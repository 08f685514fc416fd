// Package server lets players into a world over TCP.
package server

import (
	"context"
	"errors"
	"log"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// IdleLimit is how long a connection may be silent.
var IdleLimit = 5 * time.Minute

// World is what players are let into. The server knows nothing of the game.
type World[P Player] interface {
	Join(room, name string) (P, error)
	Leave(P)
	// Inspect answers wire.Inspect, which needs no player.
	Inspect(wire.Request) wire.Reply
	// Count sums up the rooms whose names begin with prefix.
	Count(prefix string) wire.Count
	// Wait returns when nothing moves any more, after all players have left.
	Wait()
}

// Player is somebody in a world.
type Player interface {
	Do(wire.Request) wire.Reply
}

// Server is one listening server.
type Server[P Player] struct {
	world World[P]

	mu       sync.Mutex
	closing  bool
	sessions map[*session[P]]bool
	running  sync.WaitGroup

	accepted, requests atomic.Int64
}

// New returns a server for a world.
func New[P Player](w World[P]) *Server[P] {
	return &Server[P]{world: w, sessions: map[*session[P]]bool{}}
}

// Requests is how many requests were answered.
func (s *Server[P]) Requests() int64 { return s.requests.Load() }

// Serve lets players in until ctx is done. Then every connection is closed after the request
// that it is at, and Serve returns when the last room is quiet.
func (s *Server[P]) Serve(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	err := s.accept(ln)
	s.close()
	s.running.Wait()
	s.world.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *Server[P]) accept(ln net.Listener) error {
	for {
		conn, err := ln.Accept()
		var temporary interface{ Temporary() bool }
		if errors.As(err, &temporary) && temporary.Temporary() {
			log.Print(err) // such as too many open files: others may leave
			time.Sleep(50 * time.Millisecond)
			continue
		}
		if err != nil {
			return err
		}
		s.accepted.Add(1)
		s.start(conn)
	}
}

// start serves a connection on a goroutine of its own.
func (s *Server[P]) start(conn net.Conn) {
	ses := newSession(s, conn)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		conn.Close()
		return
	}
	s.sessions[ses] = true
	s.running.Go(func() {
		ses.serve()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.sessions, ses)
	})
}

// close tells every session to end after the request that it is at.
func (s *Server[P]) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closing = true
	for ses := range s.sessions {
		ses.end()
	}
}
