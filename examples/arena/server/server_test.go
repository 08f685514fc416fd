package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena/game"
	"github.com/gosplice/gosplice/examples/arena/server"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// start runs a server until stop is called; stop returns when it has ended.
func start(t testing.TB) (addr string, stop func()) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.New(game.NewWorld()).Serve(ctx, ln) }()
	ended := false
	stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("server: %v", err)
		}
	}
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

// client is a connection that fails the test when the server does not answer.
type client struct {
	t    testing.TB
	conn net.Conn
	wire *wire.Conn
}

func dial(t testing.TB, addr string) *client {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return &client{t, conn, wire.NewConn(conn)}
}

func (c *client) send(raw string) {
	if _, err := io.WriteString(c.conn, raw); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) receive() wire.Reply {
	re, err := wire.Read[wire.Reply](c.wire)
	if err != nil {
		c.t.Fatal(err)
	}
	return re
}

func (c *client) ask(req wire.Request) wire.Reply {
	if err := errors.Join(wire.Write(c.wire, req), c.wire.Flush()); err != nil {
		c.t.Fatal(err)
	}
	return c.receive()
}

func (c *client) join(room, name string) wire.Reply {
	return c.ask(wire.Request{Op: wire.Join, Room: room, Name: name})
}

func TestRefusals(t *testing.T) {
	addr, _ := start(t)
	c := dial(t, addr)
	refused := func(req wire.Request, want string) {
		t.Helper()
		if re := c.ask(req); re.OK || re.Error != want {
			t.Errorf("%+v: OK %t, error %q; want %q", req, re.OK, re.Error, want)
		}
	}
	refused(wire.Request{Op: wire.Attack}, "join first")
	refused(wire.Request{Op: wire.Join, Room: "a b", Name: "x"}, "a name is 1 to 32 letters, digits and dashes")
	refused(wire.Request{Op: wire.Join, Room: "a", Name: ""}, "a name is 1 to 32 letters, digits and dashes")
	refused(wire.Request{Op: wire.Inspect, Weapon: "spoon"}, "no such weapon")
	if re := c.join("a", t.Name()); !re.OK {
		t.Fatal(re.Error)
	}
	refused(wire.Request{Op: wire.Join, Room: "a", Name: "other"}, "already in a room")
	refused(wire.Request{Op: "dance"}, "unknown op")
	refused(wire.Request{Op: wire.Use}, "bag is empty")
	refused(wire.Request{Op: wire.Equip, Weapon: "spoon"}, "no such weapon")
	refused(wire.Request{Op: wire.Say, Text: strings.Repeat("x", 121)}, "text is 1 to 120 bytes of UTF-8")
	refused(wire.Request{Op: wire.Say, Text: "  "}, "text is 1 to 120 bytes of UTF-8")
	for range game.BagSize {
		c.ask(wire.Request{Op: wire.Loot})
	}
	refused(wire.Request{Op: wire.Loot}, "bag is full")
	c2 := dial(t, addr)
	if re := c2.join("a", t.Name()); re.Error != "that name is already in the world" {
		t.Errorf("second player of one name: %+v", re)
	}
}

func TestPlayersLeave(t *testing.T) {
	addr, _ := start(t)
	watch := dial(t, addr)
	c := dial(t, addr)
	c.join("home", "alice-"+t.Name())
	c.ask(wire.Request{Op: wire.Attack})
	score := c.ask(wire.Request{Op: wire.Look}).State.Score
	c.conn.Close()
	for watch.ask(wire.Request{Op: wire.Census}).Count.Rooms != 0 {
		time.Sleep(time.Millisecond)
	}
	back := dial(t, addr).join("home", "alice-"+t.Name())
	if back.State.Score != score || score == 0 {
		t.Errorf("score %d after coming back, %d before", back.State.Score, score)
	}
}

func TestPipelining(t *testing.T) {
	addr, _ := start(t)
	c := dial(t, addr)
	c.join("p", "bob-"+t.Name())
	var many bytes.Buffer
	for range 500 {
		many.WriteString(`{"seq":7,"op":"look"}` + "\n" + "not json\n")
	}
	go c.send(many.String())
	for range 500 {
		if re := c.receive(); !re.OK || re.Seq != 7 {
			t.Fatalf("%+v", re)
		}
		if re := c.receive(); re.OK || !strings.HasPrefix(re.Error, "bad line") {
			t.Fatalf("%+v", re)
		}
	}
	c.send(`{"seq":8,"op":"look"}` + "\n" + `{"seq":9,`)
	if re := c.receive(); re.Seq != 8 {
		t.Fatalf("%+v: half a request holds back the answer to the one before", re)
	}
	c.send(`"op":"look"}` + "\n")
	if re := c.receive(); re.Seq != 9 {
		t.Fatalf("%+v", re)
	}
}

func TestLongLine(t *testing.T) {
	addr, _ := start(t)
	c := dial(t, addr)
	go io.WriteString(c.conn, strings.Repeat("x", 1<<20)+"\n")
	if re := c.receive(); re.OK || re.Error != wire.ErrTooLong.Error() {
		t.Errorf("%+v", re)
	}
	if _, err := wire.Read[wire.Reply](c.wire); err == nil {
		t.Error("the connection goes on after a line that was too long")
	}
}

func TestShutdown(t *testing.T) {
	addr, stop := start(t)
	var clients []*client
	for i := range 20 {
		c := dial(t, addr)
		c.join("s", t.Name()+"-"+string(rune('a'+i)))
		clients = append(clients, c)
	}
	stop()
	for _, c := range clients {
		if _, err := wire.Read[wire.Reply](c.wire); err == nil {
			t.Error("got an answer to no question")
		}
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("still listening")
	}
}
