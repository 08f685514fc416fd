package control

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gosplice/gosplice/internal/wire/jsonsize"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// A message is a frame, the same in all versions of the protocol, numbers little-endian:
//
//	magic    4 bytes, "gspl"
//	length   4 bytes, of the JSON
//	length   4 bytes, of the payload
//	JSON     Request or Response
//	payload  Request.Patch
const (
	frameMagic = "gspl"
	frameHead  = 12

	maxRequest  = 64 << 10 // bytes of JSON
	maxResponse = 64 << 20
	maxForeign  = 16 << 20 // of the answers of other users' programs, which may be anything
	// Short names of functions take some 10 times as much memory as their JSON has bytes.
	memoryOfMessage = 16
	maxHello        = 64 << 10 // of the answer to hello, which is asked of everybody
)

// ErrNotMessage is wrapped by errors about bytes that are no message of this protocol.
var ErrNotMessage = errors.New("not a gosplice message")

// ReadRequest reads one request. The error is io.EOF when r ends before it begins, wraps
// ErrNotMessage when the bytes are not a request that can be understood, and is r's otherwise.
// Memory is taken as bytes arrive, not as they are announced.
func ReadRequest(r io.Reader) (*Request, error) {
	req := new(Request)
	payload, err := readFrame(r, req, maxRequest, patch.MaxFile, true)
	if err != nil {
		return nil, err
	}
	if req.Protocol != Protocol {
		return nil, fmt.Errorf("%w: the request has protocol %d, this program speaks %d: use the gosplice command of the release that the program links", ErrNotMessage, req.Protocol, Protocol)
	}
	req.Patch = payload
	return req, nil
}

// WriteRequest writes one request and sets its Protocol.
func WriteRequest(w io.Writer, req *Request) error {
	req.Protocol = Protocol
	return writeFrame(w, req, req.Patch)
}

// ReadResponse reads one response.
func ReadResponse(r io.Reader) (*Response, error) { return readResponse(r, maxResponse) }

// longestAnswer is how many bytes of JSON the answer to a verb may have.
func longestAnswer(verb Verb, own bool) uint32 {
	switch {
	case verb == VerbHello:
		return maxHello
	case !own:
		return maxForeign
	}
	return maxResponse
}

// readResponse reads a response of at most some bytes of JSON.
func readResponse(r io.Reader, most uint32) (*Response, error) {
	resp := new(Response)
	if _, err := readFrame(r, resp, most, 0, false); err != nil {
		return nil, err
	}
	if resp.Protocol != Protocol {
		return nil, fmt.Errorf("%w: the program speaks protocol %d, this command speaks %d: use the gosplice command of the release that the program links", ErrNotMessage, resp.Protocol, Protocol)
	}
	return resp, nil
}

// WriteResponse writes one response and sets its Protocol.
func WriteResponse(w io.Writer, resp *Response) error {
	resp.Protocol = Protocol
	return writeFrame(w, resp, nil)
}

func writeFrame(w io.Writer, message any, payload []byte) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	head := make([]byte, 0, frameHead+len(text))
	head = append(head, frameMagic...)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(payload)))
	if _, err := w.Write(append(head, text...)); err != nil {
		return err
	}
	if len(payload) == 0 {
		return nil
	}
	_, err = w.Write(payload)
	return err
}

// readFrame reads one frame into message and returns its payload. A strict reader refuses fields
// that it does not know: they may change what is asked.
func readFrame(r io.Reader, message any, maxJSON, maxPayload uint32, strict bool) ([]byte, error) {
	var head [frameHead]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if string(head[:len(frameMagic)]) != frameMagic {
		return nil, fmt.Errorf("%w: it begins with %q", ErrNotMessage, head[:len(frameMagic)])
	}
	length, payloadLength := binary.LittleEndian.Uint32(head[4:]), binary.LittleEndian.Uint32(head[8:])
	if length > maxJSON || payloadLength > maxPayload {
		return nil, fmt.Errorf("%w: it has %d and %d bytes, the limits are %d and %d", ErrNotMessage, length, payloadLength, maxJSON, maxPayload)
	}
	text, err := readArriving(r, length)
	if err != nil {
		return nil, err
	}
	if err := jsonsize.Check(text, message, memoryOfMessage); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotMessage, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(message); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotMessage, err)
	}
	return readArriving(r, payloadLength)
}

// readArriving reads n bytes and takes memory only as they come.
func readArriving(r io.Reader, n uint32) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return b.Bytes(), nil
}
