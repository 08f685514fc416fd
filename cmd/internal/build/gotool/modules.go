package gotool

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Modules are the files that say from where a build takes its modules.
type Modules struct{ Mod, Sum []byte }

// Modules reads the files of the build as they are now. They are empty where go.mod alone does not
// say it: in a workspace, without modules, or with a -modfile.
func (b *Build) Modules(ctx context.Context) (Modules, error) {
	if file, ok := b.given(); ok {
		return ReadModules(file)
	}
	file, err := b.ModuleFile(ctx)
	if err != nil {
		return Modules{}, err
	}
	return ReadModules(file)
}

// ModuleFile is the go.mod that alone says from where the build takes its modules, or "" if there is none.
func (b *Build) ModuleFile(ctx context.Context) (string, error) {
	given := append(strings.Fields(os.Getenv("GOFLAGS")), b.Flags...)
	if slices.ContainsFunc(given, func(f string) bool { return strings.HasPrefix(strings.TrimLeft(f, "-"), "modfile") }) {
		return "", nil
	}
	env, err := b.Variables(ctx, "GOMOD", "GOWORK")
	if err != nil {
		return "", err
	}
	if mod, work := env["GOMOD"], env["GOWORK"]; mod != os.DevNull && (work == "" || work == "off") {
		return mod, nil
	}
	return "", nil
}

// ReadModules reads a go.mod and its go.sum; no file has none.
func ReadModules(file string) (m Modules, err error) {
	if file == "" {
		return Modules{}, nil
	}
	if m.Mod, err = os.ReadFile(file); err != nil {
		return Modules{}, err
	}
	if m.Sum, err = os.ReadFile(strings.TrimSuffix(file, ".mod") + ".sum"); err != nil && !os.IsNotExist(err) {
		return Modules{}, err
	}
	return m, nil
}

// Equal reports that both have the same content, or none.
func (m Modules) Equal(other Modules) bool {
	return bytes.Equal(m.Mod, other.Mod) && bytes.Equal(m.Sum, other.Sum)
}

// givenDir begins the names of the directories in which module files are given to a build.
const givenDir = "gosplice-modules-"

// given is the go.mod that With has given to the build.
func (b *Build) given() (file string, ok bool) {
	for _, f := range b.Flags {
		if file, ok := strings.CutPrefix(f, "-modfile="); ok && strings.HasPrefix(filepath.Base(filepath.Dir(file)), givenDir) {
			return file, true
		}
	}
	return "", false
}

// GivenModules is the go.mod that With or Require has given to the build, or "".
func (b *Build) GivenModules() string {
	file, _ := b.given()
	return file
}

// With is the build with the given module files in place of those on disk, without a workspace or
// vendored packages. cleanup removes what it needs. Replacements in m that are relative count from where go.mod is now.
func (b *Build) With(m Modules) (other *Build, cleanup func(), err error) {
	dir, err := os.MkdirTemp("", givenDir)
	if err != nil {
		return nil, nil, err
	}
	cleanup = func() { os.RemoveAll(dir) }
	for name, content := range map[string][]byte{"go.mod": m.Mod, "go.sum": m.Sum} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			cleanup()
			return nil, nil, err
		}
	}
	o := *b
	o.Flags = slices.Clone(b.Flags)
	if file, ok := b.given(); ok {
		o.Flags = slices.DeleteFunc(o.Flags, func(f string) bool { return f == "-modfile="+file })
	}
	o.Flags = append(o.Flags, "-modfile="+filepath.Join(dir, "go.mod"), "-mod=readonly")
	o.Env = append(slices.Clip(b.Env), "GOWORK=off")
	return &o, cleanup, nil
}

// Version is what a build takes for a module: a version, and another module with its version if that takes its place.
type Version struct{ Path, Version, By, ByVersion string }

// Require is the build with modules in the given versions, as far as the requirements of the others let it have them, and
// otherwise as its module files say. known are the sums of modules beside those of the build. cleanup removes what the
// build needs.
func (b *Build) Require(ctx context.Context, versions []Version, known []byte) (other *Build, cleanup func(), err error) {
	m, err := b.Modules(ctx)
	if err == nil && len(m.Mod) == 0 {
		err = ErrNoModuleFiles
	}
	if err != nil {
		return nil, nil, err
	}
	m.Sum = joinSums(m.Sum, known)
	other, cleanup, err = b.With(m)
	if err != nil {
		return nil, nil, err
	}
	file, _ := other.given()
	edit := []string{"mod", "edit"}
	for _, v := range versions {
		edit = append(edit, "-dropreplace="+v.Path, "-dropreplace="+v.Path+"@"+v.Version, "-require="+v.Path+"@"+v.Version)
		if v.By != "" {
			edit = append(edit, "-replace="+v.Path+"@"+v.Version+"="+v.By+"@"+v.ByVersion)
		}
	}
	if _, err = b.output(ctx, append(edit, file)...); err != nil {
		cleanup()
		return nil, nil, err
	}
	// The go command completes the file, which nobody else has.
	whole := *other
	whole.Flags = append(slices.Clip(other.Flags), "-mod=mod")
	if _, err = whole.Resolve(ctx, ""); err != nil {
		cleanup()
		return nil, nil, err
	}
	return other, cleanup, nil
}

// joinSums joins the lines of two go.sum files.
func joinSums(a, b []byte) []byte {
	seen := map[string]bool{}
	var out []byte
	for _, sums := range [][]byte{a, b} {
		for line := range strings.Lines(string(sums)) {
			if line = strings.TrimSpace(line); line != "" && !seen[line] {
				seen[line] = true
				out = append(out, line+"\n"...)
			}
		}
	}
	return out
}

// Requiring are the modules, but for the main module, that require a module in a version, as path@version.
func (b *Build) Requiring(ctx context.Context, path, version string) ([]string, error) {
	args := []string{"mod", "graph"}
	if file, ok := b.given(); ok {
		args = append(args, "-modfile="+file)
	}
	out, err := b.output(ctx, args...)
	if err != nil {
		return nil, err
	}
	var by []string
	for line := range strings.Lines(out) {
		if from, to, _ := strings.Cut(strings.TrimSpace(line), " "); to == path+"@"+version && strings.Contains(from, "@") {
			by = append(by, from)
		}
	}
	return by, nil
}
