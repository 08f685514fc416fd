package gotool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// listFields are the fields of Package, as go list wants them.
const listFields = "ImportPath,Name,Dir,Export,BuildID,Standard,DepOnly,Module," +
	"GoFiles,CgoFiles,SFiles,CFiles,CXXFiles,HFiles,SysoFiles,EmbedPatterns,EmbedFiles,Imports,ImportMap,Incomplete"

// List compiles the program's packages and returns them in the order of their dependencies,
// the main package last. The overlay is a file as for go build -overlay, or empty. When the
// sources don't compile the error is a *CompileError.
func (b *Build) List(ctx context.Context, overlay string) ([]Package, error) {
	return b.list(ctx, overlay, []string{"-export"}, nil)
}

// Resolve is List without compiling anything: it says where the packages are.
func (b *Build) Resolve(ctx context.Context, overlay string) ([]Package, error) {
	return b.list(ctx, overlay, nil, nil)
}

// foreignC reports a program that may hold C code for another processor than this one.
func (b *Build) foreignC() bool {
	return b.Settings["CGO_ENABLED"] == "1" && b.Settings["GOARCH"] != runtime.GOARCH
}

func (b *Build) list(ctx context.Context, overlay string, extra []string, messages io.Writer) ([]Package, error) {
	if len(b.Packages) == 0 {
		return nil, fmt.Errorf("the program was built from files that it does not name: give them, or its package, as arguments")
	}
	flags, err := b.listFlags(ctx)
	if err != nil {
		return nil, err
	}
	args := []string{"list", "-deps"}
	if b.single() {
		args = append(args, "-json="+listFields)
	} else {
		args = append(args, "-json="+listFields+",Deps")
	}
	if b.Test {
		args = append(args, "-test")
	}
	args = append(args, flags...)
	given, written := overlay, (*loopFiles)(nil)
	if b.Loops && slices.Contains(extra, "-export") {
		var done func()
		if overlay, written, done, err = b.withLoops(ctx, overlay); err != nil {
			return nil, err
		}
		defer done()
	}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	args = append(args, extra...)
	args = append(append(args, "--"), b.Packages...)

	var packages []Package
	var said bytes.Buffer
	err = b.run(ctx, args, func(r io.Reader) (err error) {
		packages, err = decodePackages(r)
		return err
	}, &said)
	if err == nil && messages != nil {
		_, err = messages.Write(written.asWritten(b.Dir, said.Bytes()))
	}
	if written != nil && err != nil {
		err = b.compiled(ctx, written, given, err)
	}
	if err != nil && b.foreignC() && os.Getenv("CC") == "" {
		return nil, fmt.Errorf("the program was built for %s with cgo; set CC to the C compiler of that build, such as CC=aarch64-linux-gnu-gcc: %w", b.Settings["GOARCH"], err)
	}
	if err != nil {
		return nil, err
	}
	return b.ofMain(packages)
}

// testSuffix ends the path of the main package that go test makes.
const testSuffix = ".test"

// single says that the build names one package, so that everything listed belongs to it.
func (b *Build) single() bool {
	files := strings.HasSuffix(b.Packages[0], ".go")
	return !b.Test && (files || len(b.Packages) == 1 && !strings.Contains(b.Packages[0], "..."))
}

// listFlags are the flags of the build for go list, with the profile's file found.
func (b *Build) listFlags(ctx context.Context) ([]string, error) {
	var flags []string
	for _, flag := range b.Flags {
		profile, ok := strings.CutPrefix(flag, "-pgo=")
		if !ok || profile == "off" || profile == "auto" {
			flags = append(flags, flag)
			continue
		}
		file, err := b.findProfile(ctx, profile)
		if err != nil {
			return nil, err
		}
		flags = append(flags, "-pgo="+file)
	}
	return flags, nil
}

// findProfile finds the profile that the program was optimised with. Under -trimpath a
// program keeps the base name only, and sources may have moved since the build.
func (b *Build) findProfile(ctx context.Context, profile string) (string, error) {
	if filepath.IsAbs(profile) && isFile(profile) {
		return profile, nil
	}
	if path := filepath.Join(b.Dir, profile); isFile(path) {
		return filepath.Abs(path)
	}
	dir, err := b.output(ctx, append([]string{"list", "-find", "-f", "{{.Dir}}", "--"}, b.Packages...)...)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, filepath.Base(profile))
	if !isFile(path) {
		return "", fmt.Errorf("the program was built with the profile %s, which is not in %s: put it there", profile, dir)
	}
	return path, nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// decodePackages reads what go list -json writes.
func decodePackages(r io.Reader) ([]Package, error) {
	var packages []Package
	for d := json.NewDecoder(r); ; {
		var p Package
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		packages = append(packages, p)
	}
}

// ofMain keeps the main package and what it depends on, in order.
func (b *Build) ofMain(packages []Package) ([]Package, error) {
	i := slices.IndexFunc(packages, func(p Package) bool { return !p.DepOnly && b.isMain(p) })
	if i < 0 {
		return nil, fmt.Errorf("%s is not a main package here: give the package of the program as argument", strings.Join(b.Packages, " "))
	}
	main := packages[i]
	if b.single() {
		return packages, nil
	}
	deps := make(map[string]bool, len(main.Deps))
	for _, path := range main.Deps {
		deps[path] = true
	}
	var kept []Package
	for _, p := range packages {
		if deps[p.ImportPath] {
			kept = append(kept, p)
		}
	}
	kept = append(kept, main)
	if b.Test {
		b.unsuffix(kept)
	}
	return kept, nil
}

// unsuffix gives packages that are compiled for a test the paths that they have in the program. The go command tells
// them from the same packages outside of the test by a suffix.
func (b *Build) unsuffix(packages []Package) {
	suffix := " [" + packages[len(packages)-1].ImportPath + "]"
	for i := range packages {
		p := &packages[i]
		p.ImportPath = strings.TrimSuffix(p.ImportPath, suffix)
		for k := range p.Imports {
			p.Imports[k] = strings.TrimSuffix(p.Imports[k], suffix)
		}
		for from, to := range p.ImportMap {
			if p.ImportMap[from] = strings.TrimSuffix(to, suffix); p.ImportMap[from] == from {
				delete(p.ImportMap, from)
			}
		}
	}
}

// isMain says whether p is the main package of the build. A build from a command line may
// not know its name yet.
func (b *Build) isMain(p Package) bool {
	if b.Main != "" {
		return p.ImportPath == b.Main
	}
	return p.Name == "main" && (!b.Test || strings.HasSuffix(p.ImportPath, testSuffix))
}
