package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "curl" {
		os.Exit(fetch(os.Args[1:]))
	}
	testscript.Main(m, map[string]func(){"gosplice": underTest})
}

// TestScripts runs the command as a user does: exit codes, help, and output that goes to no
// terminal.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setUp,
		Condition:           condition,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"code": code, "waitfor": waitFor, "copymodule": copyModule, "chainmodule": chainModule, "forge": forge},
	})
}

// setUp keeps a script away from the programs that run on this machine, but lets it use what
// the go command has compiled and downloaded. It gives it a key to sign with.
func setUp(env *testscript.Env) error {
	run := env.WorkDir + "/run"
	env.Setenv("XDG_RUNTIME_DIR", run)
	env.Setenv("GOSPLICE_SOCKETS", run+"/gosplice")
	env.Setenv("XDG_CACHE_HOME", env.WorkDir+"/cache")
	for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOTOOLCHAIN", "GOFLAGS"} {
		env.Setenv(name, goEnv(name))
	}
	dir, err := library()
	if err != nil {
		return err
	}
	env.Setenv("LIBRARY", dir) // what programs link of this module: nobody edits it
	if err := os.WriteFile(env.WorkDir+"/release.key", pemKey(), 0o600); err != nil {
		return err
	}
	return os.Mkdir(run, 0o700)
}

// condition knows what scripts ask about the machine: whether Go can use C here.
func condition(name string) (bool, error) {
	if name == "cgo" {
		return goEnv("CGO_ENABLED") == "1", nil
	}
	return false, fmt.Errorf("no condition %s", name)
}
