package server_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/examples/arena/game"
	"github.com/gosplice/gosplice/examples/arena/server"
	"github.com/gosplice/gosplice/examples/arena/wire"
)

// pipes is a listener without a network, so that millions of connections use up no ports.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if conn, ok := <-p; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p pipes) dial() net.Conn {
	near, far := net.Pipe()
	p <- far
	return near
}

// FuzzServer sends anything to a server in which somebody plays. It must get one answer a line,
// and the player must not be disturbed.
func FuzzServer(f *testing.F) {
	f.Add([]byte(`{"seq":1,"op":"join","room":"fuzz","name":"fuzz"}` + "\n" + `{"op":"attack"}` + "\n"))
	f.Add([]byte(`{"op":"join","room":"fuzz","name":"f"}` + "\n" + `{"op":"hear","since":9223372036854775807}` + "\n"))
	f.Add([]byte(`{"op":"join","room":"fuzz","name":"f"}` + "\n" + `{"op":"hear","since":-9223372036854775808}` + "\n"))
	f.Add([]byte(`{"op":"inspect","weapon":"bow","armour":-9223372036854775808}` + "\n"))
	f.Add([]byte(`{"op":"census"}` + "\n[]\nnull\n\n\x00\n"))
	f.Add([]byte(strings.Repeat("[", 9000) + "\n"))
	f.Add([]byte(strings.Repeat("[", 20000) + "\n"))

	ln := make(pipes)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- server.New(game.NewWorld()).Serve(ctx, ln) }()
	f.Cleanup(func() { stop(); <-done })
	conn := ln.dial()
	player := &client{f, conn, wire.NewConn(conn)}
	player.join("fuzz", "player")

	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, want := send(ln.dial(), raw), lines(raw); got != want {
			t.Errorf("%d answers instead of %d", got, want)
		}
		player.t = t
		conn.SetDeadline(time.Now().Add(time.Minute))
		if re := player.ask(wire.Request{Seq: 5, Op: wire.Look}); !re.OK || re.Seq != 5 || re.State.HP != 100 {
			t.Errorf("the player gets %+v", re)
		}
	})
}

// send sends raw and a line that gets an answer of its own, and returns how many answers came
// before that, or before the server closed the connection.
func send(conn net.Conn, raw []byte) (answers int) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	go io.Copy(conn, io.MultiReader(bytes.NewReader(raw), strings.NewReader("\n"+`{"seq":-77,"op":"census"}`+"\n")))
	c := wire.NewConn(conn)
	for {
		re, err := wire.Read[wire.Reply](c)
		if err != nil || re.Seq == -77 && re.Count != nil {
			return answers
		}
		answers++
	}
}

// lines is how many answers raw should get, with the end of line that send adds. A line that is
// too long gets one, and ends the connection.
func lines(raw []byte) (n int) {
	for line := range bytes.SplitSeq(raw, []byte("\n")) {
		n++
		if len(line) >= wire.MaxLine {
			break
		}
	}
	return n
}
