package chainfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/gosplice/gosplice/internal/wire/jsonsize"
)

// A host holds its description as one string constant, which is found in the file by how it begins:
//
//	hostMagic, the length of the JSON and its SHA-256 in hexadecimal, each followed by a line end; the JSON
const hostMagic = "gosplice chain host, format 1\n"

// ErrNoHost says that a program holds no description of itself.
var ErrNoHost = errors.New("the program was not built by gosplice plugin host")

// Encode is the string to build into a host.
func (h *Host) Encode() (string, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return fmt.Sprintf("%s%08x\n%x\n%s", hostMagic, len(text), sum, text), nil
}

// ParseHost reads what Encode made. It has to be whole, with nothing behind it.
func ParseHost(s string) (*Host, error) {
	h, rest, err := cutHost([]byte(s))
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("the description of the host has %d bytes too many", len(rest))
	}
	return h, nil
}

const hostHead = len(hostMagic) + 8 + 1 + 2*sha256.Size + 1

// cutHost reads a description from the beginning of b.
func cutHost(b []byte) (*Host, []byte, error) {
	damaged := errors.New("the description of the host is damaged: build it again with gosplice plugin host")
	if len(b) < hostHead || string(b[:len(hostMagic)]) != hostMagic {
		return nil, nil, damaged
	}
	length, err := strconv.ParseUint(string(b[len(hostMagic):len(hostMagic)+8]), 16, 32)
	if err != nil || length > uint64(len(b)-hostHead) {
		return nil, nil, damaged
	}
	text := b[hostHead : hostHead+int(length)]
	sum := sha256.Sum256(text)
	if hex.EncodeToString(sum[:]) != string(b[hostHead-1-2*sha256.Size:hostHead-1]) {
		return nil, nil, damaged
	}
	h := new(Host)
	if err := jsonsize.Check(text, h, memoryOfManifest); err != nil {
		return nil, nil, fmt.Errorf("the description of the host: %w", err)
	}
	if err := json.Unmarshal(text, h); err != nil {
		return nil, nil, fmt.Errorf("the description of the host: %w", err)
	}
	return h, b[hostHead+int(length):], nil
}

// FindHost finds the description in the file of a host. The error is ErrNoHost when it holds none.
func FindHost(r io.ReaderAt, size int64) (*Host, error) {
	const window = 1 << 20
	tries := 0
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, size), window)
	for offset := int64(0); ; {
		b, err := in.Peek(window)
		if err != nil && err != io.EOF {
			return nil, err
		}
		if i := bytes.Index(b, []byte(hostMagic)); i >= 0 {
			if h, err := readHost(r, offset+int64(i)); err == nil {
				return h, nil
			}
			// The text of this package holds the magic as well, but not often.
			if tries++; tries == mostTries {
				return nil, ErrNoHost
			}
			i += len(hostMagic)
			in.Discard(i)
			offset += int64(i)
			continue
		}
		if len(b) < window {
			return nil, ErrNoHost
		}
		n, _ := in.Discard(window - len(hostMagic))
		offset += int64(n)
	}
}

// mostTries is how many descriptions of a host are tried, each of which may be long.
const mostTries = 16

func readHost(r io.ReaderAt, offset int64) (*Host, error) {
	b := make([]byte, hostHead)
	if _, err := r.ReadAt(b, offset); err != nil {
		return nil, err
	}
	length, err := strconv.ParseUint(string(b[len(hostMagic):len(hostMagic)+8]), 16, 32)
	if err != nil || length > maxManifest {
		return nil, errors.New("no length")
	}
	b = make([]byte, hostHead+int(length))
	if _, err := r.ReadAt(b, offset); err != nil {
		return nil, err
	}
	h, _, err := cutHost(b)
	return h, err
}
