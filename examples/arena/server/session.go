package server

import (
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// session is one connection, with at most one player.
type session[P Player] struct {
	server *Server[P]
	conn   net.Conn
	wire   *wire.Conn
	ending atomic.Bool
	joined bool
	player P // once it has joined
}

func newSession[P Player](s *Server[P], conn net.Conn) *session[P] {
	return &session[P]{server: s, conn: conn, wire: wire.NewConn(conn)}
}

// end lets serve return when the request at hand is answered.
func (s *session[P]) end() {
	s.ending.Store(true)
	s.conn.SetReadDeadline(time.Now())
}

// serve answers requests until the connection ends.
func (s *session[P]) serve() {
	defer s.conn.Close()
	defer s.leave()
	for s.serveOne() == nil {
	}
	s.wire.Flush()
}

// serveOne reads one request and answers it. After an error there is no next one.
func (s *session[P]) serveOne() error {
	s.conn.SetDeadline(time.Now().Add(IdleLimit))
	if s.ending.Load() {
		return net.ErrClosed
	}
	req, err := wire.Read[wire.Request](s.wire)
	var bad *wire.BadLine
	var re wire.Reply
	switch {
	case err == nil:
		re = s.answer(req)
	case errors.As(err, &bad):
		re.Error = bad.Error()
	case errors.Is(err, wire.ErrTooLong):
		wire.Write(s.wire, wire.Reply{Error: err.Error()})
		return err
	default:
		return err
	}
	re.Seq = req.Seq
	s.server.requests.Add(1)
	if err := wire.Write(s.wire, re); err != nil {
		return err
	}
	if s.wire.Waiting() {
		return nil // flushed with a later reply
	}
	return s.wire.Flush()
}

func (s *session[P]) leave() {
	if s.joined {
		s.server.world.Leave(s.player)
	}
}

// answer does what a request asks for.
func (s *session[P]) answer(req wire.Request) wire.Reply {
	switch {
	case req.Op == wire.Inspect:
		return s.server.world.Inspect(req)
	case req.Op == wire.Census:
		return s.census(req)
	case req.Op == wire.Join:
		return s.join(req)
	case !s.joined:
		return wire.Reply{Error: "join first"}
	}
	return s.player.Do(req)
}

func (s *session[P]) join(req wire.Request) wire.Reply {
	if s.joined {
		return wire.Reply{Error: "already in a room"}
	}
	p, err := s.server.world.Join(req.Room, req.Name)
	if err != nil {
		return wire.Reply{Error: err.Error()}
	}
	s.player, s.joined = p, true
	return p.Do(wire.Request{Op: wire.Look})
}

func (s *session[P]) census(req wire.Request) wire.Reply {
	c := s.server.world.Count(req.Room)
	c.Accepted = s.server.accepted.Load()
	c.Requests = s.server.requests.Load()
	return wire.Reply{OK: true, Count: &c}
}
