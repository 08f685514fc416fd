package gotool

import (
	"cmp"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// plainModule prints a word that a linker flag can set.
var plainModule = map[string]string{
	"go.mod":         "module example.com/app\n\ngo 1.25\n",
	"main.go":        "package main\n\nimport \"example.com/app/greet\"\n\nfunc main() { println(greet.Hello(), extra) }\n",
	"extra.go":       "//go:build !extra\n\npackage main\n\nvar extra = \"plain\"\n",
	"tagged.go":      "//go:build extra\n\npackage main\n\nvar extra = \"tagged\"\n",
	"greet/greet.go": "package greet\n\nfunc Hello() string { return \"hello\" }\n",
}

// goBuild builds the module in dir and returns the program.
func goBuild(t *testing.T, dir string, env []string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "app")
	cmd := exec.Command("go", append([]string{"build", "-o", out}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", strings.Join(args, " "), err, text)
	}
	return out
}

func TestRebuildsTheMainPackageOfTheProgram(t *testing.T) {
	tests := []struct {
		name     string
		env      []string
		args     []string
		packages []string // given by the user
	}{
		{name: "plain"},
		{name: "without cgo", env: []string{"CGO_ENABLED=0"}},
		{name: "with cgo", env: []string{"CGO_ENABLED=1"}},
		{name: "trimpath", args: []string{"-trimpath"}},
		{name: "stripped", args: []string{"-ldflags=-s -w -X main.extra=linked"}},
		{name: "tags", args: []string{"-tags=extra,other"}},
		{name: "race", env: []string{"CGO_ENABLED=1"}, args: []string{"-race"}},
		{name: "cover", args: []string{"-cover"}},
		{name: "compiler flags", args: []string{"-gcflags=all=-N -l"}},
		{name: "microarchitecture", env: []string{"GOAMD64=v3"}},
		{name: "C flags", env: []string{"CGO_CFLAGS=-O1"}},
		{name: "experiment", env: []string{"GOEXPERIMENT=fieldtrack"}},
		{name: "GOFLAGS of the build", env: []string{"GOFLAGS=-tags=extra -buildvcs=false"}},
		{name: "files", args: []string{"main.go", "extra.go"}, packages: []string{"main.go", "extra.go"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := writeFiles(t, plainModule)
			program := goBuild(t, dir, test.env, test.args...)
			// What the environment says now must not matter.
			t.Setenv("GOFLAGS", "-tags=wrong -gcflags=-S -buildvcs=false")
			t.Setenv("GOAMD64", "v2")
			t.Setenv("CGO_CFLAGS", "-O0")

			b, err := FromBinary(program)
			if err != nil {
				t.Fatal(err)
			}
			b.Dir = dir
			if test.packages != nil {
				b.Packages = test.packages
			}
			packages, err := b.List(context.Background(), "")
			if err != nil {
				t.Fatal(err)
			}
			main := packages[len(packages)-1]
			// A program's build ID has the build ID of its main package in the middle, which
			// covers everything that the package was compiled from.
			if id := strings.Split(b.BuildID, "/"); len(id) != 4 || main.BuildID != id[1]+"/"+id[2] {
				t.Errorf("main package has build ID %s, program %s", main.BuildID, b.BuildID)
			}
			if main.ImportPath != b.Main || main.Export == "" {
				t.Errorf("last package is %s with archive %q, want %s", main.ImportPath, main.Export, b.Main)
			}
		})
	}
}

func TestProgramWithProfile(t *testing.T) {
	for _, flag := range []string{"-trimpath=false", "-trimpath"} {
		t.Run(flag, func(t *testing.T) {
			dir := writeFiles(t, plainModule)
			writeProfile(t, filepath.Join(dir, "default.pgo"))
			program := goBuild(t, dir, nil, flag)
			b, err := FromBinary(program)
			if err != nil {
				t.Fatal(err)
			}
			b.Dir = dir
			packages, err := b.List(context.Background(), "")
			if err != nil {
				t.Fatal(err)
			}
			main := packages[len(packages)-1]
			if !strings.Contains(b.BuildID, "/"+main.BuildID+"/") {
				t.Errorf("main package has build ID %s, program %s", main.BuildID, b.BuildID)
			}
			for _, p := range packages {
				if strings.Contains(p.ImportPath, "[") {
					t.Errorf("package %s is listed as a variant", p.ImportPath)
				}
			}
		})
	}
}

func TestProfileAddedAfterTheBuild(t *testing.T) {
	dir := writeFiles(t, plainModule)
	program := goBuild(t, dir, nil)
	b, err := FromBinary(program)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(b.Flags, "-pgo=off") {
		t.Errorf("flags %q would use a default.pgo that the program was built without", b.Flags)
	}
}

func TestRefusesWhatIsNotSupported(t *testing.T) {
	tests := []struct {
		name   string
		module map[string]string
		env    []string
		args   []string
		want   string
	}{
		{name: "plugin", args: []string{"-buildmode=plugin"}, want: "build mode plugin is not supported"},
		{name: "stripped plugin", args: []string{"-buildmode=plugin", "-trimpath", "-ldflags=-s -w"}, want: "build mode plugin is not supported"},
		{name: "other architecture", env: []string{"GOARCH=riscv64", "CGO_ENABLED=0"}, want: "platform linux/riscv64 is not supported"},
		{name: "other system", env: []string{"GOOS=windows", "CGO_ENABLED=0"}, want: "platform windows/amd64 is not supported"},
		{name: "without build ID", args: []string{"-ldflags=-buildid="}, want: "a program without build ID is not supported"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			module := test.module
			if module == nil {
				module = plainModule
			}
			program := goBuild(t, writeFiles(t, module), test.env, test.args...)
			_, err := FromBinary(program)
			var unsupported *UnsupportedError
			if !errors.As(err, &unsupported) {
				t.Fatalf("error is %v, want an UnsupportedError", err)
			}
			if !strings.Contains(err.Error(), test.want) || unsupported.Do == "" {
				t.Errorf("error is %q, want %q and what to do", err, test.want)
			}
		})
	}
}

// TestRefusesSanitizers refuses what the sanitizers for memory of C make, whose compilers not every machine has.
func TestRefusesSanitizers(t *testing.T) {
	for _, flag := range []string{"-msan", "-asan"} {
		s := map[string]string{"GOOS": "linux", "GOARCH": "amd64", flag: "true"}
		err := checkSettings("go1.26.8", s)
		if want := "a build with " + flag + " is not supported: build without " + flag; err == nil || err.Error() != want {
			t.Errorf("error %v, not %q", err, want)
		}
	}
}

// TestRefusesRaceDetector refuses it on arm64, where it can't be tried.
func TestRefusesRaceDetector(t *testing.T) {
	s := map[string]string{"GOOS": "linux", "GOARCH": "arm64", "-race": "true"}
	const want = "on arm64 a build with -race is not supported: build without -race"
	if err := checkSettings("go1.26.8", s); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, not %q", err, want)
	}
	s["GOARCH"] = "amd64"
	if err := checkSettings("go1.26.8", s); err != nil {
		t.Error(err)
	}
}

// TestTests knows what go test -c makes, and a program whose path looks like that.
func TestTests(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"go.mod":       "module example.com/tests\n\ngo 1.25\n",
		"main.go":      "package main\n\nfunc main() {}\n",
		"main_test.go": "package main\n\nimport \"testing\"\n\nfunc TestMain(*testing.M) {}\n",
	})
	if b, err := FromBinary(goBuild(t, dir, nil)); err != nil || b.Test {
		t.Error(err, "or taken for a test")
	}
	for _, c := range []struct {
		args []string
		file string
		says string
	}{
		{args: nil},
		{args: []string{"-trimpath", "-ldflags=-s -w"}},
		{args: []string{"-buildmode=pie"}},
		{args: []string{"-cover"}, says: "in a test binary -cover is not supported"},
		{file: "main_test.go", says: "a test binary of named files is not supported"},
	} {
		out := filepath.Join(t.TempDir(), "tests")
		cmd := exec.Command("go", append(append([]string{"test", "-c", "-o", out}, c.args...), cmp.Or(c.file, "."))...)
		cmd.Dir = dir
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go test -c: %v\n%s", err, said)
		}
		b, err := FromBinary(out)
		switch {
		case c.says != "":
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v: error %v", c, err)
			}
		case err != nil || !b.Test || !slices.Equal(b.Packages, []string{"example.com/tests"}):
			t.Errorf("%v: error %v, build %+v", c, err, b)
		}
	}
}

// TestRefusesLinkedByHand refuses a program that the go command did not link, as other build systems make them.
func TestRefusesLinkedByHand(t *testing.T) {
	dir := writeFiles(t, map[string]string{"main.go": "package main\n\nfunc main() {}\n"})
	for _, line := range []string{
		"go list -export -deps -f '{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}' runtime >packages",
		"go tool compile -p main -importcfg packages -buildid main -o main.a main.go",
		"echo packagefile main=main.a >>packages",
		"go tool link -importcfg packages -buildid redacted -o program main.a",
	} {
		cmd := exec.Command("sh", "-c", line)
		cmd.Dir = dir
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, said)
		}
	}
	_, err := FromBinary(filepath.Join(dir, "program"))
	if err == nil || !strings.Contains(err.Error(), "a program without build settings is not supported: build it with go build") {
		t.Errorf("error %v", err)
	}
}

func TestNotAProgram(t *testing.T) {
	if _, err := FromBinary("binary_test.go"); err == nil || !strings.Contains(err.Error(), "is no program that Go built") {
		t.Errorf("error is %v", err)
	}
	if _, err := FromBinary("missing"); err == nil {
		t.Error("no error for a missing file")
	}
}

func TestSupportedReleases(t *testing.T) {
	for version, want := range map[string]bool{
		"go1.25": true, "go1.25.3": true, "go1.26": true, "go1.26.8": true, "go1.27": true, "go1.27.4": true,
		"go1.24.9": false, "go1.28": false, "go1.28.1": false, "go1.26rc1": false, "go1.260": false,
		"devel go1.26-abcdef": false, "": false,
	} {
		if got := supported(version); got != want {
			t.Errorf("supported(%q) = %v", version, got)
		}
	}
	if got := plainVersion("go1.26.8-X:newinliner,nodwarf5"); got != "go1.26.8" {
		t.Errorf("version without experiments is %q", got)
	}
}

func TestForeignExperiments(t *testing.T) {
	for _, c := range []struct{ version, experiments, want string }{
		{"go1.25.14", "", ""},
		{"go1.25.14", "jsonv2", ""},
		{"go1.25.14", "jsonv2,noswissmap", "noswissmap"},
		{"go1.26.8", "staticlockranking", "staticlockranking"},
		{"go1.27.4", "nodwarf5", "nodwarf5"},
		{"go1.27.4", "newinliner", "newinliner"},
		{"go1.26.8", "jsonv2,noregabiargs", "noregabiargs"},
		{"go1.28", "noswissmap", ""},
	} {
		if got := foreignExperiment(c.version, c.experiments); got != c.want {
			t.Errorf("%s with %q: %q, not %q", c.version, c.experiments, got, c.want)
		}
	}
	s := map[string]string{"GOOS": "linux", "GOARCH": "amd64", "GOEXPERIMENT": "noswissmap"}
	err := checkSettings("go1.25.14", s)
	if want := "GOEXPERIMENT noswissmap is not supported: build without it"; err == nil || err.Error() != want {
		t.Errorf("error %v, not %q", err, want)
	}
}
