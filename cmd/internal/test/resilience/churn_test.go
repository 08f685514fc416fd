//go:build linux && amd64

package resilience

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestChurn applies, rolls back and applies newer patches under full load while the garbage collector
// never rests. A patch takes its image and no more, once: going back to it costs nothing.
func TestChurn(t *testing.T) {
	h := startHost(t, "GOGC=1", "HOST_LOAD=full")
	before := h.state()
	heap := h.heap()
	c := h.dial()

	newer := func(edit string, round int) []byte {
		p := decoded(t, edit)
		p.Version = fmt.Sprintf("%s.%d", edit, round)
		file, err := patch.Encode(p, nil)
		if err != nil {
			t.Fatal(err)
		}
		return file
	}
	apply := func(file []byte) uint64 {
		t.Helper()
		s, answer := h.apply(c, file)
		if answer != nil {
			t.Fatal(answer)
		}
		return s.Memory
	}
	rollback := func(to string) {
		t.Helper()
		if _, answer := h.rollback(c, to); answer != nil {
			t.Fatal(answer)
		}
	}

	n := rounds(60, 300)
	images := [3]uint64{0, decoded(t, "v1").Image.Size, decoded(t, "v2").Image.Size}
	total := uint64(0)
	for round := range n {
		one, two := newer("v1", round), newer("v2", round)
		total += apply(one)
		h.answers(1)
		rollback("")
		total += apply(two)
		h.answers(2)
		rollback(patch.ReleaseVersion)
		// What was there before costs nothing.
		if more := apply(one) + apply(two) + apply(one); more != 0 {
			t.Fatalf("patches that were loaded already took %d bytes", more)
		}
		rollback(fmt.Sprintf("v2.%d", round))
		h.answers(2)
		rollback(patch.ReleaseVersion)
		if want := uint64(round+1) * (images[1] + images[2]); total != want {
			t.Fatalf("%d patches took %d bytes, want %d", 2*(round+1), total, want)
		}
	}
	h.answers(0)
	before.memory += total
	before.version = "release"
	c.Close() // the agent serves an idle connection for as long as a state is waited for
	h.stays(before)

	// What the agent remembers of a patch.
	const limit = 64 << 10
	grown := int64(h.heap()-heap) / int64(2*n)
	t.Logf("%d patches: %d bytes of image and %d bytes of heap each", 2*n, total/uint64(2*n), grown)
	if grown+int64(images[1]) > limit {
		t.Errorf("a patch takes %d bytes of image and %d bytes of heap; more than %d", images[1], grown, limit)
	}
	h.works()
}

// heap is the size of what lives in the program's heap.
func (h *host) heap() uint64 {
	h.t.Helper()
	n, err := strconv.ParseUint(h.ask("collect"), 10, 64)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}
