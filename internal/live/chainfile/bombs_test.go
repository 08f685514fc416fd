package chainfile

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
)

// TestManifestThatTakesMemory: anybody can put a manifest behind a file, which is read before its signer is trusted.
func TestManifestThatTakesMemory(t *testing.T) {
	for _, item := range []string{"{},", `"",`} {
		manifestThatTakesMemory(t, item)
	}
}

func manifestThatTakesMemory(t *testing.T, item string) {
	text := []byte(`{"Shared":[` + strings.Repeat(item, maxManifest/3-100) + "{}]}")
	tail := binary.LittleEndian.AppendUint64(nil, 0)
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(text)))
	tail = binary.LittleEndian.AppendUint32(tail, format)
	digest := sha256.Sum256(append(bytes.Clone(text), tail...))
	file := append(append(text, make([]byte, ed25519.PublicKeySize+ed25519.SignatureSize)...), digest[:]...)
	file = append(append(file, tail...), magic...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := read(file)
	runtime.ReadMemStats(&after)
	if taken := int(after.TotalAlloc - before.TotalAlloc); !errors.Is(err, ErrMalformed) || taken > 3*len(file) {
		t.Errorf("a file of %d MB takes %d MB: %v", len(file)>>20, taken>>20, err)
	}
}

// reads counts the bytes that are read.
type reads struct {
	io.ReaderAt
	n int
}

func (r *reads) ReadAt(b []byte, off int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(b, off)
	r.n += n
	return n, err
}

// TestManyDescriptions: a program may begin a long description in many places, each of which has to be read as a whole.
func TestManyDescriptions(t *testing.T) {
	file := bytes.Repeat(fmt.Appendf(nil, "%s%08x\n%0*x\n", hostMagic, 8<<20, 2*sha256.Size, 0), 16<<20/hostHead)
	r := &reads{ReaderAt: bytes.NewReader(file)}
	if _, err := FindHost(r, int64(len(file))); !errors.Is(err, ErrNoHost) || r.n > 20*len(file) {
		t.Errorf("%d times as much is read as there is: %v", r.n/len(file), err)
	}
}
