// Package chainfile is the form of a chain's plugin file: a Go plugin with a manifest behind it that
// says what the plugin is and which host it fits. All of it is read and compared before the file is
// opened as a plugin, because a plugin that Go rejects stays in the process half loaded.
package chainfile

import (
	"crypto/ed25519"
	"errors"

	"github.com/gosplice/gosplice/internal/live/chains"
)

// ErrMalformed is wrapped by errors about files that are no plugin of a chain, or not whole.
var ErrMalformed = errors.New("not a whole plugin of a chain")

// MaxFile is the greatest size of a plugin file, in bytes.
const MaxFile = chains.MaxFile

// Manifest says what a plugin is.
type Manifest struct {
	// Chain and Version are as given to gosplice plugin build.
	Chain, Version string
	// Identity names this build: it is an element of the import paths of everything that is
	// versioned, so that no two builds are taken for one.
	Identity string
	// Path is the import path of the plugin's main package in this build.
	Path string
	// Table is the type of the function table: import path, dot, name.
	Table string
	// Logic are the import paths, as in the source, of the packages that are versioned.
	Logic []string
	// Shared are the packages that the plugin uses and does not version.
	Shared []Package
	Toolchain
	// Memory is what the plugin takes in a process, in bytes: the size of its segments.
	Memory uint64
	// Made says by what and when it was built.
	Made string
}

// Host is what the program was built from that loads plugins.
type Host struct {
	Toolchain
	// Packages are all that are linked into it but the main package and the standard library.
	Packages []Package
}

// Package is one package that host and plugin have to agree on.
type Package struct {
	Path string
	// Sources is a hash of all files that it was compiled from; empty in the standard library.
	Sources string `json:",omitempty"`
	// Export is the hash that Go's linker compares, of a plugin only. A host has it in its symbols.
	Export string `json:",omitempty"`
}

// Toolchain is what compiled something, with everything that changes objects.
type Toolchain struct {
	Go   string // release, such as "go1.26.8"
	OS   string
	Arch string
	// Flags are those that change objects, and such variables of the environment.
	Flags []string
}

// File is a plugin file that was read.
type File struct {
	Manifest
	// ID is the SHA-256 of the plugin and its manifest, hexadecimal.
	ID string
	// Signer is the key of the signature, which is good, or nil.
	Signer ed25519.PublicKey
	// Plugin is the size in bytes of the plugin itself, which the file begins with.
	Plugin int64
}
