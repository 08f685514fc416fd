package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

var update = flag.Bool("update", false, "write the golden files")

// testdata is where the golden files are, wherever a test has gone.
var testdata, _ = filepath.Abs("testdata")

// golden compares what a command printed with a file in testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(testdata, name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; go test -update writes it.\ngot:\n%s\nwant:\n%s", file, text, want)
	}
	for line := range strings.Lines(text) {
		if n := len([]rune(strings.TrimRight(line, "\n"))); n > usualWidth {
			t.Errorf("line of %d columns: %s", n, line)
		}
	}
}

// gosplice runs a command line and returns its exit code and what it wrote.
func gosplice(t *testing.T, args ...string) (code int, out, messages string) {
	t.Helper()
	var o, e bytes.Buffer
	code = execute(context.Background(), &console{out: &o, err: &e, width: usualWidth, messageWidth: usualWidth}, args)
	return code, o.String(), e.String()
}

// code runs a command in a script and checks its exit code: code 3 gosplice plan.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [args]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// waitFor waits until a file is there that fits a pattern: waitfor dir/*.sock.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor pattern")
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err != nil || len(found) > 0 {
			ts.Check(err)
			return
		}
	}
	ts.Fatalf("no file %s", args[0])
}

// copyModule copies what a program links of this module, so that nobody edits it while a script
// compares builds: copymodule dir.
func copyModule(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: copymodule dir")
	}
	ts.Check(testprogram.CopyLibrary(ts.MkAbs(args[0]), checkout))
}

// testBinary is this test's program, which is gosplice under that name.
func testBinary(t *testing.T) string {
	t.Helper()
	file, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// chainModule makes a module with a program and logic that is swapped: chainmodule dir.
func chainModule(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: chainmodule dir")
	}
	to := ts.MkAbs(args[0])
	ts.Check(os.CopyFS(to, os.DirFS(filepath.Join(testdata, "chain"))))
	ts.Check(os.Rename(filepath.Join(to, "go.mod.txt"), filepath.Join(to, "go.mod")))
	file := filepath.Join(to, "go.mod")
	text, err := os.ReadFile(file)
	ts.Check(err)
	ts.Check(os.WriteFile(file, []byte(strings.Replace(string(text), "./gosplice", ts.Getenv("LIBRARY"), 1)), 0o666))
}

// checkout is the root of the checkout.
var checkout, _ = filepath.Abs("../..")

// goEnv is a variable of the go command.
func goEnv(name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		panic(err)
	}
	return strings.TrimSpace(string(out))
}
