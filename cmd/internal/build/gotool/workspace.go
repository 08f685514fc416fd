package gotool

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
)

// withWorkspace is the build with a copy of its go.work in another place, in file. cleanup removes it.
func (b *Build) withWorkspace(ctx context.Context) (other *Build, file string, cleanup func(), err error) {
	env, err := b.Variables(ctx, "GOWORK")
	if err != nil {
		return nil, "", nil, err
	}
	work := env["GOWORK"]
	if work == "" || work == "off" {
		return nil, "", nil, ErrNoModuleFiles
	}
	dir, err := os.MkdirTemp("", givenDir)
	if err != nil {
		return nil, "", nil, err
	}
	cleanup = func() { os.RemoveAll(dir) }
	file = filepath.Join(dir, filepath.Base(work))
	if err = b.moveWorkspace(ctx, work, file); err != nil {
		cleanup()
		return nil, "", nil, err
	}
	o := *b
	o.Env = append(slices.Clip(b.Env), "GOWORK="+file)
	return &o, file, cleanup, nil
}

// moveWorkspace copies a go.work with its sums. What it names by relative paths it names by absolute ones then.
func (b *Build) moveWorkspace(ctx context.Context, from, to string) error {
	for _, ending := range []string{"", ".sum"} {
		content, err := os.ReadFile(from + ending)
		if os.IsNotExist(err) && ending != "" {
			continue
		}
		if err != nil {
			return err
		}
		if err := os.WriteFile(to+ending, content, 0o600); err != nil {
			return err
		}
	}
	out, err := b.output(ctx, "work", "edit", "-json", from)
	if err != nil {
		return err
	}
	var w struct {
		Use     []struct{ DiskPath string }
		Replace []struct {
			Old, New struct{ Path, Version string }
		}
	}
	if err := json.Unmarshal([]byte(out), &w); err != nil {
		return err
	}
	absolute := func(path string) string { return filepath.Join(filepath.Dir(from), filepath.FromSlash(path)) }
	edit := []string{"work", "edit"}
	for _, u := range w.Use {
		if !filepath.IsAbs(u.DiskPath) {
			edit = append(edit, "-dropuse="+u.DiskPath, "-use="+absolute(u.DiskPath))
		}
	}
	for _, r := range w.Replace {
		if r.New.Version == "" && !filepath.IsAbs(r.New.Path) {
			old := r.Old.Path
			if r.Old.Version != "" {
				old += "@" + r.Old.Version
			}
			edit = append(edit, "-replace="+old+"="+absolute(r.New.Path))
		}
	}
	_, err = b.output(ctx, append(edit, to)...)
	return err
}
