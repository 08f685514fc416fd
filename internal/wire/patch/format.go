package patch

import "errors"

// A patch file, all numbers little-endian:
//
//	magic      8 bytes, "gosplice"
//	format     4 bytes, FormatVersion
//	head       length (4 bytes) and a Head as JSON
//	header     section: a Patch as JSON, without the fields tagged json:"-"
//	relocs     section: Patch.Relocs, see appendRelocs
//	image      section: Image.Bytes
//	seal       SHA-256 of everything before (32 bytes), then the kind of signature (1 byte),
//	           then for kind ed25519 the public key (32 bytes) and the signature (64 bytes)
//
// A section is the length stored (4 bytes), the length of its content (4 bytes), and the content
// compressed with DEFLATE. Nothing follows the seal.

// FormatVersion is the version of the file format that this package writes and reads.
const FormatVersion = 12

// relocKindBits is how many bits the kind of a relocation takes.
const relocKindBits = 4

const (
	magic        = "gosplice"
	preambleSize = len(magic) + 4
	sectionHead  = 8
	digestSize   = 32
)

// Kinds of signature.
const (
	unsigned      = 0
	signedEd25519 = 1
)

// Bounds on what a file may ask for, so that a hostile one can't exhaust memory.
const (
	// MaxImage is the greatest size of an image in memory, in bytes.
	MaxImage = 1 << 30
	// MaxFile is the greatest size of a patch file, in bytes.
	MaxFile = 256 << 20

	maxHead = 8 << 10 // bytes of JSON
	// The values of a header take 1 to 3 times as much memory as its JSON has bytes.
	memoryOfHeader = 6
	// DEFLATE can't expand more than this, so a longer content is a lie.
	maxExpansion = 1032
)

// The JSON of patches is 2 to 20 times as long as it is stored, relocations are twice as long. Images that are Far are
// mostly zero.
var (
	headerBound = bound{limit: 32 << 20, least: 64 << 10, expansion: 32}
	relocsBound = bound{limit: 64 << 20, least: 1 << 20, expansion: 16}
	imageBound  = bound{limit: MaxImage, least: 16 << 20, expansion: 128}
)

// ErrMalformed is wrapped by every error of Decode and Check.
var ErrMalformed = errors.New("malformed patch")
