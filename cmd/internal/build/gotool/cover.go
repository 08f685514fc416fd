package gotool

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// SourceText is a Go file.
type SourceText struct {
	Path    string
	Content []byte
}

// Covered is a package with what go build -cover adds to it to count what runs.
type Covered struct {
	Files  []SourceText
	Vars   []byte // a file with the counters and the description of what they count
	Config []byte // for the compiler: see CompilerConfig
}

// flag is the value of the last flag with a name, "true" for one without a value, and empty when there is none.
func (b *Build) flag(name string) string {
	value := ""
	for _, f := range b.Flags {
		n, v, given := strings.Cut(f, "=")
		if n == name && !given {
			value = "true"
		} else if n == name {
			value = v
		}
	}
	return value
}

// CoverMode is how a build counts what runs: "set", "count" or "atomic", and empty when it does not.
func (b *Build) CoverMode() string {
	on := func(name string) bool { v := b.flag(name); return v != "" && v != "false" }
	switch mode := b.flag("-covermode"); {
	case !on("-cover"):
		return ""
	case mode != "":
		return mode
	case on("-race"):
		return "atomic"
	}
	return "set"
}

// CoverFlags are the flags in a GOFLAGS value that say what is counted and how. A program that was built with -cover does
// not hold them.
func CoverFlags(goflags string) []string {
	var out []string
	for _, f := range strings.Fields(goflags) {
		f = strings.Replace(f, "--", "-", 1)
		if name, _, _ := strings.Cut(f, "="); name == "-covermode" || name == "-coverpkg" {
			out = append(out, f)
		}
	}
	return out
}

// CoverPrefix begins the names of a package's counters. Source: cmd/go, runCover.
func CoverPrefix(importPath string) string {
	sum := sha256.Sum256([]byte(importPath))
	return fmt.Sprintf("goCover_%x_", sum[:6])
}

// Cover adds the counters to a package, whose files are in the order of the build, as go build -cover does. The files are
// not read from where they lie.
func (b *Build) Cover(ctx context.Context, importPath, name, module string, files []SourceText) (*Covered, error) {
	work, err := os.MkdirTemp("", "gosplice-cover-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	at := func(name string) string { return filepath.Join(work, name) }
	outputs := []string{at("vars")}
	args := []string{"tool", "cover", "-pkgcfg", at("package"), "-mode", b.CoverMode(), "-var", CoverPrefix(importPath), "-outfilelist", at("outputs")}
	for i, f := range files {
		in := at(filepath.Base(f.Path))
		if err := os.WriteFile(in, f.Content, 0o600); err != nil {
			return nil, err
		}
		args = append(args, in)
		outputs = append(outputs, at(fmt.Sprintf("%d.covered", i)))
	}
	config, err := json.Marshal(struct{ OutConfig, PkgPath, PkgName, Granularity, ModulePath string }{at("config"), importPath, name, "perblock", module})
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(at("package"), append(config, '\n'), 0o600); err != nil {
		return nil, err
	}
	if err := os.WriteFile(at("outputs"), []byte(strings.Join(outputs, "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	if err := b.run(ctx, args, nil, nil); err != nil {
		return nil, err
	}
	c := &Covered{}
	if c.Config, err = os.ReadFile(at("config")); err != nil {
		return nil, err
	}
	if c.Vars, err = os.ReadFile(outputs[0]); err != nil {
		return nil, err
	}
	for i, f := range files {
		text, err := os.ReadFile(outputs[1+i])
		if err != nil {
			return nil, err
		}
		line := []byte("//line " + at(filepath.Base(f.Path)) + ":1:1\n")
		text, ok := bytes.CutPrefix(text, line)
		if !ok {
			return nil, fmt.Errorf("go tool cover: %s does not begin as expected", f.Path)
		}
		c.Files = append(c.Files, SourceText{f.Path, slices.Concat([]byte("//line "+f.Path+":1:1\n"), text)})
	}
	return c, nil
}

// Uncovered is the build with counters in the packages of covered alone, and those of the package that the compiler
// gets with counters in its sources. configs are files as in Covered.Config by the import paths of such packages. It is
// false if the compiler flags of the build don't say which of them those packages get.
func (b *Build) Uncovered(covered []string, configs map[string]string) (*Build, bool) {
	other := *b
	other.Flags = slices.DeleteFunc(slices.Clone(b.Flags), func(f string) bool { return strings.HasPrefix(f, "-coverpkg=") })
	if len(covered) == 0 {
		covered = []string{"none.invalid/none"} // an empty list stands for the packages of the module
	}
	other.Flags = append(other.Flags, "-coverpkg="+strings.Join(covered, ","))
	for path, config := range configs {
		flags := ""
		for _, f := range b.Flags {
			value, ok := strings.CutPrefix(f, "-gcflags=")
			if !ok {
				continue
			}
			switch pattern, own := splitCompilerFlags(value); pattern {
			case "all", path:
				flags = own
			case "":
				if path == b.Main {
					flags = own
				}
			default:
				return nil, false
			}
		}
		other.Flags = append(other.Flags, strings.TrimSpace("-gcflags="+path+"="+flags+" '-coveragecfg="+config+"'"))
	}
	return &other, true
}
