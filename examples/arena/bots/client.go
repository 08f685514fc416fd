package bots

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gosplice/gosplice/examples/arena/wire"
)

// answerWithin is how long a bot waits for an answer before it counts the connection as lost.
const answerWithin = 15 * time.Second

// client is one connection, with one request under way at a time.
type client struct {
	conn net.Conn
	wire *wire.Conn
	seq  int64
}

func dial(ctx context.Context, addr string) (*client, error) {
	conn, err := (&net.Dialer{Timeout: answerWithin}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return &client{conn: conn, wire: wire.NewConn(conn)}, nil
}

// ask sends a request and waits for its answer. An error means that the connection is of no
// more use.
func (c *client) ask(req wire.Request) (wire.Reply, error) {
	c.seq++
	req.Seq = c.seq
	c.conn.SetDeadline(time.Now().Add(answerWithin))
	err := errors.Join(wire.Write(c.wire, req), c.wire.Flush())
	if err != nil {
		return wire.Reply{}, err
	}
	re, err := wire.Read[wire.Reply](c.wire)
	if err == nil && re.Seq != req.Seq {
		err = fmt.Errorf("the answer has number %d instead of %d", re.Seq, req.Seq)
	}
	return re, err
}

func (c *client) close() {
	if c != nil {
		c.conn.Close()
	}
}
