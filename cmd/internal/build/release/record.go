package release

import (
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Format is the version of the record format; records of other versions are refused.
const Format = 14

// Record is what is known of a release: the proof's result, without the objects.
type Record struct {
	Format  int
	Program string // file name of the binary
	Build   gotool.Build
	Release patch.Release
	Runtime patch.Runtime
	// End is the end of the program's memory.
	End uint64
	// Packages of the build in dependency order, the main package last.
	Packages []Package
	// Modules are the files that say from where their modules were taken; empty where no files say it.
	Modules gotool.Modules
	// Symbols of the program by ascending name and ABI.
	Symbols []Symbol
	// Types are the named types that packages outside of the standard library describe, by ascending name. The program
	// has values of more types than it has descriptions of.
	Types []NamedType
	// Content are the addresses of read-only data that is known by content alone.
	Content map[goobj.Fingerprint]uint64
	// Pruned are the types whose method tables have gaps.
	Pruned []PrunedType
	// Callers are the functions that call a function of an editable package directly, by name.
	Callers map[string][]string
	// Calls says which functions each function leads to.
	Calls CallGraph
	// HeldCalls says which functions each closure may have in its captured variables and call.
	HeldCalls CallGraph
	// Inlined are the functions into which one of an editable package was inlined, by name.
	Inlined map[string][]string
	// Uses are the functions that refer to a variable of an editable package which takes more than one
	// instruction to read or write, by the variable's name.
	Uses map[string]Use
	// MethodUses is what has to be known when a method table is exchanged.
	MethodUses MethodUses
	// NoInit are the map initialisers that the linker dropped with their variables.
	NoInit []string
	// Parts are what the program has of variables that the linker dropped, by ascending name.
	Parts []Parts
	Live  Live
	// TLS is where the program keeps g, relative to FS: -8 unless C code has thread-local variables too.
	TLS int32
	// Far says that the program is larger than a jump leads: patches are loaded far away, and reached otherwise.
	Far bool
	// Functions and TextBytes say how much machine code was compared and matches.
	Functions int
	TextBytes int64

	index map[goobj.Name]int
}

// Use says who refers to a variable.
type Use struct {
	Funcs []goobj.Name
	// Address says that its address is computed, and so may be anywhere.
	Address bool
}

// Editable reports whether the sources of a package, by its path in symbols, are in the record.
func (r *Record) Editable(path string) bool {
	p, ok := r.PackageByPath(path)
	return ok && p.Editable
}

// Package is a package of the build.
type Package struct {
	Path     string // "main" for the main package
	Import   string // import path
	Dir      string
	BuildID  string
	Standard bool
	// Editable packages have their sources in the record.
	Editable bool
	Module   string // module path and version
	Files    []SourceFile
	Imports  []string
	// Loops says that its loops are compiled as package loops writes them. Files are as people wrote them.
	Loops bool
	// Escapes is the compiler's escape analysis, when EscapesKnown.
	Escapes      []gotool.Escape
	EscapesKnown bool
}

// SourceFile is a file of a package as it was compiled.
type SourceFile struct {
	Name string
	Kind string // "go", "cgo", "asm", "c", "embed"
	Hash [32]byte
	// Content is kept for editable packages.
	Content []byte
}

// Symbol is a symbol that the program has.
type Symbol struct {
	Name        string
	ABI         uint16
	Kind        goobj.Kind
	Size        uint32
	Addr        uint64
	Fingerprint goobj.Fingerprint
	// Layout is set for type descriptors.
	Layout goobj.Fingerprint
	// Type is the type of a variable, the signature of a function.
	Type string
	// Indirect functions are also entered other than by direct calls.
	Indirect bool
	// OnlyTable says that this is by way of method tables alone.
	OnlyTable bool
	// CapturesKnown says that Type holds the layout of a closure's context.
	CapturesKnown bool
	// Head are the first bytes of a function, Busy the offsets that conflict with patching it.
	Head [8]byte
	Busy patch.Busy
	// Calls are set for a function whose entry can't be written over while anybody is inside, and which nothing
	// but direct calls enters: the addresses of their displacements.
	Calls []uint64
	// LoopsAtEntry says that somebody may be inside all the time where the entry can't be written over then,
	// and that there are no Calls to be changed instead.
	LoopsAtEntry bool
	// Unreachable says that the program is Far, and no jump that leads so far can be written over the entry.
	Unreachable bool
	// Endless are the parts of a function of an editable package from which no way leads to its end.
	Endless []patch.Span
	// Line is where a function starts in its source file.
	Line int32
	// Merged functions share their body with functions of other names.
	Merged bool
	// NoSplit functions and those that assembly defines or linkname names can't be judged by
	// their Go source alone.
	NoSplit, Asm, Linkname bool
	Package                string
}

// NamedType is how the compiler laid out a type of the release.
type NamedType struct {
	Name    string // of the descriptor's symbol
	Size    uint64
	Offsets []uint64 // of the fields of a struct
	Fields  []uint32 // hashes of their names, types and tags; records of older versions have none
	// Layout is that of the descriptor, as in Symbol.
	Layout goobj.Fingerprint
}

// MethodUses are the places of a program that depend on method tables.
type MethodUses struct {
	// Readers are the functions that read the length and the place of a method table one after the other.
	Readers []patch.Stale
	// Caches are the addresses of words that lead to what a type assertion or a type switch remembers.
	Caches []uint64
}

// PrunedType is a type in the program whose method table has gaps.
type PrunedType struct {
	Name    string
	Addr    uint64
	Methods []PrunedMethod
}

// PrunedMethod is a method of such a type.
type PrunedMethod struct {
	Name, Type string // name, and symbol name of its function type
	Off        uint32 // offset of the method table's entry in the type
	Empty      [3]bool
}

// Live is what the linker's rule for methods saw in the program.
type Live struct {
	UsedInIface    map[string]bool // type symbol names
	IfaceMethods   map[MethodSig]bool
	GenericMethods map[string]bool
	Reflect        bool // some function looks methods up by a name that is not constant
}

// MethodSig is a method's name and the symbol name of its function type.
type MethodSig struct{ Name, Type string }

// Prepare makes Lookup quick in this record and in the copies that are made of it afterwards.
func (r *Record) Prepare() {
	r.index = make(map[goobj.Name]int, len(r.Symbols))
	for i := range r.Symbols {
		r.index[goobj.Name{Name: r.Symbols[i].Name, ABI: r.Symbols[i].ABI}] = i
	}
}

// Lookup finds a symbol of the program.
func (r *Record) Lookup(name string, abi uint16) (*Symbol, bool) {
	if r.index == nil {
		r.Prepare()
	}
	i, ok := r.index[goobj.Name{Name: name, ABI: abi}]
	if !ok {
		return nil, false
	}
	return &r.Symbols[i], true
}

// NamedType finds a type by the name of its descriptor.
func (r *Record) NamedType(name string) (*NamedType, bool) {
	i, ok := slices.BinarySearchFunc(r.Types, name, func(t NamedType, name string) int { return strings.Compare(t.Name, name) })
	if !ok {
		return nil, false
	}
	return &r.Types[i], true
}

// PackageByPath finds a package by import path, or "main".
func (r *Record) PackageByPath(path string) (*Package, bool) {
	for i := range r.Packages {
		if r.Packages[i].Path == path || r.Packages[i].Import == path {
			return &r.Packages[i], true
		}
	}
	return nil, false
}

// ContentID is the part of a build ID that is the hash of an archive's content.
func ContentID(buildID string) string { return buildID[strings.LastIndexByte(buildID, '/')+1:] }

func sortSymbols(s []Symbol) {
	sort.Slice(s, func(i, j int) bool {
		if s[i].Name != s[j].Name {
			return s[i].Name < s[j].Name
		}
		return s[i].ABI < s[j].ABI
	})
}
