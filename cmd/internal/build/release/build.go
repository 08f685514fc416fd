package release

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/build/image"
	"github.com/gosplice/gosplice/cmd/internal/build/machine"
	"github.com/gosplice/gosplice/cmd/internal/build/parallel"
)

// Objects loads the archives of a build's packages, the main package last.
func Objects(release *gorelease.Release, packages []gotool.Package) (*goobj.Set, error) {
	return objects(release, packages, nil, (*goobj.Set).Resolve)
}

// Objects loads the archives of an edited build, and looks into as few of them as it can. With a
// cache it reads only those that the cache does not have.
func (r *Record) Objects(packages []gotool.Package, cache *goobj.Cache) (*goobj.Set, error) {
	rel, err := gorelease.Of(r.Release.GoVersion)
	if err != nil {
		return nil, err
	}
	return objects(rel, packages, cache, func(s *goobj.Set) error {
		return s.ResolveLazily(func(n goobj.Name) bool {
			_, ok := r.Lookup(n.Name, n.ABI)
			return ok
		})
	})
}

// objects loads archives, through a cache if there is one.
func objects(release *gorelease.Release, packages []gotool.Package, cache *goobj.Cache, resolve func(*goobj.Set) error) (*goobj.Set, error) {
	set, err := goobj.NewSet(release)
	if err != nil {
		return nil, err
	}
	if sources := archives(packages); cache == nil {
		err = set.Load(sources...)
	} else {
		err = set.LoadFrom(cache, sources...)
	}
	if err == nil {
		err = resolve(set)
	}
	if err != nil {
		set.Close()
		return nil, err
	}
	return set, nil
}

// archives are those of the packages, of which the last is the main package.
func archives(packages []gotool.Package) []goobj.Source {
	var out []goobj.Source
	for i, p := range packages {
		path := p.ImportPath
		if i == len(packages)-1 {
			path = "main"
		}
		if p.Export != "" { // as that of package unsafe
			out = append(out, goobj.Source{Package: path, Path: p.Export})
		}
	}
	return out
}

// Options of a record.
type Options struct {
	// Far makes the record of a program that is larger than a jump leads, whatever its size.
	Far bool
}

// OtherSourcesError says that a program was not linked from the packages that it was compared with.
type OtherSourcesError struct {
	Program string
	Err     error // where they differ
}

func (e *OtherSourcesError) Error() string {
	return fmt.Sprintf("%s was not built from these sources with these flags: %v", e.Program, e.Err)
}

func (e *OtherSourcesError) Unwrap() error { return e.Err }

// Make proves that the packages are what the program was linked from, and returns the record.
func Make(ctx context.Context, binary string, b *gotool.Build, packages []gotool.Package, o Options) (*Record, error) {
	release, err := gorelease.Of(b.GoVersion)
	if err != nil {
		return nil, err
	}
	file, set, err := open(binary, release, packages)
	if err != nil {
		return nil, err
	}
	defer set.Close()
	far, err := isFar(file)
	if err != nil {
		return nil, err
	}
	h, err := newHarvest(set, file)
	if err != nil {
		return nil, err
	}
	if err := h.run(); err != nil {
		return nil, &OtherSourcesError{filepath.Base(binary), err}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	abbrevs, err := goobj.NewAbbrevs(release)
	if err != nil {
		return nil, err
	}
	r := &Record{
		Format: Format, Program: filepath.Base(binary), Build: *b,
		End: file.End(), Functions: h.functions, TextBytes: h.textBytes, TLS: h.tls,
		Far: far || o.Far,
	}
	r.identify(file)
	if r.Packages, err = describe(packages, b.Loops); err != nil {
		return nil, err
	}
	h.symbols(r, abbrevs)
	if err := r.locateRuntime(h); err != nil {
		return nil, err
	}
	parallel.Do(
		func() { r.Live = h.live() },
		func() { h.gaps(r) },
		func() { h.methodUses(r) },
		func() { h.variableUses(r) },
		func() { h.callGraph(r) },
		func() { h.inlined(r) },
		func() { h.calleesOf(r) },
		func() { h.namedTypes(r) },
		func() { h.parts(r) },
	)
	return r, nil
}

// open opens the program and loads the objects.
func open(binary string, release *gorelease.Release, packages []gotool.Package) (file *image.File, set *goobj.Set, err error) {
	var inFile, inObjects error
	parallel.Do(
		func() { file, inFile = image.Open(binary, release) },
		func() { set, inObjects = Objects(release, packages) },
	)
	if err := cmp.Or(inFile, inObjects); err != nil {
		if set != nil {
			set.Close()
		}
		return nil, nil, err
	}
	return file, set, nil
}

// isFar reports a program near which no image can be loaded so that a jump leads there from every function. Those to which
// not even offsets of 32 bits lead are refused.
func isFar(f *image.File) (bool, error) {
	arch, err := machine.Of(f.GOARCH)
	if err != nil {
		return false, err
	}
	return farther(f.End()-f.Text(), arch)
}

// farther says of the size of a program, from its code to the end of its data, what isFar says of the program.
func farther(size uint64, arch machine.Arch) (bool, error) {
	const room = 16 << 20 // for images
	if size > arch.FarReach-room {
		return false, fmt.Errorf("the program takes %d MB from its code to the end of its data, and its tables hold offsets of at most %d MB: it can't be patched; restart it with the edit built in",
			size>>20, arch.FarReach>>20)
	}
	return size > arch.Reach-room, nil
}

func (r *Record) identify(f *image.File) {
	text := f.Bytes(f.Text(), int(f.Etext()-f.Text()))
	sum := sha256.Sum256(text)
	rel := &r.Release
	rel.BuildID, rel.Main, rel.Program = f.BuildID, r.Build.Main, r.Program
	rel.GoVersion, rel.GOOS, rel.GOARCH = r.Build.GoVersion, "linux", f.GOARCH
	rel.Text, rel.Etext, rel.TextHash = f.Text(), f.Etext(), hex.EncodeToString(sum[:])
	rel.PositionIndependent = f.PositionIndependent
	r.Runtime.Types, r.Runtime.Rodata = f.Module["types"], f.Module["rodata"]
	r.Runtime.Offset = f.Layout
}

// The runtime's functions and variables that the agent calls and reads.
var (
	runtimeFuncs = []string{
		"runtime.stopTheWorld", "runtime.startTheWorld", "runtime.forEachGRace", "runtime.asyncPreempt2",
		"runtime.modulesinit", "runtime.getitab", "runtime.itabInit", "runtime.lock2", "runtime.unlock2", "runtime.unreachableMethod",
	}
	runtimeVars = []string{"runtime.firstmoduledata", "runtime.lastmoduledatap", "runtime.modulesSlice", "runtime.itabTable", "runtime.itabLock"}
)

func (r *Record) locateRuntime(h *harvest) error {
	r.Runtime.Func, r.Runtime.Var = map[string]uint64{}, map[string]uint64{}
	for _, n := range runtimeFuncs {
		s, ok := r.Lookup(n, goobj.ABIInternal)
		if !ok {
			return fmt.Errorf("the program lacks the function %s, without which it can't be patched", n)
		}
		r.Runtime.Func[n] = s.Addr
	}
	for _, n := range runtimeVars {
		if s, ok := r.Lookup(n, goobj.ABI0); ok {
			r.Runtime.Var[n] = s.Addr
			continue
		}
		if s, ok := r.Lookup(n, goobj.ABIInternal); ok {
			r.Runtime.Var[n] = s.Addr
			continue
		}
		found := uint64(0)
		switch n {
		case "runtime.firstmoduledata":
			found = h.file.ModuleAddr
		case "runtime.lastmoduledatap":
			found = h.file.LastModule()
		}
		if found != 0 {
			r.Runtime.Var[n] = found
			continue
		}
		return fmt.Errorf("the program lacks the variable %s, without which it can't be patched", n)
	}
	if r.Runtime.Var["runtime.firstmoduledata"] != h.file.ModuleAddr {
		return fmt.Errorf("the program's module data is at %#x and at %#x", h.file.ModuleAddr, r.Runtime.Var["runtime.firstmoduledata"])
	}
	return nil
}
