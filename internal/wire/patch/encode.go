package patch

import (
	"bytes"
	"compress/flate"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Encode returns the patch file of p, signed with key if key is not nil, and sets p's Format, ID
// and Signer. A patch that Check refuses is not encoded. Equal patches give equal files when
// made by the same Go release.
func Encode(p *Patch, key ed25519.PrivateKey) ([]byte, error) {
	return encode(p, key, flate.BestCompression)
}

// EncodeLocal is Encode for a process on this machine: nothing is compressed, which takes longer than to send it. The ID is that of
// the bytes, so it is another one.
func EncodeLocal(p *Patch, key ed25519.PrivateKey) ([]byte, error) {
	return encode(p, key, flate.NoCompression)
}

func encode(p *Patch, key ed25519.PrivateKey, level int) ([]byte, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if key != nil && len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("signing key is %d bytes long, an ed25519 private key has %d", len(key), ed25519.PrivateKeySize)
	}
	header, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode header of patch: %w", err)
	}
	file := []byte(magic)
	file = binary.LittleEndian.AppendUint32(file, FormatVersion)
	if file, err = appendHead(file, p.head()); err != nil {
		return nil, err
	}
	for _, section := range []struct {
		name    string
		content []byte
		bound   bound
	}{
		{"header", header, headerBound},
		{"relocations", appendRelocs(nil, p.Relocs), relocsBound},
		{"image", p.Image.Bytes, imageBound},
	} {
		before := len(file)
		if len(section.content) > section.bound.limit {
			return nil, fmt.Errorf("%s of the patch has %d bytes, the limit is %d: split the edit", section.name, len(section.content), section.bound.limit)
		}
		file = appendSection(file, section.content, level)
		if len(section.content) > section.bound.most(len(file)-before-sectionHead) {
			file = appendSection(file[:before], section.content, flate.NoCompression) // it says the same thing over and over
		}
	}
	p.Format = FormatVersion
	file = appendSeal(file, p, key)
	if len(file) > MaxFile {
		return nil, fmt.Errorf("patch file has %d bytes, the limit is %d: split the edit", len(file), MaxFile)
	}
	return file, nil
}

// appendSection appends content as a section to file.
func appendSection(file, content []byte, level int) []byte {
	var stored bytes.Buffer
	w, err := flate.NewWriter(&stored, level)
	if err != nil {
		panic(err) // the level is a constant
	}
	// Writes to a bytes.Buffer do not fail.
	w.Write(content)
	w.Close()
	file = binary.LittleEndian.AppendUint32(file, uint32(stored.Len()))
	file = binary.LittleEndian.AppendUint32(file, uint32(len(content)))
	return append(file, stored.Bytes()...)
}

// appendRelocs appends relocs to b: for each one the distance from the offset of the one before
// and the kind as one varint (distance<<4 | kind), and for the kinds with a symbol its index as a
// second varint.
func appendRelocs(b []byte, relocs []Reloc) []byte {
	last := uint32(0)
	for _, r := range relocs {
		b = binary.AppendUvarint(b, uint64(r.Off-last)<<relocKindBits|uint64(r.Kind))
		if r.Kind.hasSymbol() {
			b = binary.AppendUvarint(b, uint64(r.Sym))
		}
		last = r.Off
	}
	return b
}

// appendSeal appends the digest and, if key is not nil, the signature. It sets p.ID and p.Signer.
func appendSeal(file []byte, p *Patch, key ed25519.PrivateKey) []byte {
	digest := sha256.Sum256(file)
	p.ID, p.Signer = hex.EncodeToString(digest[:]), nil
	file = append(file, digest[:]...)
	if key == nil {
		return append(file, unsigned)
	}
	p.Signer = key.Public().(ed25519.PublicKey)
	file = append(file, signedEd25519)
	file = append(file, p.Signer...)
	return append(file, ed25519.Sign(key, signedMessage(digest))...)
}

// signedMessage is what is signed: the digest, marked so that the signature can't be taken for
// one of anything else.
func signedMessage(digest [digestSize]byte) []byte {
	return append([]byte("gosplice patch file\x00"), digest[:]...)
}
