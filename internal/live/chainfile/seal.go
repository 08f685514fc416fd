package chainfile

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/gosplice/gosplice/internal/live/chains"
	"github.com/gosplice/gosplice/internal/wire/jsonsize"
)

// What stands behind the plugin, numbers little-endian:
//
//	manifest   JSON
//	key        32 bytes, of the signature; zeros if there is none
//	signature  64 bytes, of signedMessage
//	digest     32 bytes, SHA-256 of everything up to the manifest's end, then of both lengths and the format
//	length     8 bytes, of the plugin
//	length     4 bytes, of the manifest
//	format     4 bytes
//	magic      8 bytes
const (
	magic  = chains.FileMagic
	format = 2 // in format 1 the lengths were not part of the digest: such files are refused

	sealSize    = ed25519.PublicKeySize + ed25519.SignatureSize + sha256.Size
	tailSize    = 8 + 4 + 4 + len(magic)
	maxManifest = 16 << 20
	// The values of a manifest take less than twice as much memory as its JSON has bytes.
	memoryOfManifest = 6
)

// Seal returns what to write behind a plugin of the given size, which it reads. The key signs it and
// may be nil.
func Seal(plugin io.Reader, m *Manifest, key ed25519.PrivateKey) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	hash := sha256.New()
	size, err := io.Copy(hash, plugin)
	if err != nil {
		return nil, err
	}
	if size+int64(len(text)) > MaxFile {
		return nil, fmt.Errorf("the plugin has %d bytes, the limit is %d: leave packages out of it", size, MaxFile)
	}
	hash.Write(text)
	tail := binary.LittleEndian.AppendUint64(nil, uint64(size))
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(text)))
	tail = binary.LittleEndian.AppendUint32(tail, format)
	hash.Write(tail)
	digest := hash.Sum(nil)

	out := bytes.NewBuffer(text)
	if key == nil {
		out.Write(make([]byte, ed25519.PublicKeySize+ed25519.SignatureSize))
	} else {
		out.Write(key.Public().(ed25519.PublicKey))
		out.Write(ed25519.Sign(key, signedMessage(digest)))
	}
	out.Write(digest)
	out.Write(append(tail, magic...))
	return out.Bytes(), nil
}

// signedMessage is what is signed: the digest, marked so that the signature can't be taken for one
// of anything else.
func signedMessage(digest []byte) []byte {
	return append([]byte("gosplice chain plugin 2\x00"), digest...)
}

// Read reads a plugin file and verifies that it is whole and that the signature, if it has one, is
// good. Whether its key counts, and whom the plugin fits, is for the caller to decide. Errors wrap
// ErrMalformed, or are the reader's.
func Read(r io.ReaderAt, size int64) (*File, error) {
	tail, pluginSize, manifestSize, err := readTail(r, size)
	if err != nil {
		return nil, err
	}
	text := make([]byte, manifestSize)
	if err := readAt(r, text, pluginSize); err != nil {
		return nil, err
	}
	seal := make([]byte, sealSize)
	if err := readAt(r, seal, pluginSize+manifestSize); err != nil {
		return nil, err
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, io.NewSectionReader(r, 0, pluginSize)); err != nil {
		return nil, err
	}
	hash.Write(text)
	hash.Write(tail[:tailSize-len(magic)])
	digest := hash.Sum(nil)
	if !bytes.Equal(digest, seal[sealSize-sha256.Size:]) {
		return nil, malformed("its content is not what was built: it was damaged on the way, copy it again")
	}
	f := &File{ID: hex.EncodeToString(digest), Plugin: pluginSize}
	if f.Signer, err = signer(seal, digest); err != nil {
		return nil, err
	}
	if err := jsonsize.Check(text, &f.Manifest, memoryOfManifest); err != nil {
		return nil, malformed("its manifest: %v", err)
	}
	if err := json.Unmarshal(text, &f.Manifest); err != nil {
		return nil, malformed("its manifest can't be read: %v", err)
	}
	return f, f.check()
}

func readTail(r io.ReaderAt, size int64) (tail []byte, plugin, manifest int64, err error) {
	if size > MaxFile+maxManifest {
		return nil, 0, 0, malformed("it has %d bytes, the limit is %d", size, MaxFile)
	}
	if size < int64(tailSize+sealSize) {
		return nil, 0, 0, malformed("it has %d bytes: was it cut off?", size)
	}
	tail = make([]byte, tailSize)
	if err := readAt(r, tail, size-int64(tailSize)); err != nil {
		return nil, 0, 0, err
	}
	if string(tail[tailSize-len(magic):]) != magic {
		return nil, 0, 0, malformed("it has no manifest at its end: it was cut off, is still being copied, or gosplice plugin build did not make it")
	}
	if have := binary.LittleEndian.Uint32(tail[12:]); have != format {
		return nil, 0, 0, malformed("it has format %d, this program reads format %d: build it with the gosplice release that the program links", have, format)
	}
	plugin, manifest = int64(binary.LittleEndian.Uint64(tail)), int64(binary.LittleEndian.Uint32(tail[8:]))
	if plugin < 0 || plugin > size || plugin+manifest+int64(sealSize+tailSize) != size {
		return nil, 0, 0, malformed("it has %d bytes, and its parts %d: was it cut off?", size, plugin+manifest+int64(sealSize+tailSize))
	}
	if manifest > maxManifest {
		return nil, 0, 0, malformed("its manifest has %d bytes, the limit is %d", manifest, maxManifest)
	}
	return tail, plugin, manifest, nil
}

// readAt fills b. A file that became shorter is damaged.
func readAt(r io.ReaderAt, b []byte, offset int64) error {
	n, err := r.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	if err == io.EOF {
		return malformed("it ends at byte %d: it was cut off", offset+int64(n))
	}
	return err
}

// signer returns the key of a good signature, or nil when there is none.
func signer(seal, digest []byte) (ed25519.PublicKey, error) {
	key, signature := seal[:ed25519.PublicKeySize], seal[ed25519.PublicKeySize:][:ed25519.SignatureSize]
	if len(bytes.Trim(key, "\x00")) == 0 && len(bytes.Trim(signature, "\x00")) == 0 {
		return nil, nil
	}
	if !ed25519.Verify(key, signedMessage(digest), signature) {
		return nil, malformed("its signature is not one of the key that it names: sign it again")
	}
	return bytes.Clone(key), nil
}

func malformed(message string, args ...any) error {
	return fmt.Errorf("%w: "+message, append([]any{ErrMalformed}, args...)...)
}
