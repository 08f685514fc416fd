package gotool

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Compiler compiles one package at a time by running the compiler itself, with the arguments that the go command
// would give it, as far as they are known here. Whether they are the same has to be seen from what it
// makes: see Reproduces.
type Compiler struct {
	build   *Build
	tool    string
	version string
	dir     string // for archives
	count   int
	loops   map[string]bool // see LoopPackages; nil in builds without Loops
}

// Loops has the compiler write the loops of a build with Loops otherwise, whose packages are given.
func (c *Compiler) Loops(packages []Package) {
	if c.build.Loops {
		c.loops = LoopPackages(packages)
	}
}

// ErrIndirect is returned by Compile for a package that only the go command can compile: with cgo, assembly or
// embedded files, or in a build with flags that change objects.
var ErrIndirect = errors.New("only the go command can compile this package")

// Compiler returns the compiler of the build. It writes into dir, which has to be there and is the caller's to remove.
func (b *Build) Compiler(ctx context.Context, dir string) (*Compiler, error) {
	goroot, version, err := b.Toolchain(ctx)
	if err != nil {
		return nil, err
	}
	if given := os.Getenv("GOFLAGS"); strings.Contains(given, "overlay") || strings.Contains(given, "toolexec") {
		return nil, ErrIndirect
	}
	if b.Test {
		return nil, ErrIndirect
	}
	for _, f := range b.Flags {
		name, _, _ := strings.Cut(f, "=")
		if f != "-pgo=off" && !slices.Contains([]string{"-tags", "-mod", "-buildvcs"}, name) {
			return nil, ErrIndirect
		}
	}
	tool := filepath.Join(goroot, "pkg", "tool", runtime.GOOS+"_"+runtime.GOARCH, "compile")
	if _, err := os.Stat(tool); err != nil {
		return nil, ErrIndirect
	}
	return &Compiler{build: b, tool: tool, version: version, dir: dir}, nil
}

// Compile compiles a package against the archives that exports names by import path, and returns a new archive and
// the compiler's escape analysis.
func (c *Compiler) Compile(ctx context.Context, p Package, exports map[string]string, buildID string) (archive string, escapes []Escape, err error) {
	others := len(p.CgoFiles) + len(p.SFiles) + len(p.CFiles) + len(p.CXXFiles) + len(p.HFiles) + len(p.SysoFiles) + len(p.EmbedPatterns)
	if others > 0 || p.Standard || p.Module == nil || p.Module.GoVersion == "" {
		return "", nil, ErrIndirect
	}
	c.count++
	work := filepath.Join(c.dir, fmt.Sprint(c.count))
	if err := os.Mkdir(work, 0o700); err != nil {
		return "", nil, err
	}
	config, err := importConfig(p, exports)
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(work, "importcfg")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return "", nil, err
	}
	archive = filepath.Join(work, "_pkg_.a")
	path := p.ImportPath
	if p.Name == "main" {
		path = "main"
	}
	var written loopFiles
	if c.loops[p.ImportPath] {
		written = loopFiles{dir: work, replace: map[string]string{}}
		if err := written.writeLoops(&p, os.ReadFile); err != nil {
			return "", nil, err
		}
	}
	trim := work + "=>"
	for _, name := range p.GoFiles {
		if path := inDir(p.Dir, name); written.replace[path] != "" {
			trim = written.replace[path] + "=>" + path + ";" + trim
		}
	}
	args := []string{"-o", archive, "-trimpath", trim, "-p", path, "-lang=go" + languageVersion(p.Module.GoVersion), "-complete",
		"-buildid", buildID, "-goversion", c.version, fmt.Sprintf("-c=%d", min(4, runtime.GOMAXPROCS(0))), "-nolocalimports", "-importcfg", file, "-pack"}
	args = append(args, strings.Fields(escapeFlags)...)
	for _, name := range p.GoFiles {
		path := inDir(p.Dir, name)
		args = append(args, cmp.Or(written.replace[path], path))
	}
	out, err := c.run(ctx, args)
	if err != nil {
		return "", nil, err
	}
	return archive, parseEscapes(append([]byte("# "+p.ImportPath+"\n"), written.asWritten(c.build.Dir, out)...), c.build.Dir), nil
}

// run runs the compiler where and as the go command does.
func (c *Compiler) run(ctx context.Context, args []string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, c.tool, args...)
	cmd.Env = c.build.environ()
	cmd.WaitDelay = 5 * time.Second
	dir, err := filepath.Abs(c.build.Dir)
	if err != nil {
		return nil, err
	}
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("compile: %w", err)
	}
	return out, nil
}

// importConfig tells the compiler where the packages are that p imports.
func importConfig(p Package, exports map[string]string) ([]byte, error) {
	var b bytes.Buffer
	for _, path := range p.Imports {
		if path == "unsafe" {
			continue
		}
		if to, ok := p.ImportMap[path]; ok {
			fmt.Fprintf(&b, "importmap %s=%s\n", path, to)
			path = to
		}
		if exports[path] == "" {
			return nil, ErrIndirect
		}
		fmt.Fprintf(&b, "packagefile %s=%s\n", path, exports[path])
	}
	return b.Bytes(), nil
}

// languageVersion is the language of a module that needs a Go version: "1.26" for "1.26.3" and "1.26rc1".
func languageVersion(version string) string {
	dot := strings.IndexByte(version, '.')
	end := dot + 1
	for end < len(version) && '0' <= version[end] && version[end] <= '9' {
		end++
	}
	return version[:end]
}

// Reproduces reports whether the compiler makes of p, byte for byte, the archive that the go command made of
// the same sources.
func (c *Compiler) Reproduces(ctx context.Context, p Package, exports map[string]string) (bool, error) {
	archive, _, err := c.Compile(ctx, p, exports, p.BuildID)
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(filepath.Dir(archive))
	mine, err := os.ReadFile(archive)
	if err != nil {
		return false, err
	}
	theirs, err := os.ReadFile(p.Export)
	if err != nil {
		return false, err
	}
	return bytes.Equal(mine, theirs), nil
}

// SameExports reports whether two archives tell those who import them the same.
func SameExports(a, b string) (bool, error) {
	x, err := exportData(a)
	if err != nil {
		return false, err
	}
	y, err := exportData(b)
	return err == nil && bytes.Equal(x, y), err
}

// exportData is the first member of an archive without the build ID, which stands in a line of its own.
func exportData(archive string) ([]byte, error) {
	const magic, header = "!<arch>\n", 60
	b, err := os.ReadFile(archive)
	if err != nil {
		return nil, err
	}
	var size int
	if len(b) < len(magic)+header || !bytes.HasPrefix(b[len(magic):], []byte("__.PKGDEF ")) {
		return nil, fmt.Errorf("%s: no export data", archive)
	}
	if _, err := fmt.Sscan(string(b[len(magic)+48:len(magic)+58]), &size); err != nil || size < 0 || size > len(b)-len(magic)-header {
		return nil, fmt.Errorf("%s: no export data", archive)
	}
	body := b[len(magic)+header:][:size]
	i := bytes.Index(body, []byte("\nbuild id \""))
	if i < 0 {
		return nil, fmt.Errorf("%s: no build ID", archive)
	}
	end := bytes.IndexByte(body[i+1:], '\n')
	return slices.Concat(body[:i+1], body[i+1+max(end, 0):]), nil
}
