// Package wire is the protocol between the arena and its clients: one JSON object a line,
// a Request from the client, then a Reply from the server, in order.
package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line that either side accepts, in bytes.
const MaxLine = 16 << 10

// ErrTooLong says that the other side sent a line longer than MaxLine. What follows on the
// connection can't be told apart any more, so it has to be closed.
var ErrTooLong = fmt.Errorf("line longer than %d bytes", MaxLine)

// BadLine is a line that is not the JSON expected. The next line may well be.
type BadLine struct{ Err error }

func (e *BadLine) Error() string { return "bad line: " + e.Err.Error() }
func (e *BadLine) Unwrap() error { return e.Err }

// Conn reads and writes messages on a connection. One goroutine may read while another
// writes.
type Conn struct {
	r *bufio.Reader
	w *bufio.Writer
}

// NewConn returns a Conn on top of rw.
func NewConn(rw io.ReadWriter) *Conn {
	return &Conn{bufio.NewReaderSize(rw, MaxLine), bufio.NewWriter(rw)}
}

// Read reads one message. Its errors are *BadLine, ErrTooLong, or what the connection says.
func Read[T any](c *Conn) (T, error) {
	var v T
	line, err := c.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return v, ErrTooLong
	}
	if err != nil {
		return v, err // also a last line without its end: it may be half a message
	}
	if err := json.Unmarshal(line, &v); err != nil {
		return v, &BadLine{err}
	}
	return v, nil
}

// Write writes one message. It is sent at the next Flush, or when the buffer is full.
func Write[T any](c *Conn, v T) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := c.w.Write(line); err != nil {
		return err
	}
	return c.w.WriteByte('\n')
}

// Flush sends what was written.
func (c *Conn) Flush() error { return c.w.Flush() }

// Waiting says whether another whole line was already received. A server that has more to
// answer need not flush yet.
func (c *Conn) Waiting() bool {
	received, _ := c.r.Peek(c.r.Buffered())
	return bytes.IndexByte(received, '\n') >= 0
}
