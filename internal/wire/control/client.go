package control

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"time"
)

// Error is a request that did not end with Done.
type Error struct {
	Code    Code
	Reason  string
	Message string
	Detail  string
	Inside  []OldCode
}

func (e *Error) Error() string { return e.Message }

// Client is a connection to one program. It is not safe for concurrent use.
type Client struct {
	conn   net.Conn
	socket string
	who    Listener
	key    ed25519.PrivateKey // signs requests for changes, or nil
}

// Dial connects to the program that listens on socket. The context bounds connecting alone. The error is an
// *ImpostorError if another process listens there than the one that the socket is named after, or another user than the one whose
// directory it is in.
func Dial(ctx context.Context, socket string) (*Client, error) {
	conn, who, err := connect(func(path string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}, socket)
	if err != nil {
		return nil, err
	}
	return &Client{conn: conn, socket: socket, who: who}, nil
}

// Listener is who answers, as the kernel says; the zero value where it does not.
func (c *Client) Listener() Listener { return c.who }

// Close ends the connection. What was asked for goes on.
func (c *Client) Close() error { return c.conn.Close() }

// Hello asks which program it is. What it says of the process is what the kernel says, and of a program of another
// user it names no directory.
func (c *Client) Hello(ctx context.Context) (*Hello, error) {
	resp, err := c.ask(ctx, &Request{Verb: VerbHello})
	if err != nil {
		return nil, err
	}
	if resp.Hello == nil {
		return nil, fmt.Errorf("%w: hello without an answer", ErrNotMessage)
	}
	if err := c.who.correct(resp.Hello, c.socket); err != nil {
		return nil, err
	}
	return resp.Hello, nil
}

// Status asks what is applied.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	resp, err := c.ask(ctx, &Request{Verb: VerbStatus})
	if err != nil {
		return nil, err
	}
	if resp.Status == nil {
		return nil, fmt.Errorf("%w: status without an answer", ErrNotMessage)
	}
	if err := c.who.correct(&resp.Status.Hello, c.socket); err != nil {
		return nil, err
	}
	return resp.Status, nil
}

// Apply applies a patch file. When ctx ends first the program goes on with it; Status and Journal
// tell what became of it.
func (c *Client) Apply(ctx context.Context, file []byte, o SwitchOptions) (*Switched, error) {
	return c.change(ctx, &Request{Verb: VerbApply, Patch: file, SwitchOptions: o})
}

// Rollback goes back to version to, see Request.To.
func (c *Client) Rollback(ctx context.Context, to string, o SwitchOptions) (*Switched, error) {
	return c.change(ctx, &Request{Verb: VerbRollback, To: to, SwitchOptions: o})
}

// RollbackChain goes back to version to of a chain, see Request.Chain.
func (c *Client) RollbackChain(ctx context.Context, chain, to string, o SwitchOptions) (*Switched, error) {
	return c.change(ctx, &Request{Verb: VerbRollback, Chain: chain, To: to, SwitchOptions: o})
}

// Journal asks for the last requests, oldest first.
func (c *Client) Journal(ctx context.Context) ([]Entry, error) {
	resp, err := c.ask(ctx, &Request{Verb: VerbJournal})
	if err != nil {
		return nil, err
	}
	return resp.Journal, nil
}

func (c *Client) change(ctx context.Context, req *Request) (*Switched, error) {
	if err := c.authorise(ctx, req); err != nil {
		return nil, err
	}
	resp, err := c.ask(ctx, req)
	if err != nil {
		return nil, err
	}
	if resp.Switched == nil {
		return nil, fmt.Errorf("%w: %s without an answer", ErrNotMessage, req.Verb)
	}
	return resp.Switched, nil
}

// ask sends a request and returns the response, or an *Error if that is not Done.
func (c *Client) ask(ctx context.Context, req *Request) (*Response, error) {
	c.conn.SetDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	// An agent that refuses the connection answers before it reads, so a failed write may leave
	// an answer that says why.
	writeErr := WriteRequest(c.conn, req)
	resp, err := readResponse(c.conn, longestAnswer(req.Verb, c.who.Own()))
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, fmt.Errorf("%s: no answer: %w", req.Verb, ctx.Err())
	case err != nil && !errors.Is(err, ErrNotMessage) && writeErr != nil:
		return nil, fmt.Errorf("%s: the program closed the connection: %w", req.Verb, writeErr)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", req.Verb, err)
	}
	resp.show()
	if resp.Code != Done {
		return nil, &Error{resp.Code, resp.Reason, resp.Message, resp.Detail, resp.Inside}
	}
	return resp, nil
}
