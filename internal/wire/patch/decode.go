package patch

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/gosplice/gosplice/internal/wire/jsonsize"
)

// Decode reads a patch file. It verifies the digest and the signature, if there is one, and then
// checks the patch; who may sign is for the caller to decide, by Patch.Signer. Errors wrap ErrMalformed.
func Decode(file []byte) (*Patch, error) {
	s, err := Open(file)
	if err != nil {
		return nil, err
	}
	return s.Patch()
}

// Patch reads what is in the file, and checks it. The memory that it takes is bounded by the size of the file, as what
// linkers make is, and by the size of the image that the head tells. Errors wrap ErrMalformed.
func (s *Sealed) Patch() (*Patch, error) {
	p, err := s.read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := p.Check(); err != nil {
		return nil, err
	}
	return p, nil
}

func (s *Sealed) read() (*Patch, error) {
	p := &Patch{Format: s.format, ID: s.ID, Signer: s.Signer}
	if err := p.readHeader(s.header); err != nil {
		return nil, err
	}
	if p.head() != s.Head {
		return nil, fmt.Errorf("the head says other things than the header")
	}
	var err error
	if p.Image.Bytes, err = s.image.content(min(int(s.Head.Image), imageBound.most(len(s.image.stored)))); err != nil {
		return nil, err
	}
	if err := p.readRelocs(s.relocs); err != nil {
		return nil, err
	}
	return p, nil
}

// section is one section, still compressed.
type section struct {
	name   string
	stored []byte
	size   int // of the content
}

// cutSection returns the section at the start of b and what follows it.
func cutSection(b []byte, name string) (section, []byte, error) {
	if len(b) < sectionHead {
		return section{}, nil, fmt.Errorf("the file ends before its %s", name)
	}
	stored, size := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
	b = b[sectionHead:]
	if uint64(stored) > uint64(len(b)) {
		return section{}, nil, fmt.Errorf("the file ends within its %s", name)
	}
	return section{name, b[:stored], int(size)}, b[stored:], nil
}

// content decompresses the section, which may have at most limit bytes.
func (s section) content(limit int) ([]byte, error) {
	if s.size > limit || s.size > maxExpansion*len(s.stored) {
		return nil, fmt.Errorf("%s claims %d bytes in %d", s.name, s.size, len(s.stored))
	}
	source := bytes.NewReader(s.stored)
	r := flate.NewReader(source)
	content := make([]byte, s.size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, fmt.Errorf("decompress %s: %w", s.name, err)
	}
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF || source.Len() != 0 {
		return nil, fmt.Errorf("%s is longer than it claims", s.name)
	}
	return content, nil
}

// bound is how many bytes a section may have for those in which they are stored: least in any case, and expansion times as
// many, up to limit. What linkers make is compressed less than that, or else it is stored as it is.
type bound struct{ limit, least, expansion int }

func (b bound) most(stored int) int { return min(b.limit, max(b.least, b.expansion*stored)) }

// readHeader sets the fields that the header holds.
func (p *Patch) readHeader(s section) error {
	text, err := s.content(headerBound.most(len(s.stored)))
	if err != nil {
		return err
	}
	if err := jsonsize.Check(text, p, memoryOfHeader); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	// A field that this release does not know may be one that it must not ignore.
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if d.InputOffset() != int64(len(text)) {
		return fmt.Errorf("header: text follows the JSON object")
	}
	return nil
}

// readRelocs sets Relocs. It is the inverse of appendRelocs. Image.Bytes must be set: it bounds
// how many there can be.
func (p *Patch) readRelocs(s section) error {
	b, err := s.content(min(relocsBound.most(len(s.stored)), 4*len(p.Image.Bytes))) // one for each 4 bytes at most, of 10 bytes and mostly of 2
	if err != nil {
		return err
	}
	last := uint64(0)
	for len(b) > 0 {
		var r Reloc
		var step uint64
		if step, b, err = cutUvarint(b); err != nil {
			return err
		}
		last += step >> relocKindBits
		if last > math.MaxUint32 || step>>relocKindBits > math.MaxUint32 {
			return fmt.Errorf("relocation %d is outside the image", len(p.Relocs))
		}
		r.Off, r.Kind = uint32(last), RelocKind(step&(1<<relocKindBits-1))
		if r.Kind.hasSymbol() {
			var sym uint64
			if sym, b, err = cutUvarint(b); err != nil {
				return err
			}
			if sym > math.MaxUint32 {
				return fmt.Errorf("relocation %d refers to symbol %d", len(p.Relocs), sym)
			}
			r.Sym = uint32(sym)
		}
		if len(p.Relocs) >= len(p.Image.Bytes)/4 {
			return fmt.Errorf("more relocations than the image has room for")
		}
		p.Relocs = append(p.Relocs, r)
	}
	return nil
}

// cutUvarint returns the varint at the start of b and what follows it.
func cutUvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, fmt.Errorf("relocations end within a number")
	}
	return v, b[n:], nil
}
