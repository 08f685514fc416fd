//go:build linux && amd64

package resilience

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// inProgress are the words for who asks while another one is served.
var inProgress = []string{"another request is in progress (apply v1): wait until it is done, then ask again"}

func TestApplyTwice(t *testing.T) {
	h := startHost(t)
	h.gosplice("apply", patchFile("v1")).succeeds("release -> v1")
	before := h.state()
	for range 2 {
		h.gosplice("apply", patchFile("v1")).succeeds("v1 runs already: nothing was done")
	}
	h.stays(before)
	h.gosplice("rollback").succeeds("v1 -> release")
	h.gosplice("rollback").fails(refused, "the program runs its release: there is nothing to roll back")
	h.gosplice("rollback", "--to", "v9").fails(2, `there is no version "v9" in this process: it has v1, release`)
	h.answers(0)
	h.works()
}

// TestTwoClients has one client in the middle of an apply when others come.
func TestTwoClients(t *testing.T) {
	h := startHost(t)
	h.ask("mood approval block")
	first := make(chan *ended)
	go func() { first <- h.gosplice("apply", patchFile("v1")) }()
	h.ask("blocked")
	h.gosplice("apply", patchFile("v2")).fails(refused, inProgress...)
	h.gosplice("apply", patchFile("v1")).fails(refused, inProgress...)
	h.gosplice("rollback").fails(refused, inProgress...)
	h.gosplice("status").succeeds("under way", "apply v1")
	h.answers(0)
	h.ask("mood approval none")
	h.ask("unblock")
	(<-first).succeeds("release -> v1")
	h.answers(1)
	h.works()
}

// TestManyClients has 20 clients apply two patches at once. Whoever comes too late is told so.
func TestManyClients(t *testing.T) {
	h := startHost(t)
	before := h.state()
	for range rounds(3, 50) {
		var wait sync.WaitGroup
		all := make([]*ended, 20)
		for i := range all {
			wait.Add(1)
			go func() {
				defer wait.Done()
				all[i] = h.gosplice("apply", patchFile([]string{"v1", "v2"}[i%2]), "--json")
			}()
		}
		wait.Wait()
		applied := 0
		for _, e := range all {
			var s struct{ Already bool }
			switch {
			case e.code == done && json.Unmarshal([]byte(e.out), &s) == nil:
				if !s.Already {
					applied++
				}
			default:
				e.fails(refused, "another request is in progress (apply", "): wait until it is done, then ask again")
			}
		}
		if applied == 0 {
			t.Error("of 20 clients none applied a patch")
		}
		version := h.status().Version
		h.answers(map[string]int{"v1": 1, "v2": 2}[version])
		h.gosplice("rollback", "--to", "release").succeeds(version + " -> release")
	}
	before.memory = h.status().Memory
	if want := decoded(t, "v1").Image.Size + decoded(t, "v2").Image.Size; before.memory != want {
		t.Errorf("two patches take %d bytes, want %d", before.memory, want)
	}
	h.stays(before)
	h.works()
}

// TestKilledClient kills clients at any moment. The program finishes what it began, or never began.
func TestKilledClient(t *testing.T) {
	h := startHost(t)
	random := rand.New(rand.NewPCG(5, 6))
	// How long a client takes from its start to its end.
	began := time.Now()
	h.gosplice("apply", patchFile("v1")).succeeds("-> v1")
	h.gosplice("rollback").succeeds("-> release")
	h.gosplice("apply", patchFile("v2")).succeeds("-> v2")
	h.gosplice("rollback").succeeds("-> release")
	took := time.Since(began) / 4
	before := h.state()

	killed := 0
	came := make(map[string]int)
	for range rounds(200, 5000) {
		args := [][]string{{"apply", patchFile("v1")}, {"apply", patchFile("v2")}, {"rollback"}, {"rollback", "--to", "release"}}[random.IntN(4)]
		cmd := exec.Command(fixture.command, append(args, "--socket", h.socket)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(random.Int64N(int64(took))), func() { cmd.Process.Kill() })
		cmd.Wait()
		kill.Stop()
		if cmd.ProcessState.ExitCode() < 0 {
			killed++
		}
		// Until it is done with what the client asked for, the program says so.
		status := h.status()
		for status.InProgress != "" {
			status = h.status()
		}
		came[status.Version]++
		h.await(1)
	}
	t.Logf("%d clients were killed; the program was left in %v", killed, came)
	if killed == 0 || len(came) < 3 {
		t.Errorf("clients were killed too late or too early")
	}
	if version := h.status().Version; version != "release" {
		h.gosplice("rollback", "--to", "release").succeeds(" -> release")
	}
	h.stays(before)
	h.works()
}

// TestInterruptedClient has a user give up waiting. The program goes on, and the command says so.
func TestInterruptedClient(t *testing.T) {
	h := startHost(t)
	h.ask("mood approval block")
	cmd := exec.Command(fixture.command, "apply", patchFile("v1"), "--socket", h.socket)
	var messages strings.Builder
	cmd.Stderr = &messages
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	h.ask("blocked")
	interrupt(t, cmd)
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != failed || messages.String() != "gosplice: interrupted, but the program goes on with it: gosplice status tells what became of it\n" {
		t.Errorf("exit code %d, %s", code, messages.String())
	}
	h.answers(0)
	h.ask("mood approval none")
	h.ask("unblock")
	for h.status().InProgress != "" {
	}
	h.answers(1)
	h.works()
}

func interrupt(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
}
