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

// With is the build with the given module files in place of those on disk, without a workspace or
// vendored packages. cleanup removes what it needs. Replacements in m that are relative count from where go.mod is now.
func (b *Build) With(m Modules) (other *Build, cleanup func(), err error) {
	dir, err := os.MkdirTemp("", "gosplice-modules-")
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
	o.Flags = append(slices.Clip(b.Flags), "-modfile="+filepath.Join(dir, "go.mod"), "-mod=readonly")
	o.Env = append(slices.Clip(b.Env), "GOWORK=off")
	return &o, cleanup, nil
}
