// Package gotool runs the go command: it reads from a program how it was built, builds its
// packages again in the same way, and says in one line what stood against it. It knows
// nothing of symbols or machine code.
package gotool

// Build is how a program was built: enough to build its packages again, byte for byte.
type Build struct {
	// Dir is where the go command runs: a directory of the module, or of the workspace.
	// FromBinary leaves it empty, for the current directory.
	Dir string
	// Packages are the package arguments of the build: import paths, patterns, or Go files.
	Packages []string
	// Main is the import path of the main package, and empty where only a list of the packages says it.
	Main string
	// GoVersion is the release that built the program, such as "go1.26.8".
	GoVersion string
	// Flags are the build flags that change objects or the link, such as "-tags=a,b".
	Flags []string
	// Env are the variables of the build, such as "CGO_ENABLED=1", each as NAME=value.
	Env []string
	// BuildID is the Go build ID that the linker wrote into the program.
	BuildID string
	// Settings are the build settings of the program as it holds them. They are nil for a
	// build that comes from a command line and not from a program.
	Settings map[string]string
	// Test says that go test -c made the program: Packages are those that are tested.
	Test bool
	// Loops says that loops without an end in sight are compiled as package loops writes them, in the packages that
	// LoopPackages names.
	Loops bool
	// Quick lets the go command take more memory to be done sooner; for builds of which most is in the
	// cache.
	Quick bool
}

// FIPS reports a program that is built to use Go's FIPS 140 module by default.
func (b *Build) FIPS() bool {
	v := b.Settings["GOFIPS140"]
	return v != "" && v != "off"
}

// Package is what the go command says of one package.
type Package struct {
	ImportPath string
	Name       string
	Dir        string
	// Export is the file with the object archive.
	Export  string
	BuildID string
	// Standard says that the package belongs to the standard library.
	Standard bool
	// DepOnly says that the package was not asked for, but is a dependency.
	DepOnly bool
	Module  *Module

	GoFiles, CgoFiles         []string
	SFiles, CFiles, CXXFiles  []string
	HFiles, SysoFiles         []string
	EmbedPatterns, EmbedFiles []string
	Imports                   []string
	ImportMap                 map[string]string
	Deps                      []string `json:",omitempty"` // of the main packages, when several packages were asked for
	Incomplete                bool
}

// Module is the module of a package. It is nil in packages of the standard library and in
// those named by file.
type Module struct {
	Path, Version string
	Dir           string
	Main          bool
	Replace       *Module
	Sum           string
	GoVersion     string
}
