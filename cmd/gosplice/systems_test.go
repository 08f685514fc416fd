package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The command, and programs that link the agent, compile for systems on which nothing is patched too: a program that is
// built for several of them calls gosplice.Start on each.
func TestOtherSystems(t *testing.T) {
	for _, system := range []string{"windows/amd64", "windows/arm64", "darwin/arm64", "freebsd/amd64"} {
		t.Run(system, func(t *testing.T) {
			t.Parallel()
			goos, goarch, _ := strings.Cut(system, "/")
			checkFor(t, goos, goarch, ".", "./cmd/gosplice", "./httpstatus", "./chain", "./loop")
		})
	}
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// checkFor checks the types of packages and of all that they import, for a system, and the bodies of this module's
// functions. The compiler would take minutes for all of the standard library.
func checkFor(t *testing.T, goos, goarch string, patterns ...string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Dir,GoFiles,Module,ImportMap,Standard"}, patterns...)...)
	cmd.Dir = checkout
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := map[string]*types.Package{"unsafe": types.Unsafe}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir string
			GoFiles         []string
			ImportMap       map[string]string
			Standard        bool
			Module          *struct{ Main bool }
		}
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ImportPath == "unsafe" {
			continue
		}
		set := token.NewFileSet()
		var files []*ast.File
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, f)
		}
		own := p.Module != nil && p.Module.Main
		cfg := types.Config{
			Sizes: types.SizesFor("gc", goarch), IgnoreFuncBodies: !own,
			Error: func(err error) {
				if own {
					t.Errorf("%s: %v", p.ImportPath, err)
				}
			},
			Importer: importerFunc(func(path string) (*types.Package, error) {
				if to, ok := p.ImportMap[path]; ok {
					path = to
				}
				if checked[path] == nil {
					return nil, fmt.Errorf("%s was not listed", path)
				}
				return checked[path], nil
			}),
		}
		checked[p.ImportPath], _ = cfg.Check(p.ImportPath, set, files, nil)
	}
	if len(checked) < 50 {
		t.Errorf("only %d packages were checked", len(checked))
	}
}
