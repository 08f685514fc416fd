package patch

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Sealed is a patch file of which the digest and the signature are verified, and nothing else is read yet: who signed it is
// known before anything is decompressed. It refers to the file.
type Sealed struct {
	// ID and Signer are those of Patch.
	ID     string
	Signer []byte
	// Head is what the file says first, of what it holds.
	Head Head

	format                int
	header, relocs, image section
}

// Head is a part of a Patch that is stored for itself, so that a program can tell which patches are for it.
type Head struct {
	Program, BuildID        string
	GoVersion, GOOS, GOARCH string
	Version, Made           string
	// Image is Image.Size.
	Image uint64
}

// head is the head of p.
func (p *Patch) head() Head {
	r := &p.Release
	return Head{r.Program, r.BuildID, r.GoVersion, r.GOOS, r.GOARCH, p.Version, p.Made, p.Image.Size}
}

// Release is the release that the patch was made for, as far as the head says it.
func (h *Head) Release() *Release {
	return &Release{Program: h.Program, BuildID: h.BuildID, GoVersion: h.GoVersion, GOOS: h.GOOS, GOARCH: h.GOARCH}
}

// Label is the label of the patch.
func (s *Sealed) Label() string { return label(s.Head.Version, s.ID) }

// WithoutContent is s without the parts of the file that are not read yet, which need not stay in memory for the rest. It has no Patch.
func (s *Sealed) WithoutContent() *Sealed {
	return &Sealed{ID: s.ID, Signer: s.Signer, Head: s.Head, format: s.format}
}

// Open verifies the seal of a patch file. It takes no memory beyond the head. Errors wrap ErrMalformed.
func Open(file []byte) (*Sealed, error) {
	s, err := open(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return s, nil
}

func open(file []byte) (*Sealed, error) {
	if len(file) > MaxFile {
		return nil, fmt.Errorf("the file has %d bytes, the limit is %d", len(file), MaxFile)
	}
	if len(file) < preambleSize || string(file[:len(magic)]) != magic {
		return nil, fmt.Errorf("the file is not a patch file (it does not begin with %q)", magic)
	}
	s := &Sealed{format: int(binary.LittleEndian.Uint32(file[len(magic):]))}
	if s.format != FormatVersion {
		return nil, fmt.Errorf("the file has format %d, this program reads format %d: make the patch with the gosplice release that the program links", s.format, FormatVersion)
	}
	head, rest, err := cutHead(file[preambleSize:])
	if err != nil {
		return nil, err
	}
	for _, to := range []struct {
		section *section
		name    string
	}{{&s.header, "header"}, {&s.relocs, "relocations"}, {&s.image, "image"}} {
		if *to.section, rest, err = cutSection(rest, to.name); err != nil {
			return nil, err
		}
	}
	if err := s.openSeal(file[:len(file)-len(rest)], rest); err != nil {
		return nil, err
	}
	return s, s.Head.read(head)
}

// cutHead returns the text of the head at the start of b and what follows it.
func cutHead(b []byte) (text, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, fmt.Errorf("the file ends before its head")
	}
	size := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if size > maxHead || uint64(size) > uint64(len(b)) {
		return nil, nil, fmt.Errorf("the file has a head of %d bytes, the limit is %d, and %d follow", size, maxHead, len(b))
	}
	return b[:size], b[size:], nil
}

// appendHead appends a head to a file.
func appendHead(file []byte, h Head) ([]byte, error) {
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode head of patch: %w", err)
	}
	if len(text) > maxHead {
		return nil, fmt.Errorf("head of the patch has %d bytes, the limit is %d: give the version a shorter name", len(text), maxHead)
	}
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(text))), text...), nil
}

func (h *Head) read(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(h); err != nil {
		return fmt.Errorf("head: %w", err)
	}
	if d.InputOffset() != int64(len(text)) {
		return fmt.Errorf("head: text follows the JSON object")
	}
	for _, s := range []string{h.Program, h.BuildID, h.GoVersion, h.GOOS, h.GOARCH, h.Version, h.Made} {
		if err := checkString("head", s); err != nil {
			return err
		}
	}
	if h.Image > MaxImage {
		return fmt.Errorf("head: an image of %d bytes, the limit is %d", h.Image, MaxImage)
	}
	return nil
}

// openSeal verifies the seal of body and sets ID and Signer.
func (s *Sealed) openSeal(body, seal []byte) error {
	if len(seal) < digestSize+1 {
		return fmt.Errorf("the file ends within its seal")
	}
	digest := sha256.Sum256(body)
	if !bytes.Equal(digest[:], seal[:digestSize]) {
		return fmt.Errorf("the file was damaged: its content does not match its hash")
	}
	s.ID = hex.EncodeToString(digest[:])
	kind, signature := seal[digestSize], seal[digestSize+1:]
	switch {
	case kind == unsigned && len(signature) == 0:
		return nil
	case kind == signedEd25519 && len(signature) == ed25519.PublicKeySize+ed25519.SignatureSize:
		key := ed25519.PublicKey(signature[:ed25519.PublicKeySize])
		if !ed25519.Verify(key, signedMessage(digest), signature[ed25519.PublicKeySize:]) {
			return fmt.Errorf("the signature does not fit the file")
		}
		s.Signer = bytes.Clone(key)
		return nil
	}
	return fmt.Errorf("the signature has kind %d and %d bytes", kind, len(signature))
}
