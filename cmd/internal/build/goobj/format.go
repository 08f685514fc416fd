package goobj

// The object format is the one that the compiler marks with "\x00go120ld". It has been the same
// from Go 1.20 to 1.27; a release that changes it changes the magic, and is refused by it.
const magic = "\x00go120ld"

// Block numbers of an object's table of offsets.
const (
	blkAutolib = iota
	blkPkgIdx
	blkFile
	blkSymdef
	blkHashed64def
	blkHasheddef
	blkNonpkgdef
	blkNonpkgref
	blkRefFlags
	blkHash64
	blkHash
	blkRelocIdx
	blkAuxIdx
	blkDataIdx
	blkReloc
	blkAux
	blkData
	blkRefName
	blkEnd
	numBlocks
)

// Sizes in bytes of the fixed records.
const (
	headerSize   = 8 + 8 + 4 + 4*numBlocks
	stringSize   = 8
	symSize      = 8 + 2 + 1 + 1 + 1 + 4 + 4
	relocSize    = 4 + 1 + 2 + 8 + 8
	auxSize      = 1 + 8
	refFlagsSize = 8 + 1 + 1
	refNameSize  = 8 + 8
	hash64Size   = 8
	hashSize     = 16
)

// Package indexes with a special meaning, counted down from the largest.
const (
	pkgNone = 1<<31 - 1 - iota
	pkgHashed64
	pkgHashed
	pkgBuiltin
	pkgSelf
)

const objFromAssembly = 1 << 2

// Kind is the kind of a symbol's content.
type Kind uint8

// Kinds, as cmd/internal/objabi numbers them.
const (
	KindText       Kind = 1
	KindTextFIPS   Kind = 2
	KindRodata     Kind = 3
	KindRodataFIPS Kind = 4
	KindNoptrdata  Kind = 5
	KindNoptrFIPS  Kind = 6
	KindData       Kind = 7
	KindDataFIPS   Kind = 8
	KindBSS        Kind = 9
	KindNoptrBSS   Kind = 10
	KindTLSBSS     Kind = 11
	kindDwarfFirst Kind = 12
	KindCoverage   Kind = 23 // counters of -cover, zero at first
)

// IsText reports machine code.
func (k Kind) IsText() bool { return k == KindText || k == KindTextFIPS }

// IsRodata reports read-only data.
func (k Kind) IsRodata() bool { return k == KindRodata || k == KindRodataFIPS }

// IsVar reports data that the program may write.
func (k Kind) IsVar() bool { return k >= KindNoptrdata && k <= KindNoptrBSS }

// IsZero reports data without initial content.
func (k Kind) IsZero() bool { return k == KindBSS || k == KindNoptrBSS }

// HasPointers reports writable data that the garbage collector scans.
func (k Kind) HasPointers() bool { return k == KindData || k == KindDataFIPS || k == KindBSS }

// IsFIPS reports content that the FIPS 140 self-check covers.
func (k Kind) IsFIPS() bool {
	return k == KindTextFIPS || k == KindRodataFIPS || k == KindNoptrFIPS || k == KindDataFIPS
}

// IsDwarf reports debugging data.
func (k Kind) IsDwarf() bool { return k >= kindDwarfFirst }

// Flag bits of a symbol.
const (
	FlagDupok = 1 << iota
	FlagLocal
	FlagTypelink
	FlagLeaf
	FlagNoSplit
	FlagReflectMethod
	FlagGoType
)

// Flag2 bits of a symbol.
const (
	Flag2UsedInIface = 1 << iota
	Flag2Itab
	Flag2Dict
	Flag2PkgInit
	Flag2Linkname
	Flag2ABIWrapper
)

// RelocType is a relocation type; RelocWeak may be set on top of it.
type RelocType uint16

// Relocation types, as cmd/internal/objabi numbers them.
const (
	RAddr           RelocType = 1
	RAddrARM64      RelocType = 3
	RAddrOff        RelocType = 5
	RCall           RelocType = 7
	RCallARM64      RelocType = 9
	RCallInd        RelocType = 10
	RPCRel          RelocType = 14
	RTLSLE          RelocType = 15
	RTLSIE          RelocType = 16
	RUseType        RelocType = 22
	RUseIface       RelocType = 23
	RUseIfaceMethod RelocType = 24
	RUseNamedMethod RelocType = 25
	RMethodOff      RelocType = 26
	RKeep           RelocType = 27

	RARM64TLSLE       RelocType = 32
	RARM64TLSIE       RelocType = 33
	RARM64PCRelLDST8  RelocType = 37
	RARM64PCRelLDST64 RelocType = 40
)

// IsCall reports a call, or a jump to another function.
func (t RelocType) IsCall() bool { return t == RCall || t == RCallARM64 }

// IsPCRel reports code that computes an address, or reads or writes what is there.
func (t RelocType) IsPCRel() bool {
	return t == RPCRel || t == RAddrARM64 || t >= RARM64PCRelLDST8 && t <= RARM64PCRelLDST64
}

// IsTLS reports code that uses thread-local storage.
func (t RelocType) IsTLS() bool { return t == RTLSLE || t == RARM64TLSLE || t.IsTLSIE() }

// IsTLSIE reports code that loads an offset in thread-local storage from the global offset table, unless a linker writes
// the offset itself.
func (t RelocType) IsTLSIE() bool { return t == RTLSIE || t == RARM64TLSIE }

// inInstruction reports a relocation in the middle of instructions, the rest of which the object has.
func (t RelocType) inInstruction() bool {
	return t == RAddrARM64 || t == RCallARM64 || t >= RARM64TLSLE && t <= RARM64PCRelLDST64
}

// AuxType is the role of an auxiliary symbol.
type AuxType uint8

// Auxiliary symbol roles, as cmd/internal/goobj numbers them.
const (
	AuxGotype AuxType = iota
	AuxFuncInfo
	AuxFuncdata
	AuxDwarfInfo
	AuxDwarfLoc
	AuxDwarfRanges
	AuxDwarfLines
	AuxPcsp
	AuxPcfile
	AuxPcline
	AuxPcinline
	AuxPcdata
)

// ABI numbers. ABIStatic marks a symbol that is known by its name only inside its own object: see nameStatics.
const (
	ABI0        = 0
	ABIInternal = 1
	ABIStatic   = 0xffff
)
