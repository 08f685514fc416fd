package gotool

import (
	"bytes"
	"debug/buildinfo"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/internal/wire/files"
)

// FromBinary reads from a program how it was built. A program that gosplice can't patch yet
// is refused with an *UnsupportedError that names the reason.
func FromBinary(path string) (*Build, error) {
	file, stat, err := files.OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := buildinfo.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s is no program that Go built: %w", path, err)
	}
	b := fromBuildInfo(info)
	if err := checkSettings(b.GoVersion, b.Settings); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// Before anything is asked of the go command: a variable may name the toolchain that answers.
	if err := b.CheckData(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	b.ReadModules()
	f, err := elf.NewFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: not an ELF program: %w", path, err)
	}
	if err := checkELF(f, stat.Size()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if isTest(f) {
		if err := b.makeTest(); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	if b.BuildID, err = buildID(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// fromBuildInfo puts build information into the form of a command line.
func fromBuildInfo(info *buildinfo.BuildInfo) *Build {
	b := &Build{
		Main:      info.Path,
		GoVersion: plainVersion(info.GoVersion),
		Settings:  make(map[string]string),
	}
	// "command-line-arguments" is no package: the build named files, which build information
	// does not list.
	if info.Path != commandLinePackage {
		b.Packages = []string{info.Path}
	}
	for _, s := range info.Settings {
		b.Settings[s.Key] = s.Value
	}
	b.Flags = flagsOf(info.Settings)
	b.Env = envOf(info.Settings)
	return b
}

// commandLinePackage is the import path of a main package that was named by its files.
const commandLinePackage = "command-line-arguments"

// flagsOf returns the settings that were flags. Each is one argument, however many spaces
// its value has: -gcflags=all=-N -l.
func flagsOf(settings []debug.BuildSetting) []string {
	var flags []string
	for _, s := range settings {
		switch {
		case !strings.HasPrefix(s.Key, "-"):
		case s.Key == "-compiler", s.Key == "-buildmode" && s.Value == "exe":
			// They say nothing that FromBinary has not checked.
		case s.Key == "-buildvcs":
			// It changes no object, and has the go command run git in the tree.
		default:
			flags = append(flags, s.Key+"="+s.Value)
		}
	}
	// Build information has no word for "no profile", and without one the go command would
	// use a default.pgo that has since been put beside the main package.
	if !slices.ContainsFunc(flags, isPGO) {
		flags = append(flags, "-pgo=off")
	}
	return flags
}

func isPGO(flag string) bool { return strings.HasPrefix(flag, "-pgo=") }

// envOf returns the settings that were variables of the environment.
func envOf(settings []debug.BuildSetting) []string {
	var env []string
	for _, s := range settings {
		if strings.HasPrefix(s.Key, "GO") || strings.HasPrefix(s.Key, "CGO_") {
			env = append(env, s.Key+"="+s.Value)
		}
	}
	return env
}

// platforms says which programs can be patched.
const platforms = "gosplice patches programs for linux/amd64 and linux/arm64"

// checkSettings refuses builds by what build information says of them.
func checkSettings(version string, s map[string]string) error {
	if s["GOOS"] == "" || s["GOARCH"] == "" {
		return &UnsupportedError{"a program without", "build settings", "build it with go build, which writes into it how it was built; Bazel and go tool link write nothing, and flags can't be guessed"}
	}
	if have := s["GOOS"] + "/" + s["GOARCH"]; have != "linux/amd64" && have != "linux/arm64" {
		return &UnsupportedError{"platform", have, platforms}
	}
	if !supported(version) {
		return &UnsupportedError{"Go version", version, "build the program with one of " + strings.Join(Releases(), ", ") + ", or use a gosplice that knows " + language(version)}
	}
	if r, err := gorelease.Of(version); err == nil {
		if err := r.Readable(runtime.Version()); err != nil {
			return err
		}
	}
	if x := foreignExperiment(version, s["GOEXPERIMENT"]); x != "" {
		return &UnsupportedError{"GOEXPERIMENT", x, "build without it"}
	}
	if c := s["-compiler"]; c != "" && c != "gc" {
		return &UnsupportedError{"compiler", c, "build with the gc compiler"}
	}
	if mode := s["-buildmode"]; mode != "" && mode != "exe" && mode != "pie" {
		return &UnsupportedError{"build mode", mode, "build with -buildmode=exe, the default on Linux, or with pie"}
	}
	for _, flag := range []string{"-msan", "-asan"} {
		if s[flag] == "true" {
			return &UnsupportedError{"a build with", flag, "build without " + flag}
		}
	}
	if s["-race"] == "true" && s["GOARCH"] == "arm64" {
		return &UnsupportedError{"on arm64 a build with", "-race", "build without -race; the race detector does not run under the emulator that arm64 is tested with"}
	}
	return nil
}

// mostOfFile is how many times as long as its file the sections of a program may be when they are read: debugging information is
// compressed to a third or so. A stranger's program may have sections that are compressed much more, or all the same bytes.
const mostOfFile = 32

// checkELF refuses programs by how their file, of so many bytes, looks.
func checkELF(f *elf.File, file int64) error {
	read := uint64(0)
	for _, s := range f.Sections {
		if s.Type != elf.SHT_NOBITS {
			read = max(read, read+s.Size, s.Size) // no sum is less than its parts
		}
		if read > mostOfFile*uint64(file) {
			return &UnsupportedError{"a program with", "sections of far more bytes than its file", "name one that go build made"}
		}
	}
	if f.Machine != elf.EM_X86_64 && f.Machine != elf.EM_AARCH64 || f.Class != elf.ELFCLASS64 {
		return &UnsupportedError{"machine", f.Machine.String(), platforms}
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN {
		return &UnsupportedError{"file type", f.Type.String(), "name an executable"}
	}
	if f.Section(".text") == nil {
		return &UnsupportedError{"a program without", "section headers", "keep them (strip is fine, sstrip and packers are not)"}
	}
	return nil
}

// isTest reports a program that go test -c made: its main package is generated, and has one file, by a name that the go
// command reads from no directory.
func isTest(f *elf.File) bool {
	for _, name := range []string{".gopclntab", ".data.rel.ro.gopclntab", ".data.rel.ro"} {
		if s := f.Section(name); s != nil {
			if data, err := s.Data(); err == nil && bytes.Contains(data, []byte("\x00_testmain.go\x00")) {
				return true
			}
		}
	}
	return false
}

// makeTest makes b the build of a test binary. Build information has the tested package if that is a main package, and else
// the package that go test makes of it.
func (b *Build) makeTest() error {
	b.Test = true
	tested := strings.TrimSuffix(b.Main, testSuffix)
	switch {
	case tested == commandLinePackage:
		return &UnsupportedError{"a test binary of", "named files", "name the package for go test -c, not its files"}
	case b.CoverMode() != "":
		return &UnsupportedError{"in a test binary", "-cover", "build it without -cover"}
	}
	b.Packages, b.Main = []string{tested}, ""
	return nil
}

// buildID reads the Go build ID from its ELF note.
func buildID(f *elf.File) (string, error) {
	const goNote, headerSize, nameSize = 4, 12, 4
	none := &UnsupportedError{"a program without", "build ID", "build without -ldflags=-buildid="}
	s := f.Section(".note.go.buildid")
	if s == nil {
		return "", none
	}
	data, err := s.Data()
	if err != nil {
		return "", fmt.Errorf("reading the build ID: %w", err)
	}
	if len(data) < headerSize+nameSize {
		return "", none
	}
	size := binary.LittleEndian.Uint32(data[4:])
	kind := binary.LittleEndian.Uint32(data[8:])
	name := string(data[headerSize : headerSize+nameSize])
	desc := data[headerSize+nameSize:]
	if kind != goNote || name != "Go\x00\x00" || size == 0 || uint64(size) > uint64(len(desc)) {
		return "", none
	}
	return string(desc[:size]), nil
}
