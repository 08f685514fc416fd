package agent

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gosplice/gosplice/internal/live/chains"
	"github.com/gosplice/gosplice/internal/wire/control"
)

const (
	// requestTimeout is how long a connection may take for its next request, from the first
	// moment of waiting to the last byte.
	requestTimeout = 30 * time.Second
	// answerTimeout is how long it may take to read an answer.
	answerTimeout = 10 * time.Second
	// maxConnections may be open at a time; more are told so and closed.
	maxConnections = 256
)

// accept serves connections until the listener is closed.
func (s *server) accept() {
	defer close(s.stopped)
	for {
		conn, err := s.listener.AcceptUnix()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Such as too many open files: it may pass.
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if !s.track(conn) {
			// It fits into the buffer of a new connection, so this does not hold up the others.
			s.answer(conn, responseTo(refused(control.ReasonConnections, "%d connections to this program are open, more are not served: close some, or ask again in %v, when idle ones have ended", maxConnections, requestTimeout)))
			conn.Close()
			continue
		}
		go func() {
			defer s.forget(conn)
			defer s.outlive()
			s.serve(conn)
		}()
	}
}

// outlive is deferred where messages are read and written. That is code of the program too, encoding/json
// among it, which a patch may have broken: the program goes on without this connection, and says so.
func (s *server) outlive() {
	r := recover()
	if r == nil {
		return
	}
	defer func() { _ = recover() }() // saying so may need the same code
	s.note(control.Entry{Time: time.Now(), Verb: "connect"},
		failed("", "a connection was dropped because the code that reads and writes its messages panicked: %v: try gosplice rollback, and restart the program if it is not answered", r))
}

// serve answers the requests of one connection. A request is read as a whole before anything is
// done, and a connection that breaks stops nothing that was started.
func (s *server) serve(conn *net.UnixConn) {
	who, err := peerOf(conn)
	if err != nil {
		err = refused(control.ReasonNotPermitted, "it is not known who asks: %v", err)
	} else {
		err = s.rules.mayAsk(who)
	}
	if err != nil {
		s.uncount(conn)
		s.turnAway(conn, who, err)
		return
	}
	for {
		conn.SetReadDeadline(time.Now().Add(requestTimeout))
		req, err := control.ReadRequest(conn)
		if errors.Is(err, control.ErrNotMessage) {
			s.answer(conn, &control.Response{Code: control.Usage, Reason: control.ReasonProtocol, Message: err.Error()})
			return
		}
		if err != nil {
			return // closed, too slow or broken off
		}
		if err := s.rules.hears(who); err != nil {
			s.uncount(conn)
			s.turnAway(conn, who, err)
			return
		}
		if !s.answer(conn, s.handle(req, who)) {
			return
		}
	}
}

// answer sends a response and says whether that worked.
func (s *server) answer(w net.Conn, resp *control.Response) bool {
	w.SetWriteDeadline(time.Now().Add(answerTimeout))
	return control.WriteResponse(w, resp) == nil
}

// turnAway tells a peer that it may not ask, and notes it.
func (s *server) turnAway(conn net.Conn, who peer, err error) {
	now := time.Now()
	if more, told := s.away.tell(now); told {
		message := err
		if more > 0 {
			message = refused(control.ReasonNotPermitted, "%v; so were %d more since the last such line", err, more)
		}
		s.note(control.Entry{Time: now, UID: who.uid, PID: who.pid, Verb: "connect"}, message)
	}
	s.answer(conn, responseTo(err))
	if !s.away.enter() {
		return
	}
	defer s.away.leave()
	// What the peer sends is read, so that it gets the answer instead of a broken connection.
	conn.SetReadDeadline(time.Now().Add(time.Second))
	_, _ = io.CopyN(io.Discard, conn, 1<<20)
}

// turnedAway bounds what those who may not ask can use up: connections, and lines of the journal and the log.
type turnedAway struct {
	mu     sync.Mutex
	inside int
	last   time.Time
	untold int
}

const (
	// mostTurnedAway are waited for at a time, so that they get their answer.
	mostTurnedAway = 16
	// tellAwayAfter is the time between two lines about those who were turned away.
	tellAwayAfter = 10 * time.Second
)

// tell reports whether a line is due, and how many had none since the last one.
func (t *turnedAway) tell(now time.Time) (more int, due bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.last.IsZero() && now.Sub(t.last) < tellAwayAfter {
		t.untold++
		return 0, false
	}
	more, t.untold, t.last = t.untold, 0, now
	return more, true
}

func (t *turnedAway) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.inside >= mostTurnedAway {
		return false
	}
	t.inside++
	return true
}

func (t *turnedAway) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.inside--
}

// handle does what req asks for. A bug in doing so must not end the program.
func (s *server) handle(req *control.Request, who peer) (resp *control.Response) {
	defer func() {
		if r := recover(); r != nil {
			p := failed("", "the agent panicked, which is a bug in gosplice: %v: please report it with the detail", r)
			p.detail = string(debug.Stack())
			resp = responseTo(p)
		}
	}()
	switch req.Verb {
	case control.VerbHello:
		return &control.Response{Code: control.Done, Hello: s.describe(s.patcher.hello(s.started))}
	case control.VerbStatus:
		return &control.Response{Code: control.Done, Status: s.status()}
	case control.VerbJournal:
		return &control.Response{Code: control.Done, Journal: s.patcher.journal.list()}
	case control.VerbApply:
		return s.change(req, who, func(entry *control.Entry) (*control.Switched, error) {
			if chains.IsFile(req.Patch) {
				return s.applyPlugin(req, who, entry)
			}
			return s.patcher.apply(req.Patch, who, req, req.SwitchOptions, s.rules, entry)
		})
	case control.VerbRollback:
		return s.change(req, who, func(entry *control.Entry) (*control.Switched, error) {
			if c, err := s.chainToRollBack(req.Chain); c != nil || err != nil {
				return s.rollbackChain(c, err, req, who, entry)
			}
			return s.patcher.rollback(req.To, who, req, req.SwitchOptions, s.rules, entry)
		})
	}
	return responseTo(&problem{code: control.Usage, reason: control.ReasonProtocol, message: fmt.Sprintf("the request %.20q is not known", req.Verb)})
}

// change runs an apply or a rollback, and notes how it ended.
func (s *server) change(req *control.Request, who peer, do func(*control.Entry) (*control.Switched, error)) *control.Response {
	entry := control.Entry{Time: time.Now(), UID: who.uid, PID: who.pid, Verb: req.Verb}
	noted := false
	defer func() {
		if !noted {
			s.note(entry, failed("", "the agent panicked"))
		}
	}()
	done, err := do(&entry)
	entry.Took = time.Since(entry.Time)
	if err == nil {
		entry.Pause, entry.Message = done.Pause, done.Message
	}
	noted = true
	s.note(entry, err)
	if err != nil {
		return responseTo(err)
	}
	return &control.Response{Code: control.Done, Message: done.Message, Switched: done}
}

// note enters how a request ended into the journal and the program's log.
func (s *server) note(e control.Entry, err error) {
	e.Code = control.Done
	if err != nil {
		p := problemOf(err)
		e.Code, e.Reason, e.Message = p.code, p.reason, p.message
	}
	for _, word := range []*string{&e.Version, &e.ID, &e.Signer, &e.Chain, &e.Reason} {
		*word = bounded(*word, longestWord)
	}
	e.Message = bounded(e.Message, longestMessage)
	s.patcher.journal.add(e)
	logEntry(s.log(), e)
}

// log is where the program wants to read of what was done.
func (s *server) log() *slog.Logger {
	if s.logger == nil {
		return slog.Default()
	}
	return s.logger
}

func responseTo(err error) *control.Response {
	p := problemOf(err)
	return &control.Response{Code: p.code, Reason: bounded(p.reason, longestWord), Message: bounded(p.message, longestMessage), Detail: p.detail, Inside: p.inside}
}
