package main

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestSwap shows everything, with fewer players.
func TestSwap(t *testing.T) {
	needPlugins(t)
	isolate(t)
	var out bytes.Buffer
	err := run(t.Context(), &out, options{players: 60, play: 200 * time.Millisecond})
	t.Log(out.String())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"exit code 3: ", "model is shared, and is not what the host was built from",
		"exit code 1: ", "a wand has power 0",
		"61 accepted", " 0 lost", " 0 wrong", "every answer was right",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q", want)
		}
	}
}

func needPlugins(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program and seven plugins")
	}
	env, err := exec.Command("go", "env", "GOOS", "CGO_ENABLED").Output()
	if err != nil {
		t.Fatal(err)
	}
	if on := strings.Fields(string(env)); on[0] != "linux" && on[0] != "freebsd" || on[1] != "1" {
		t.Skipf("GOOS and CGO_ENABLED are %s: Go has plugins on linux and freebsd only, and they need cgo", on)
	}
}

// isolate gives the program a directory for sockets in which no other is, and checks that nothing stays.
func isolate(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	sockets, err := os.MkdirTemp("/tmp", "gosplice-run-") // short: the path of a socket is
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_RUNTIME_DIR", sockets)
	t.Cleanup(func() {
		os.RemoveAll(sockets)
		left, err := os.ReadDir(temp)
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	})
}
