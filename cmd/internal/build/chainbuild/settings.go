package chainbuild

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/internal/live/chainfile"
)

// sameObjects are the flags that leave objects of shared packages as they are: where the sources come
// from shows in their hashes, and the rest is how the go command works.
var sameObjects = []string{"-tags", "-ldflags", "-mod", "-modfile", "-overlay", "-p", "-v", "-x", "-n", "-a", "-work",
	"-buildvcs", "-json", "-modcacherw", "-C", "-o", "-buildmode"}

// objectVariables are the variables of the environment that change objects.
var objectVariables = []string{"CGO_ENABLED", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64",
	"GOWASM", "GOEXPERIMENT", "GOFIPS140"}

// settings are the build that a command asks for, in the form that hosts and plugins share, and what
// compiles it.
func settings(ctx context.Context, c *gotool.Command) (*gotool.Build, *chainfile.Toolchain, error) {
	b := c.Build()
	if len(b.Packages) != 1 || strings.Contains(b.Packages[0], "...") || strings.HasSuffix(b.Packages[0], ".go") {
		return nil, nil, fmt.Errorf("%s is not one package: name the directory or the import path of one main package", strings.Join(b.Packages, " "))
	}
	env, err := b.Variables(ctx, append([]string{"GOVERSION", "GOOS", "GOARCH", "GOFLAGS"}, objectVariables...)...)
	if err != nil {
		return nil, nil, err
	}
	t := &chainfile.Toolchain{Go: env["GOVERSION"], OS: env["GOOS"], Arch: env["GOARCH"]}
	if strings.Contains(env["GOFLAGS"], "-overlay") {
		return nil, nil, errors.New("GOFLAGS has an -overlay, and gosplice plugin needs one of its own: give it as a flag, then both count")
	}
	flags := append(strings.Fields(env["GOFLAGS"]), b.Flags...)
	for _, f := range flags {
		name, value, _ := strings.Cut(strings.Replace(f, "--", "-", 1), "=")
		switch {
		case name == "-buildmode":
			return nil, nil, errors.New("-buildmode is given by gosplice plugin: leave it out")
		case name == "-ldflags" && strings.Contains(value, "pluginpath"):
			return nil, nil, errors.New("-pluginpath names half of a plugin only: leave it out, gosplice plugin build gives each build an identity of its own")
		case name == "-trimpath" || name == "-pgo" || slices.Contains(sameObjects, name):
		default:
			t.Flags = append(t.Flags, name+"="+value)
		}
	}
	profile, err := profileFlag(b, flags)
	if err != nil {
		return nil, nil, err
	}
	t.Flags = append(t.Flags, profile)
	for _, name := range objectVariables {
		if env[name] != "" {
			t.Flags = append(t.Flags, name+"="+env[name])
		}
	}
	slices.Sort(t.Flags)
	// Paths of directories would be part of what is compared, and the profile of one main package
	// would count for the shared packages too.
	b.Flags = append(slices.Clip(b.Flags), "-trimpath")
	if profile == noProfile {
		b.Flags = append(b.Flags, noProfile)
	}
	return b, t, nil
}

const noProfile = "-pgo=off"

// profileFlag says with which profile the build is made, by content.
func profileFlag(b *gotool.Build, flags []string) (string, error) {
	profile := ""
	for _, f := range flags {
		if name, value, _ := strings.Cut(f, "="); name == "-pgo" {
			profile = value
		}
	}
	if profile == "" || profile == "off" || profile == "auto" {
		return noProfile, nil
	}
	if !filepath.IsAbs(profile) {
		profile = filepath.Join(b.Dir, profile)
	}
	content, err := os.ReadFile(profile)
	if err != nil {
		return "", fmt.Errorf("-pgo: %w", err)
	}
	return fmt.Sprintf("-pgo=sha256:%x", sha256.Sum256(content)), nil
}

// hasPlugins says whether Go has plugins on a platform.
func hasPlugins(t *chainfile.Toolchain) error {
	if t.OS != "linux" && t.OS != "freebsd" {
		return fmt.Errorf("there are no plugins on %s: link the logic in with chain.Link there, or build with GOOS=linux", t.OS)
	}
	if slices.Contains(t.Flags, "CGO_ENABLED=0") {
		return errors.New("plugins need cgo, and CGO_ENABLED is 0: set it to 1 and install a C compiler, or link the logic in with chain.Link")
	}
	return nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
