package gotool

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Compile runs go build into the file out, with the flags of the build and some extra ones.
// What the go command says without failing, as with -x or -v, goes to messages. When the
// sources don't compile the error is a *CompileError.
func (b *Build) Compile(ctx context.Context, out string, extra []string, messages io.Writer) error {
	flags, err := b.listFlags(ctx)
	if err != nil {
		return err
	}
	// The go command runs in Dir, but out is meant from here.
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	args := append([]string{"build", "-o=" + out}, flags...)
	args = append(args, extra...)
	if !b.Loops {
		return b.run(ctx, append(append(args, "--"), b.Packages...), nil, messages)
	}
	overlay, written, done, err := b.withLoops(ctx, "")
	if err != nil {
		return err
	}
	defer done()
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	if err := b.run(ctx, append(append(args, "--"), b.Packages...), nil, messages); err != nil {
		return b.compiled(ctx, written, "", err)
	}
	return nil
}

// Output is the file that go build would write for the value of its -o flag: named after the
// package when that is empty or a directory.
func (b *Build) Output(ctx context.Context, o string) (string, error) {
	isDir := o != "" && (os.IsPathSeparator(o[len(o)-1]) || isDirectory(b.from(o)))
	if o != "" && !isDir {
		return b.from(o), nil
	}
	packages, err := b.Find(ctx)
	if err != nil {
		return "", err
	}
	if len(packages) != 1 || packages[0].Name != "main" {
		return "", fmt.Errorf("%s is not one main package: name the package of one program", strings.Join(b.Packages, " "))
	}
	return b.from(filepath.Join(o, executableName(packages[0]))), nil
}

// from is a path that was given relative to the directory of the build.
func (b *Build) from(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(b.Dir, name)
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// Find looks the packages of the build up, without what they depend on.
func (b *Build) Find(ctx context.Context) (packages []Package, err error) {
	args := []string{"list", "-find", "-json=ImportPath,Name,Dir,GoFiles,CgoFiles"}
	for _, flag := range b.Flags {
		// -pgo and the like are no matter of finding, and -n and -x would only confuse.
		if strings.HasPrefix(flag, "-tags=") || strings.HasPrefix(flag, "-mod") || strings.HasPrefix(flag, "-overlay=") {
			args = append(args, flag)
		}
	}
	args = append(append(args, "--"), b.Packages...)
	err = b.run(ctx, args, func(r io.Reader) (err error) {
		packages, err = decodePackages(r)
		return err
	}, nil)
	return packages, err
}

// majorVersion is the last element of the import path of a module's later version.
var majorVersion = regexp.MustCompile(`^v[2-9]\d*$|^v1\d+$`)

// executableName is the name that go build gives to the program of a package.
func executableName(p Package) string {
	if p.ImportPath == commandLinePackage {
		files := append(append([]string(nil), p.GoFiles...), p.CgoFiles...)
		if len(files) > 0 {
			return strings.TrimSuffix(filepath.Base(files[0]), ".go")
		}
	}
	dir, name := path.Split(p.ImportPath)
	if majorVersion.MatchString(name) && dir != "" {
		return path.Base(dir)
	}
	return name
}
