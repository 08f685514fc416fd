//go:build linux && amd64

package resilience

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
)

func TestPatchForAnotherBuild(t *testing.T) {
	h := startProgram(t, fixture.rebuilt)
	before := h.await(1)
	h.gosplice("apply", patchFile("v2")).fails(refused, "the patch was made for another build of host", "build ID", "make the patch from this build's record")
	if after := h.await(20); after.Answers[0] != before.Answers[0] || after.Answers[2] != before.Answers[2] {
		t.Errorf("answers by version were %v and are %v", before.Answers, after.Answers)
	}
}

func TestTruncatedFile(t *testing.T) {
	h := startHost(t)
	before := h.state()
	file := readPatch(t, "rare")
	c := h.dial()
	for _, n := range lengths(len(file), rounds(300, len(file))) {
		if _, answer := h.apply(c, file[:n]); answer == nil || answer.Code != control.Refused || answer.Reason != control.ReasonMalformed {
			t.Fatalf("%d of %d bytes: %+v", n, len(file), answer)
		}
	}
	c.Close()
	for _, n := range []int{0, 5, 100, len(file) - 1} {
		name := writeFile(t, file[:n])
		h.gosplice("apply", name).fails(refused, name, "malformed patch: the file ")
	}
	h.stays(before)
	h.works()
}

// lengths chooses about n lengths shorter than size: the first and the last ones, and some between.
func lengths(size, n int) []int {
	var list []int
	for i := range size {
		if i < n/4 || i >= size-n/4 || i%max(1, 2*size/n) == 0 {
			list = append(list, i)
		}
	}
	return list
}

func TestFlippedBits(t *testing.T) {
	h := startHost(t)
	before := h.state()
	file := readPatch(t, "rare")
	c := h.dial()
	bits := 8 * len(file)
	step := max(1, bits/rounds(2000, bits))
	for bit := 0; bit < bits; bit += step {
		damaged := slices.Clone(file)
		damaged[bit/8] ^= 1 << (bit % 8)
		if _, answer := h.apply(c, damaged); answer == nil || answer.Code != control.Refused || answer.Reason != control.ReasonMalformed {
			t.Fatalf("bit %d of %d: %+v", bit, bits, answer)
		}
	}
	c.Close()
	random := rand.New(rand.NewPCG(1, 2))
	for range 5 {
		damaged := slices.Clone(file)
		damaged[random.IntN(len(file))] ^= 1 << random.IntN(8)
		h.gosplice("apply", writeFile(t, damaged)).fails(refused, "malformed patch: ")
	}
	h.stays(before)
	h.works()
}
