// Package patch is the patch file: what it holds, how it is written, read and checked.
// It says nothing of how a patch is made. It is linked into programs that can be patched,
// so it uses the standard library alone.
//
// The fields with the tag json:"-" are kept in the file outside its JSON header; format.go
// describes the layout.
//
// All addresses of the host program ("host addresses") are absolute virtual addresses in
// the running program, but for programs that are position-independent: then they are those in the program's file, until
// Slide moves them. All other places are offsets from the start of the image.
package patch

import (
	"strings"

	"github.com/gosplice/gosplice/internal/wire/escape"
)

// Patch is one decoded patch file. A patch is cumulative: it holds everything that differs
// between a release and an edited source tree.
type Patch struct {
	// Format is the version of the file format. It is set by Encode and Decode.
	Format int `json:"-"`
	// Version is the label that the user gave, such as "1.4.2".
	Version string
	// Made is the time of making in RFC 3339, UTC.
	Made string
	// Release says which program, and which build of it, the patch was made for.
	Release Release
	// Runtime says where in the program the runtime's functions, variables and fields are.
	Runtime Runtime
	// Image is the machine code and data to be loaded, laid out for base address 0.
	Image Image
	// Relocs are the places in the image that depend on where it is loaded, by ascending offset.
	// They lie within Image.Bytes and do not overlap.
	Relocs []Reloc `json:"-"`
	// Symbols are the variables and types that the patch creates. One that an earlier patch
	// created with the same name and content is reused.
	Symbols []Symbol
	// Itabs are the interface tables that the image uses and the program does not have statically.
	Itabs []Itab
	// Fills are host words that the program's linker had left empty because nothing used them.
	Fills []Fill
	// FilledTypes are the host addresses of the types whose methods are among Fills.
	FilledTypes []uint64
	// MethodTables are the types of the program that gain methods.
	MethodTables []MethodTable `json:",omitempty"`
	// MethodUses are the places that depend on method tables, when there are MethodTables or Fills.
	MethodUses MethodUses
	// Inits are run in order before the switch, each at most once in the life of the process.
	Inits []Init
	// Resets are the variables that get their initial value in the switch.
	Resets []Reset `json:",omitempty"`
	// Hooks are functions that run at each apply, in order after Inits, or after going back.
	Hooks []Hook `json:",omitempty"`
	// Funcs are the functions in the image, by ascending offset.
	Funcs []Func
	// HostCalls are the calls in the image of functions of the host that are entered by calls alone.
	HostCalls []HostCall `json:",omitempty"`
	// Redirects are the functions of the host that the patch replaces.
	Redirects []Redirect
	// Left are the bodies of the host that the patch does not replace although they have code of what it changes: what
	// a go statement started, with the function that it calls inlined, is one.
	Left []Left `json:",omitempty"`
	// Keeps are the functions that do other things with their arguments than in the release, and those that are
	// new.
	Keeps []Keep `json:",omitempty"`
	// Waits are the bodies of the host that may hand memory of a stack to code of the patch which keeps it: no
	// goroutine may be inside at the switch to it.
	Waits []Wait `json:",omitempty"`
	// Confined are types that the patch lays out anew.
	Confined []Confined `json:",omitempty"`
	// Changes is the plan that the user saw.
	Changes []Change
	// Diff is what changed in the sources, as a unified diff, or empty.
	Diff string `json:",omitempty"`
	// ID is the SHA-256 of everything in the file before the seal, in hexadecimal, so it does not
	// depend on who signed. It is set by Encode and Decode.
	ID string `json:"-"`
	// Slid is how far Slide moved the host addresses, in bytes.
	Slid uint64 `json:"-"`
	// Signer is the ed25519 public key that signed the file, or nil. It is set by Decode,
	// after the signature was found good, and by Encode.
	Signer []byte `json:"-"`
}

// labelDigits is the number of digits of an ID that serve as the version of a patch without one.
const labelDigits = 12

// Label is the version that the patch is called by: the one that the user gave, or the first digits of the
// ID.
func (p *Patch) Label() string { return label(p.Version, p.ID) }

func label(version, id string) string {
	if version != "" {
		return version
	}
	return id[:min(len(id), labelDigits)]
}

// Release identifies a build of a program.
type Release struct {
	// BuildID is the Go build ID that the linker wrote into the program.
	BuildID string
	// Main is the import path of the main package, Program the file name of the binary.
	Main, Program string
	GoVersion     string
	GOOS, GOARCH  string
	// TextHash is the SHA-256 of the host memory [Text, Etext) before any patch, in hexadecimal.
	TextHash    string
	Text, Etext uint64
	// PositionIndependent programs are loaded at another address each time.
	PositionIndependent bool `json:",omitempty"`
}

// Runtime locates what the agent needs of the Go runtime. Func and Var hold host addresses
// by symbol name, Offset holds byte offsets by "struct.field".
type Runtime struct {
	Func   map[string]uint64
	Var    map[string]uint64
	Offset map[string]uint64
	// Rodata and Types are the bases that 32-bit type and name offsets count from.
	Types, Rodata uint64
}

// Image is one contiguous block: text (read, execute), then rodata (read), then data (read,
// write). Each part starts on a page boundary at the given offset.
type Image struct {
	// Bytes is the content; memory after len(Bytes) up to Size is zero.
	Bytes []byte `json:"-"`
	// Size is the length in memory, a multiple of the page size.
	Size uint64
	// TextSize is the length of the text part, a multiple of the page size.
	TextSize uint64
	// RodataOff and DataOff are where the two other parts start.
	RodataOff, DataOff uint64
	// TextEnd, RodataEnd and DataEnd are where the content of the parts ends. What lies between that and the next part is
	// alignment, for kernels with larger pages than most have. All are 0 where that is not known.
	TextEnd, RodataEnd, DataEnd uint64 `json:",omitempty"`
	// Moduledata is the offset of the runtime.moduledata of the image, in the data part.
	Moduledata uint64
	// NearLow and NearHigh bound the host addresses that the image must be able to reach with
	// 32-bit displacements. The image has to be loaded above NearLow.
	NearLow, NearHigh uint64
	// Far says that the image may be farther away than jumps lead. Its calls of the host go through veneers, code in
	// the image that goes on at any address; the functions to which Redirects lead begin at pages of 4 KB.
	Far bool `json:",omitempty"`
}

// Parts are the offsets of the content of text, rodata and data.
func (m *Image) Parts() [3][2]uint64 {
	ends := [3]uint64{m.TextEnd, m.RodataEnd, m.DataEnd}
	if ends == [3]uint64{} {
		ends = [3]uint64{m.TextSize, m.DataOff, m.Size}
	}
	return [3][2]uint64{{0, ends[0]}, {m.RodataOff, ends[1]}, {m.DataOff, ends[2]}}
}

// Memory is what the image takes, in bytes, where pages have a size: the pages that it has content in.
func (m *Image) Memory(pageSize uint64) uint64 {
	sum := uint64(0)
	for _, p := range m.Parts() {
		sum += (p[1] - p[0] + pageSize - 1) / pageSize * pageSize
	}
	return sum
}

// RelocKind says how the value at a place depends on addresses.
type RelocKind uint8

// The value stored in the image is the value for base 0 and for symbol address 0, in a program that is loaded at the
// addresses in its file. Where it is loaded elsewhere, displacements to host addresses and offsets from host bases
// change by that much too.
const (
	AddBase64    RelocKind = iota // 8 bytes: += base
	AddBase32                     // 4 bytes, an offset from a host base: += base, stays in 0..1<<31-1
	SubBase32                     // 4 bytes, a displacement to a host address: -= base
	AddSym64                      // 8 bytes: += address of Symbols[Sym]
	AddSym32                      // 4 bytes, an offset from a host base: += address of the symbol
	RelSym32                      // 4 bytes, a displacement: += address of the symbol - base
	AddSlide64                    // 8 bytes, a host address: += slide
	SubBaseARM64                  // 4 bytes, a branch or the ADRP of a pair that leads to a host address: -= base
	RelSymARM64                   // 8 bytes, ADRP and what uses its page: += address of the symbol - base
	NumRelocKinds
)

// Reloc is one place in the image to be adjusted when it is loaded.
type Reloc struct {
	Off  uint32
	Kind RelocKind
	Sym  uint32 // index into Symbols, for the Sym kinds
}

// Symbol is a variable or type that the patch creates and later patches share.
type Symbol struct {
	Name string
	// Kind is "var" or "type".
	Kind string
	// Hash is the content of a type, or the type and size of a variable. Two symbols of one name
	// with different hashes can't stand for each other.
	Hash string
	// Value identifies the initial value of a variable, if known.
	Value string `json:",omitempty"`
	Off   uint64
	Size  uint64
	// File and Line are where it is declared, if known.
	File string
	Line int
}

// Ref is an address: a host address, an image offset, or a shared symbol.
type Ref struct {
	// Kind is "host", "image" or "symbol".
	Kind  string
	Value uint64 // host address, image offset, or index into Symbols
}

// Itab asks for the interface table of a pair of types.
type Itab struct {
	Name string
	// Inter is the interface type, Type the concrete type.
	Inter, Type Ref
	// Slots are image offsets of 8-byte words that receive the table's address. They are in the
	// data part: the address is known only after the image was sealed and registered.
	Slots []uint64
}

// MethodTable is the method table that a type of the program has as long as the patch is in force: that of the
// program, and the new methods.
type MethodTable struct {
	// Name is the type's symbol, Type the host address of its description, and Head the size in bytes of what
	// comes before the place and length of the method table there.
	Name string
	Type uint64
	Head uint32
	// New is the image offset of Count new methods of 16 bytes, in order, Exported of which are exported.
	New      uint64
	Count    uint32
	Exported uint32
	// Table is the image offset, in the data part, of room for the whole table of Room methods.
	Table uint64
	Room  uint32
}

// MethodUses are places that depend on method tables.
type MethodUses struct {
	// Readers are the host functions in which no goroutine may be when a table is exchanged, ImageReaders
	// those of the image, as indices into Funcs.
	Readers      []Stale  `json:",omitempty"`
	ImageReaders []uint32 `json:",omitempty"`
	// Caches are the host words that lead to what type assertions remember, ImageCaches those of the image by
	// offset.
	Caches      []uint64 `json:",omitempty"`
	ImageCaches []uint64 `json:",omitempty"`
}

// Fill is a host word to be set before the switch. Such words are only ever filled, never
// cleared: the method that they lead to is the one that the full program would have had.
type Fill struct {
	Addr uint64
	// Size is 4 (an offset from Runtime base Base) or 8 (an address).
	Size int
	// Old is the value that must be there now, unless the new one is.
	Old  uint64
	To   Ref
	Base uint64
	Name string
}

// Init is code to be run once before the switch.
type Init struct {
	// Name is unique: "var pkg.name" or "package path".
	Name string
	// Vars are the indices of the shared symbols that it initialises. When all of them are reused
	// from an earlier patch it is not run.
	Vars []uint32
	// Value identifies what it runs beside initialisers of variables: the init functions of a package.
	Value string `json:",omitempty"`
	// After names the initialiser of a package that does the same: where an earlier patch has run that one,
	// it does not run again, and this one makes what the patch adds to the package.
	After string   `json:",omitempty"`
	Funcs []uint64 // image offsets, in order
	File  string
	Line  int
}

// Reset gives variables their initial value in the switch.
type Reset struct {
	// Name is unique: "pkg.name", or several names of one package.
	Name string
	// Value identifies the initial value, Release the one that the variables have in the release, which is
	// empty when the release does not reset them. A version with the same value resets nothing.
	Value   string
	Release string `json:",omitempty"`
	// Vars are the indices of the shared symbols that are reset, if all variables are such. Where the patch
	// creates them all, they have their initial value.
	Vars []uint32 `json:",omitempty"`
	// Func is the image offset of the function that makes the value. It leaves a function in the
	// variable at the image offset Swap, which exchanges the value with the variable's.
	Func, Swap uint64
	// Users are the functions of the host that are not to be interrupted in the middle while the value
	// is exchanged; Anywhere says that no code is.
	Users    []Stale `json:",omitempty"`
	Anywhere bool    `json:",omitempty"`
	// Wide says that a variable takes more than one instruction to read or write.
	Wide bool `json:",omitempty"`
	File string
	Line int
}

// Hook is a function that the source asks to be run.
type Hook struct {
	Name string // symbol name
	// Rollback says that it runs after going back from the patch, and not before the switch to it.
	Rollback bool `json:",omitempty"`
	// Error says that it returns an error.
	Error bool `json:",omitempty"`
	// Code identifies what it does: its code and that of what it calls. Empty means unknown.
	Code string `json:",omitempty"`
	Func uint64 // image offset
	File string
	Line int
}

// Func is a function in the image.
type Func struct {
	Name string // symbol name, unique together with ABI
	ABI  int    // 0 or 1
	Off  uint64
	Size uint64
	// Sig is a hash of what a caller must agree on: parameters, results, receiver, captures.
	// Empty means unknown: such a function is never entered by callers of another version.
	Sig string
	// Busy says which PCs conflict with writing a jump over the entry.
	Busy Busy
	// Flow is equal for bodies in which the same values flow the same ways, and empty where it is not known. Places
	// are where the body allocates on the heap.
	Flow   string        `json:",omitempty"`
	Places escape.Places `json:",omitempty"`
	// Callees are the functions of the image that the function calls directly, the closures that it makes, and the
	// methods of which it makes method values, as indices into Patch.Funcs; HostCallees are those of the host, as
	// offsets from Release.Text. Both are ascending.
	Callees     []uint32 `json:",omitempty"`
	HostCallees []uint32 `json:",omitempty"`
	// Held and HostHeld are those of them that the function only may have in captured variables: it does not make them.
	Held, HostHeld []uint32 `json:",omitempty"`
	// Shares says that the function may have bytes that share the memory of a string.
	Shares bool `json:",omitempty"`
	// Given says that a caller may give the function bytes that share the memory of a string.
	Given bool `json:",omitempty"`
	// Lent says that closures of the function, a literal, live no longer than the frames that they are made in.
	Lent bool `json:",omitempty"`
	// Bare says that the function is a literal that captures nothing, InPlace that a literal is called, deferred or started
	// where it stands, so that no variable holds it.
	Bare    bool `json:",omitempty"`
	InPlace bool `json:",omitempty"`
	// Endless are the parts from which no way leads to the function's end, ascending and apart.
	Endless []Span `json:",omitempty"`
	// Direct says that nothing enters the function but calls in the image and those that Redirect.Calls
	// names, and that its entry can't be written over while anybody is inside. Calls are the offsets of the displacements of the
	// calls in the image.
	Direct bool     `json:",omitempty"`
	Calls  []uint32 `json:",omitempty"`
	// Value says that something other than calls may enter the function: it is in a func value, a method table
	// or the like.
	Value bool `json:",omitempty"`
	// Handles says that values of Confined types may be in its frames, Takes that it gets or returns them: no
	// version with other layouts may take its place.
	Handles bool `json:",omitempty"`
	Takes   bool `json:",omitempty"`
	// Early says that code which runs before the switch, of resets or hooks, may call the function by name.
	Early bool `json:",omitempty"`
	File  string
	Line  int
}

// HostCall names the calls in the image of one function of the host.
type HostCall struct {
	Addr  uint64   // host address of the function
	Calls []uint32 // offsets of the displacements
}

// Busy is the range of offsets from a function's entry at which no goroutine may be stopped
// while a 5-byte jump is written over the entry: Lo <= pc-entry < Hi.
type Busy struct{ Lo, Hi uint32 }

// Span is a range of offsets from a function's entry: Lo <= offset < Hi.
type Span struct{ Lo, Hi uint32 }

// Redirect replaces a function of the host.
type Redirect struct {
	// Func is the index into Funcs of the new body.
	Func uint32
	// Name is that of the old body where the new one has another: closures are numbered, and an edit
	// can change the number.
	Name string `json:",omitempty"`
	// Addr is the host address of the old entry, Size the length of the old body.
	Addr, Size uint64
	// Old are the first 8 bytes of the old body.
	Old  [8]byte
	Busy Busy
	// Calls, if any, are the host addresses of the displacements of all calls that enter the old body. They
	// are changed then, and the entry is not.
	Calls []uint64 `json:",omitempty"`
	// Endless are the parts of the old body from which no way leads to its end, ascending and apart.
	Endless []Span `json:",omitempty"`
	// Flow and Places are those of the old body, as in Func.
	Flow   string        `json:",omitempty"`
	Places escape.Places `json:",omitempty"`
	// Home is the image offset of a veneer that leads to the old entry, in an image that is Far.
	Home uint64 `json:",omitempty"`
}

// Confined are types of one package with other layouts than in the host. Their values are in frames of known
// functions alone, of the host and of the image. No goroutine may be inside of these when the program goes to a version
// with other layouts.
type Confined struct {
	// Package is the prefix of the package's symbols, Types are names without it.
	Package string
	Types   []string
	// Layout is equal for equal layouts.
	Layout string
	// Inside are the functions of the host.
	Inside []Stale
}

// HostName is the name of the function that r replaces by f.
func (r *Redirect) HostName(f *Func) string {
	if r.Name != "" {
		return r.Name
	}
	return f.Name
}

// Stale is a function of the host whose old body may still run after the switch.
type Stale struct {
	Name       string
	Addr, Size uint64
}

// Left is a body of the host that runs old code.
type Left struct {
	Stale
	// Endless are the parts from which no way leads to its end, ascending and apart.
	Endless []Span `json:",omitempty"`
	// Inlined are the functions of the old code that was inlined into it, as stack traces name them.
	Inlined []string `json:",omitempty"`
}

// Keep is what a function does with its arguments.
type Keep struct {
	Name string // symbol name in the patch
	ABI  int    `json:",omitempty"`
	// Addr is the host address of the function, 0 for one that the host does not have.
	Addr uint64 `json:",omitempty"`
	// Old is what it does in the release, New what it does in the edit.
	Old escape.Keeps `json:",omitempty"`
	New escape.Keeps `json:",omitempty"`
	// Entry is what callers of Addr arrive in does when the patch runs: New, or what the release's body does with what the
	// edit has in the place of the functions that it leads to.
	Entry escape.Keeps `json:",omitempty"`
	// Why says in words what it does in the edit alone, and where; empty if that is nothing.
	Why string `json:",omitempty"`
}

// Inner reports whether a function is made of a literal or a statement inside of another one, and may have variables
// of that in its frame. What a go statement starts has none.
func Inner(name string) bool {
	for _, mark := range []string{".func", "-range", ".deferwrap"} {
		for rest := name; ; {
			_, after, ok := strings.Cut(rest, mark)
			if !ok {
				break
			}
			if after != "" && '0' <= after[0] && after[0] <= '9' {
				return true
			}
			rest = after
		}
	}
	return false
}

// Wait is a body of the host in which no goroutine may be at the switch.
type Wait struct {
	Stale
	// Endless are the parts from which no way leads to its end, ascending and apart.
	Endless []Span `json:",omitempty"`
	// Stays says that the patch does not replace the body: somebody may still be before its first instruction.
	Stays bool `json:",omitempty"`
	// Given says that the body is waited for only where code of another patch may have given it bytes that share the
	// memory of a string.
	Given bool `json:",omitempty"`
	// Why says in words what of its frame would be kept, by whom and where.
	Why string
}

// Change is one line of the plan, kept for status and verify.
type Change struct {
	Symbol  string // as in the plan: "arena.(*Room).Tick"
	What    string // "body", "new function", …
	Verdict string // "applies", "keeps its live value", "refused"
	ID      string // rule ID, or empty
	// Module is the path of the module that the symbol is declared in, "std" for the standard library, or empty. Patch files
	// do without it.
	Module string `json:"-"`
	// Inlined are edited declarations that the program has as parts of the symbol, as in the plan. Patch files do without it.
	Inlined []string `json:"-"`
	File    string
	Line    int
	// Reason says why the verdict is what it is, in whole sentences.
	Reason string
	// WaysOut are what can be done instead, each a clause that stands for itself: "use a slice".
	WaysOut []string `json:",omitempty"`
	// Layout is what a type consists of in the program and in the edit, where that is the matter.
	Layout *Layout `json:",omitempty"`
}

// Layout is a type in both versions, part by part.
type Layout struct {
	Old, New         []Part
	OldSize, NewSize int64 // in bytes, 0 where it is not the matter
}

// Part is a field of a struct or a method of an interface.
type Part struct {
	Name string
	Type string
	// Offset is where a field starts, in bytes.
	Offset int64  `json:",omitempty"`
	Tag    string `json:",omitempty"`
	// Differs says that the other version has no such part in this place.
	Differs bool `json:",omitempty"`
}
