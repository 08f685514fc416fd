//go:build linux && amd64

package resilience

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestInitialiser has the initialiser of a new variable do what it should not.
func TestInitialiser(t *testing.T) {
	for _, c := range []struct {
		mood  string
		words []string
	}{
		{"panic", []string{"initialiser var surcharges of example.com/host (", "work.go:18) panicked: initialiser fails on two lines: nothing was switched; mend it and make the patch again"}},
		{"refuse", []string{"work.go:18) panicked: not today: nothing was switched"}},
		{"exit", []string{"work.go:18) ended its goroutine with runtime.Goexit: nothing was switched; mend it and make the patch again"}},
	} {
		t.Run(c.mood, func(t *testing.T) {
			h := startHost(t)
			before := h.state()
			h.ask("mood initialiser %s", c.mood)
			for range 2 {
				h.gosplice("apply", patchFile("v1")).fails(failed, c.words...)
				before.memory += decoded(t, "v1").Image.Size // which the runtime knows of
			}
			h.stays(before)
			h.ask("mood initialiser none")
			h.works()
		})
	}
}

// TestNextTry has a patch fail after it has joined types of the program with its own: in the method table
// of a type of the release the next try has to be found as well.
func TestNextTry(t *testing.T) {
	h := startHost(t)
	before := h.ask("seldom")
	h.ask("mood initialiser panic")
	h.gosplice("apply", patchFile("rare")).fails(failed, "panicked")
	if got := h.ask("seldom"); got != before {
		t.Errorf("after the failed try: %s, before: %s", got, before)
	}
	h.ask("mood initialiser none")
	h.gosplice("apply", patchFile("rare")).succeeds("-> rare")
	if got, want := h.ask("seldom"), "often 1 [voucher 2 voucher 1 tariff 3 tariff 3] map[start:2 voucher 2:1]"; got != want {
		t.Errorf("the patched function answers %q, want %q", got, want)
	}
	h.works()
}

// TestNewerPatch applies a patch over one with the same new functions, among them one of package time that
// the release does not have.
func TestNewerPatch(t *testing.T) {
	h := startHost(t)
	h.gosplice("apply", patchFile("rare")).succeeds("-> rare")
	for n := range 3 {
		p := decoded(t, "rare")
		p.Version = fmt.Sprint("rare.", n+1)
		if !slices.ContainsFunc(p.Funcs, func(f patch.Func) bool { return f.Name == "time.ParseDuration" }) {
			t.Fatal("the patch does not have a function of package time")
		}
		file, err := patch.Encode(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.gosplice("apply", writeFile(t, file)).succeeds("-> " + p.Version)
		if got := h.ask("seldom"); !strings.HasPrefix(got, "often 1 ") {
			t.Errorf("seldom: %s", got)
		}
	}
	h.works()
}

// TestBlockingInitialiser has an initialiser that does not return in time, and one that returns
// later.
func TestBlockingInitialiser(t *testing.T) {
	h := startHost(t)
	before := h.state()
	h.ask("mood initialiser block")
	h.gosplice("apply", patchFile("v1"), "--init-timeout", "50ms").fails(failed, "initialiser var surcharges of example.com/host (", "did not return within 50ms: nothing was switched, and it still runs in the background")
	before.memory += decoded(t, "v1").Image.Size
	before.goroutines++
	h.stays(before)
	h.ask("mood initialiser none")
	h.gosplice("apply", patchFile("v1")).fails(failed, "of an earlier try still runs", "wait until it returns")
	before.memory += decoded(t, "v1").Image.Size
	h.stays(before)
	// Another patch is not held up.
	h.gosplice("apply", patchFile("v2")).succeeds("-> v2")
	h.answers(2)
	h.gosplice("rollback").succeeds("-> release")
	h.ask("unblock")
	before.memory += decoded(t, "v2").Image.Size
	before.goroutines--
	h.stays(before)
	h.works()
}

// TestInitialiserTakesALock has an initialiser take a lock that the program's workers use all the time.
func TestInitialiserTakesALock(t *testing.T) {
	h := startHost(t, "HOST_LOAD=full")
	h.ask("mood initialiser lock")
	h.works()
}

// TestApproval has the program's approval function do what it should not.
func TestApproval(t *testing.T) {
	for _, c := range []struct{ mood, says string }{
		{"refuse", "the program did not approve: not today"},
		{"panic", "the program's approval function panicked: approval fails on two lines"},
		{"exit", "the program's approval function ended its goroutine with runtime.Goexit"},
	} {
		t.Run(c.mood, func(t *testing.T) {
			h := startHost(t)
			before := h.state()
			h.ask("mood approval %s", c.mood)
			for range 2 {
				h.gosplice("apply", patchFile("v1")).fails(refused, c.says)
			}
			h.stays(before)
			h.ask("mood approval none")
			h.gosplice("apply", patchFile("v1")).succeeds("-> v1")
			h.ask("mood approval %s", c.mood)
			h.gosplice("rollback").fails(refused, c.says)
			h.answers(1)
			h.ask("mood approval none")
			h.works()
		})
	}
}
