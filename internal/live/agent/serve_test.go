package agent

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// testServer is an agent with a fakeEngine behind a real socket.
type testServer struct {
	*server
	process *testProcess
	socket  string
	said    *lockedBuffer // in the log
}

// lockedBuffer is a buffer for several goroutines.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func startTestServer(t testing.TB, o Options) *testServer {
	t.Helper()
	p := newTestProcess(t)
	log := new(lockedBuffer)
	o.Dir, o.Logger = shortDir(t), slog.New(slog.NewTextHandler(log, nil))
	s, err := newServer(o, p.patcher)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop() })
	return &testServer{s, p, s.listener.Addr().String(), log}
}

func (s *testServer) dial(t testing.TB) *control.Client {
	t.Helper()
	c, err := control.Dial(t.Context(), s.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func (s *testServer) connect(t testing.TB) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", s.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// errorOf returns the control.Error that err must be.
func errorOf(t *testing.T, err error) *control.Error {
	t.Helper()
	var e *control.Error
	if !errors.As(err, &e) {
		t.Fatalf("err = %v", err)
	}
	return e
}

func TestConversation(t *testing.T) {
	s := startTestServer(t, Options{})
	c := s.dial(t)
	ctx := t.Context()
	hello, err := c.Hello(ctx)
	if err != nil || hello.PID != os.Getpid() || hello.BuildID != testRelease().BuildID || hello.Version != "release" || hello.Program == "" {
		t.Fatalf("hello %+v, %v", hello, err)
	}
	done, err := c.Apply(ctx, testPatch{version: "1.4.2", functions: []string{"!A/s"}}.file(t), control.SwitchOptions{})
	if err != nil || done.To != "1.4.2" || done.Functions != 1 || done.Pause != 42 {
		t.Fatalf("apply %+v, %v", done, err)
	}
	status, err := c.Status(ctx)
	if err != nil || status.Version != "1.4.2" || len(status.Patches) != 1 || status.Patches[0].PID != os.Getpid() {
		t.Fatalf("status %+v, %v", status, err)
	}
	if _, err = c.Rollback(ctx, "9.9", control.SwitchOptions{}); errorOf(t, err).Code != control.Usage {
		t.Errorf("rollback to an unknown version: %v", err)
	}
	if done, err = c.Rollback(ctx, "", control.SwitchOptions{}); err != nil || done.To != "release" {
		t.Fatalf("rollback %+v, %v", done, err)
	}
	journal, err := c.Journal(ctx)
	if err != nil || len(journal) != 3 {
		t.Fatalf("journal %+v, %v", journal, err)
	}
	for i, want := range []control.Entry{
		{Verb: control.VerbApply, Version: "1.4.2", Code: control.Done},
		{Verb: control.VerbRollback, Code: control.Usage},
		{Verb: control.VerbRollback, Version: "release", Code: control.Done},
	} {
		got := journal[i]
		if got.Verb != want.Verb || got.Version != want.Version || got.Code != want.Code || got.UID != os.Geteuid() || got.PID != os.Getpid() || got.Message == "" {
			t.Errorf("journal %d: %+v", i, got)
		}
	}
	log := s.said.String()
	if strings.Count(log, "\n") != 3 || !strings.Contains(log, `level=INFO msg="gosplice: apply done" version=1.4.2`) || !strings.Contains(log, "level=WARN") {
		t.Errorf("log:\n%s", log)
	}
}

func TestUnknownVerb(t *testing.T) {
	s := startTestServer(t, Options{})
	conn := s.connect(t)
	if err := control.WriteRequest(conn, &control.Request{Verb: "explode"}); err != nil {
		t.Fatal(err)
	}
	resp, err := control.ReadResponse(conn)
	if err != nil || resp.Code != control.Usage {
		t.Errorf("response %+v, %v", resp, err)
	}
}

func TestGarbageConnections(t *testing.T) {
	s := startTestServer(t, Options{})
	var valid bytes.Buffer
	if err := control.WriteRequest(&valid, &control.Request{Verb: control.VerbApply, Patch: []byte("not a patch")}); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		garbage := make([]byte, random.IntN(300))
		for j := range garbage {
			garbage[j] = byte(random.Uint32())
		}
		if i%2 == 0 {
			garbage = bytes.Clone(valid.Bytes())
			garbage[random.IntN(len(garbage))] ^= 1 << random.IntN(8)
		}
		conn := s.connect(t)
		conn.Write(garbage)
		conn.Close()
	}
	conn := s.connect(t)
	conn.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	if resp, err := control.ReadResponse(conn); err != nil || resp.Code != control.Usage || resp.Reason != control.ReasonProtocol {
		t.Errorf("response to HTTP: %+v, %v", resp, err)
	}
	if _, err := s.dial(t).Hello(t.Context()); err != nil {
		t.Errorf("hello after garbage: %v", err)
	}
	if s.process.current() != nil {
		t.Error("garbage was applied")
	}
}

func TestHundredIdleConnections(t *testing.T) {
	s := startTestServer(t, Options{})
	for i := range 100 {
		conn := s.connect(t)
		if i%2 == 0 {
			conn.Write([]byte("gspl")) // and no more
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := s.dial(t).Apply(ctx, testPatch{version: "1", functions: []string{"!A/s"}}.file(t), control.SwitchOptions{}); err != nil {
		t.Errorf("apply beside idle connections: %v", err)
	}
}

func TestTooManyConnections(t *testing.T) {
	s := startTestServer(t, Options{})
	var conns []net.Conn
	for range maxConnections + 20 {
		conns = append(conns, s.connect(t))
	}
	last := conns[len(conns)-1]
	last.SetReadDeadline(time.Now().Add(5 * time.Second))
	if resp, err := control.ReadResponse(last); err != nil || resp.Code != control.Refused || resp.Reason != control.ReasonConnections {
		t.Errorf("connection over the limit: %+v, %v", resp, err)
	}
	_, err := s.dial(t).Apply(t.Context(), testPatch{version: "1", functions: []string{"!A/s"}}.file(t), control.SwitchOptions{})
	if got := errorOf(t, err); got.Reason != control.ReasonConnections {
		t.Errorf("apply over the limit: %+v", got)
	}
	for _, conn := range conns {
		conn.Close()
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		c := s.dial(t)
		_, err := c.Hello(t.Context())
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("hello after the others closed: %v", err)
		}
	}
}

func TestTwoClients(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := startTestServer(t, Options{Approve: func(Request) error {
		close(asked)
		<-answer
		return nil
	}})
	first := make(chan error)
	one, two := s.dial(t), s.dial(t)
	file := testPatch{version: "1", functions: []string{"!A/s"}}.file(t)
	go func() {
		_, err := one.Apply(t.Context(), file, control.SwitchOptions{})
		first <- err
	}()
	<-asked
	_, err := two.Apply(t.Context(), file, control.SwitchOptions{})
	if e := errorOf(t, err); e.Code != control.Refused || e.Reason != control.ReasonInProgress || e.Code.Exit() != 3 {
		t.Errorf("second client: %+v", e)
	}
	if status, err := two.Status(t.Context()); err != nil || status.InProgress != "apply 1" {
		t.Errorf("status %+v, %v", status, err)
	}
	close(answer)
	if err := <-first; err != nil {
		t.Errorf("first client: %v", err)
	}
	if done, err := two.Apply(t.Context(), file, control.SwitchOptions{}); err != nil || !done.Already {
		t.Errorf("second client later: %+v, %v", done, err)
	}
}

// waitFor waits until ok says yes.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 5000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%s did not happen", what)
}

func TestKilledClient(t *testing.T) {
	s := startTestServer(t, Options{})
	var request bytes.Buffer
	file := testPatch{version: "1", functions: []string{"!A/s"}}.file(t)
	if err := control.WriteRequest(&request, &control.Request{Verb: control.VerbApply, Patch: file}); err != nil {
		t.Fatal(err)
	}
	message := request.Bytes()
	for n := 1; n < len(message); n += 97 {
		conn := s.connect(t)
		conn.Write(message[:n])
		conn.Close()
	}
	waitFor(t, "the end of broken connections", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.conns) == 0
	})
	if got := s.process.engine.takeCalls(); got != "" || len(s.process.journal.list()) != 0 {
		t.Errorf("a request that is not complete did %s", got)
	}
	// Killed right after the last byte.
	conn := s.connect(t)
	conn.Write(message)
	conn.Close()
	waitFor(t, "the apply", func() bool { return len(s.process.journal.list()) == 1 })
	if entry := s.process.journal.list()[0]; entry.Code != control.Done {
		t.Errorf("journal %+v", entry)
	}
	s.process.runs("after the client died", map[string]int{"A": 1})
}

func TestClientGivesUp(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := startTestServer(t, Options{Approve: func(Request) error {
		close(asked)
		<-answer
		return nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	c := s.dial(t)
	if _, err := c.Apply(ctx, testPatch{version: "1", functions: []string{"!A/s"}}.file(t), control.SwitchOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	c.Close()
	close(answer)
	waitFor(t, "the apply", func() bool { return len(s.process.journal.list()) == 1 })
	s.process.runs("after the client left", map[string]int{"A": 1})
}

func TestPanicInAgent(t *testing.T) {
	s := startTestServer(t, Options{})
	s.process.arm = nil
	c := s.dial(t)
	_, err := c.Apply(t.Context(), testPatch{version: "1", functions: []string{"!A/s"}}.file(t), control.SwitchOptions{})
	if e := errorOf(t, err); e.Code != control.Failed || !strings.Contains(e.Message, "bug in gosplice") || !strings.Contains(e.Detail, "prepare") {
		t.Errorf("error %+v", e)
	}
	s.process.arm = s.process.engine.arm
	if _, err := c.Apply(t.Context(), testPatch{version: "1", functions: []string{"!A/s"}}.file(t), control.SwitchOptions{}); err != nil {
		t.Errorf("apply after a panic: %v", err)
	}
}

// TestPanicBesideARequest has the code panic that reads and writes messages, and in the second case
// also the one that logs it.
func TestPanicBesideARequest(t *testing.T) {
	for _, logger := range []*slog.Logger{nil, slog.New(brokenHandler{})} {
		s := startTestServer(t, Options{})
		s.server.logger = logger
		func() {
			defer s.server.outlive()
			panic("no JSON today")
		}()
		list := s.process.journal.list()
		if len(list) != 1 || !strings.Contains(list[0].Message, "no JSON today") || list[0].Code != control.Failed {
			t.Errorf("journal %+v", list)
		}
	}
}

// brokenHandler panics.
type brokenHandler struct{ slog.Handler }

func TestTurnAway(t *testing.T) {
	s := startTestServer(t, Options{})
	ours, theirs := net.Pipe()
	go s.turnAway(ours, peer{uid: 4242, pid: 5}, s.rules.mayAsk(peer{uid: 4242, pid: 5}))
	resp, err := control.ReadResponse(theirs)
	theirs.Close()
	if err != nil || resp.Code != control.Refused || resp.Reason != control.ReasonNotPermitted || !strings.Contains(resp.Message, "user 4242") {
		t.Errorf("response %+v, %v", resp, err)
	}
	if j := s.process.journal.list(); len(j) != 1 || j[0].UID != 4242 {
		t.Errorf("journal %+v", j)
	}
}

func TestStopGoesOnWithApply(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s := startTestServer(t, Options{Approve: func(Request) error {
		close(asked)
		<-answer
		return nil
	}})
	c := s.dial(t)
	ended := make(chan error)
	go func() {
		_, err := c.Apply(context.Background(), testPatch{version: "1", functions: []string{"!A/s"}}.file(t), control.SwitchOptions{})
		ended <- err
	}()
	<-asked
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err == nil {
		t.Error("the client got an answer from a stopped agent")
	}
	close(answer)
	waitFor(t, "the apply", func() bool { return len(s.process.journal.list()) == 1 })
	s.process.runs("after stop", map[string]int{"A": 1})
}

func TestJournalForgets(t *testing.T) {
	var j journal
	for i := range journalSize + 3 {
		j.add(control.Entry{PID: i})
	}
	list := j.list()
	if len(list) != journalSize || list[0].PID != 3 || list[journalSize-1].PID != journalSize+2 {
		t.Errorf("%d entries from %d to %d", len(list), list[0].PID, list[len(list)-1].PID)
	}
}

// TestTurnedAwayAreBounded: who may not ask fills neither the connections nor the journal.
func TestTurnedAwayAreBounded(t *testing.T) {
	s := startTestServer(t, Options{})
	err := s.rules.mayAsk(peer{uid: 4242, pid: 5})
	var ended sync.WaitGroup
	var waiting []net.Conn
	for range 5 * mostTurnedAway {
		ours, theirs := net.Pipe()
		ended.Go(func() { s.turnAway(ours, peer{uid: 4242, pid: 5}, err); ours.Close() })
		if resp, err := control.ReadResponse(theirs); err != nil || resp.Code != control.Refused {
			t.Fatalf("response %+v, %v", resp, err)
		}
		waiting = append(waiting, theirs)
	}
	s.server.away.mu.Lock()
	inside, untold := s.server.away.inside, s.server.away.untold
	s.server.away.mu.Unlock()
	if inside > mostTurnedAway || untold != 5*mostTurnedAway-1 {
		t.Errorf("%d are waited for, %d have no line", inside, untold)
	}
	for _, c := range waiting {
		c.Close()
	}
	ended.Wait()
	if j := s.process.journal.list(); len(j) != 1 {
		t.Errorf("%d lines in the journal", len(j))
	}
	if more, told := s.server.away.tell(time.Now().Add(tellAwayAfter)); !told || more != 5*mostTurnedAway-1 {
		t.Errorf("the next line is of %d more, %v", more, told)
	}
}
