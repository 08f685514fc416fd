package pipeline

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// trap is a command that leaves a marker when it is run.
func trap(t *testing.T) (command, marker string) {
	t.Helper()
	dir := t.TempDir()
	command, marker = filepath.Join(dir, "trap"), filepath.Join(dir, "marker")
	if err := os.WriteFile(command, []byte("#!/bin/sh\ntouch "+marker+"\nexec \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return command, marker
}

func notSprung(t *testing.T, name, marker string) {
	t.Helper()
	if _, err := os.Stat(marker); err == nil {
		t.Errorf("%s: a command was run", name)
		os.Remove(marker)
	}
}

const hostileProgram = `
-- go.mod --
module program

go 1.25
-- main.go --
package main

func main() { println(value()) }

//go:noinline
func value() int { return 1 }
`

// TestHostileRecord plans with records whose makers would have a command run.
func TestHostileRecord(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir, record := recorded(t, hostileProgram)
	testprogram.Overwrite(t, dir, strings.Replace(hostileProgram, "return 1", "return 2", 1))
	command, marker := trap(t)
	for _, c := range []struct{ name, flag, variable string }{
		{"toolexec", "-toolexec=" + command, ""},
		{"GOFLAGS", "", "GOFLAGS=-toolexec=" + command},
		{"cache", "", "GOCACHEPROG=" + command},
		{"compiler of C", "", "CC=" + command},
		{"toolchain", "", "GOTOOLCHAIN=" + command},
		{"profile", "-gcflags=all=-cpuprofile=" + marker, ""},
		{"linker", "-ldflags=-linkmode=external -extld=" + command, ""},
	} {
		r, err := release.Read(record)
		if err != nil {
			t.Fatal(err)
		}
		if c.flag != "" {
			r.Build.Flags = append(r.Build.Flags, c.flag)
		}
		if c.variable != "" {
			r.Build.Env = append(r.Build.Env, c.variable)
		}
		hostile := filepath.Join(t.TempDir(), "hostile.gsr")
		if err := r.Write(hostile); err != nil {
			t.Fatal(err)
		}
		word, _, _ := strings.Cut(c.flag+c.variable, "=")
		if _, err := MakePlan(t.Context(), PlanOptions{Record: hostile, Dir: dir}); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: error %v", c.name, err)
		}
		notSprung(t, c.name, marker)
	}
}

// TestModuleFilesOfAnother plans with a record that would have the go command complete a go.mod.
func TestModuleFilesOfAnother(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	const dependency = `
-- dependency/go.mod --
module example.com/dependency

go 1.25
-- dependency/dependency.go --
package dependency

func Value() int { return 2 }
`
	dir, record := recorded(t, strings.Replace(hostileProgram, "go 1.25", "go 1.25\n\nreplace example.com/dependency => ./dependency", 1)+dependency)
	r, err := release.Read(record)
	if err != nil {
		t.Fatal(err)
	}
	r.Build.Flags = append(r.Build.Flags, "-mod=mod")
	if err := r.Write(record); err != nil {
		t.Fatal(err)
	}
	testprogram.Overwrite(t, dir, `
-- main.go --
package main

import "example.com/dependency"

func main() { println(value()) }

//go:noinline
func value() int { return dependency.Value() }
`)
	before, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MakePlan(t.Context(), PlanOptions{Record: record, Dir: dir}); err == nil || !strings.Contains(err.Error(), "example.com/dependency") {
		t.Errorf("error %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "go.mod")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("go.mod is now\n%s%v", after, err)
	}
}

// TestModuleFilesAndProgram records a program that says of its build what would have the go command complete go.mod, with a module
// of the maker's perhaps.
func TestModuleFilesAndProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := testprogram.Write(t, hostileProgram)
	const tags, forged = "-tags=ab", "-mod=mod"
	b := testprogram.Build{Dir: dir, Args: []string{tags}}
	binary := b.Program(t)
	text, err := os.ReadFile(binary)
	if err == nil {
		err = os.WriteFile(binary, bytes.ReplaceAll(text, []byte(tags), []byte(forged)), 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	testprogram.Overwrite(t, dir, `
-- go.mod --
module program

go 1.25

replace example.com/dependency => ./dependency
-- dependency/go.mod --
module example.com/dependency

go 1.25
-- dependency/dependency.go --
package dependency

func Value() int { return 1 }
-- main.go --
package main

import "example.com/dependency"

func main() { println(dependency.Value()) }
`)
	before, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MakeRecord(t.Context(), RecordOptions{Binary: binary, Dir: dir}); err == nil || !strings.Contains(err.Error(), "example.com/dependency") {
		t.Errorf("error %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "go.mod")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("go.mod is now\n%s%v", after, err)
	}
}

// TestHostileTree plans an edit of a stranger, who would have commands run: all that the tree can ask of the go command. Go
// promises that building runs no code of a tree; the plan adds nothing to what it does.
func TestHostileTree(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	_, record := recorded(t, hostileProgram)
	command, marker := trap(t)
	bin := filepath.Dir(command)
	for _, name := range []string{"go9.9.9", "go1.99.0"} {
		if err := os.Symlink(command, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOTOOLCHAIN", "")
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	edited := strings.Replace(hostileProgram, "return 1", "return 2", 1)
	for _, c := range []struct{ name, files string }{
		{"toolchain and tool", strings.Replace(edited, "go 1.25\n", "go 1.25\n\ntoolchain go1.99.0\n\ntool program/tool\n", 1) + "-- tool/main.go --\npackage main\n\nimport \"os\"\n\nfunc init() { os.Create(\"" + marker + "\") }\n\nfunc main() {}\n"},
		{"go", strings.Replace(edited, "go 1.25\n", "go 1.99.0\n", 1)},
		{"generate, init and test", edited + "-- more.go --\npackage main\n\nimport \"os\"\n\n//go:generate touch " + marker + "\n\nvar made, _ = os.Create(\"" + marker + "\")\n\nfunc init() { os.Create(\"" + marker + "\") }\n" +
			"-- more_test.go --\npackage main\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc TestMain(m *testing.M) { os.Create(\"" + marker + "\") }\n"},
		{"cgo", edited + "-- c.go --\npackage main\n\n// #cgo CFLAGS: -fplugin=" + command + " -B" + bin + "\n// #cgo pkg-config: --define-variable=x=" + command + " x\nimport \"C\"\n\nvar n = C.int(1)\n"},
		{"workspace", edited + "-- go.work --\ngo 1.25\n\ntoolchain go1.99.0\n\nuse .\n"},
		{"environment", edited + "-- go.env --\nGOFLAGS=-toolexec=" + command + "\n-- .config/go/env --\nGOFLAGS=-toolexec=" + command + "\n"},
		{"repository", edited + "-- .git/HEAD --\nref: refs/heads/main\n-- .git/config --\n[core]\n\trepositoryformatversion = 0\n\tfsmonitor = " + command + "\n-- .git/objects/x --\n-- .git/refs/x --\n"},
		{"go in the tree", edited + "-- go/x --\n"},
	} {
		at := testprogram.Write(t, c.files)
		plan, err := MakePlan(t.Context(), PlanOptions{Record: record, Dir: at})
		if err == nil {
			plan.Close()
		}
		t.Logf("%s: %v", c.name, err)
		notSprung(t, c.name, marker)
	}
	// A go command that was not told which release to be runs what the tree names.
	cmd := exec.Command("go", "list", ".")
	cmd.Dir = testprogram.Write(t, strings.Replace(edited, "go 1.25\n", "go 1.25\n\ntoolchain go1.99.0\n", 1))
	cmd.Env = append(cmd.Environ(), "GOTOOLCHAIN=auto")
	cmd.Run()
	if _, err := os.Stat(marker); err != nil {
		t.Error("nothing springs the trap: the test shows nothing")
	}
}

// A program says how it was built, too, and may be a stranger's.
func TestHostileProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	dir := testprogram.Write(t, hostileProgram)
	command, marker := trap(t)
	b := testprogram.Build{Dir: dir, Args: []string{"-ldflags=-linkmode=internal -extld=" + command}}
	binary := b.Program(t)
	if _, err := MakeRecord(t.Context(), RecordOptions{Binary: binary, Dir: dir}); err == nil || !strings.Contains(err.Error(), "-extld") {
		t.Errorf("error %v", err)
	}
	notSprung(t, "linker", marker)
}

// TestHostileVariables: what a program says of its build may name the toolchain that the go command fetches and runs, so it is
// checked before the go command is asked anything. A go command that tells of being run stands for it.
func TestHostileVariables(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	const room = 200
	dir := testprogram.Write(t, hostileProgram)
	tags := "-tags=" + strings.Repeat("a", room)
	b := testprogram.Build{Dir: dir, Args: []string{tags}}
	binary := b.Program(t)
	text, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	said := "GOTOOLCHAIN=go1.26.77\nbuild\tGOPROXY=file:///nowhere\nbuild\tGOSUMDB=off\nbuild\tzz="
	forged := bytes.ReplaceAll(text, []byte(tags), []byte(said+strings.Repeat("p", len(tags)-len(said))))
	if bytes.Equal(text, forged) {
		t.Fatal("the program does not hold its flags")
	}
	if err := os.WriteFile(binary, forged, 0o777); err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	marker := filepath.Join(bin, "asked")
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\necho \"$GOTOOLCHAIN\" >>"+marker+"\nexit 1\n"), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	if _, err := MakeRecord(t.Context(), RecordOptions{Binary: binary, Dir: dir}); err == nil || !strings.Contains(err.Error(), "GOTOOLCHAIN") {
		t.Errorf("error %v", err)
	}
	if asked, err := os.ReadFile(marker); err == nil {
		t.Errorf("the go command was asked with GOTOOLCHAIN=%s", asked)
	}
}
