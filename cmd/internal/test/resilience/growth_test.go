//go:build linux && amd64

package resilience

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// mappings is how many the program has, and resident how much memory it takes, in bytes.
func (h *host) mappings() (n int, resident int64) {
	h.t.Helper()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", h.cmd.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", h.cmd.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
	if err != nil {
		h.t.Fatal(err)
	}
	return bytes.Count(maps, []byte("\n")), pages * int64(os.Getpagesize())
}

// TestGrowth applies a patch with a hook and a reset and goes back, ten thousand times where there is time. It takes its
// image once, and no mappings for each time.
func TestGrowth(t *testing.T) {
	h := startHost(t)
	c := h.dial()
	file := readPatch(t, "hooked")
	cycle := func() {
		t.Helper()
		if s, answer := h.apply(c, file); answer != nil {
			t.Fatal(answer)
		} else if len(s.Hooks) != 1 || len(s.Resets) != 1 {
			t.Fatalf("hooks %q and resets %q", s.Hooks, s.Resets)
		}
		if _, answer := h.rollback(c, ""); answer != nil {
			t.Fatal(answer)
		}
	}
	cycle()
	h.answers(0)
	memory := h.status().Memory
	before, _ := h.mappings()
	n := rounds(1000, 10_000)
	for i := range n {
		cycle()
		if i%100 == 0 {
			h.await(1)
		}
	}
	after, resident := h.mappings()
	t.Logf("%d cycles: %d mappings, %d before; %d KB of memory in use", n, after, before, resident>>10)
	if got := h.status().Memory; got != memory {
		t.Errorf("%d cycles took %d bytes of images, one took %d", n, got, memory)
	}
	// The runtime starts threads, and its heap grows.
	if after > before+50 {
		t.Errorf("%d mappings after %d cycles, %d before", after, n, before)
	}
	if resident > 64<<20 {
		t.Errorf("%d MB of memory after %d cycles", resident>>20, n)
	}
	c.Close()
	h.works()
}

// TestManyMappings applies a patch in a program that has nearly as many mappings as the kernel allows. What is loaded anew with
// each apply takes some each time: before none is left for the runtime, that is refused.
func TestManyMappings(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		t.Fatal(err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if limit > 1<<20 {
		t.Skipf("vm.max_map_count is %d here: mapping so much takes too long", limit)
	}
	h := startHost(t)
	have, _ := h.mappings()
	reserve := limit / 64
	if answer := h.ask("map %d", limit-reserve-have-60); answer != "<nil>" {
		t.Fatal(answer)
	}
	c := h.dial()
	file := readPatch(t, "anew")
	before, _ := h.mappings()
	for n := 0; ; n++ {
		_, answer := h.apply(c, file)
		if answer != nil {
			t.Logf("refused after %d: %s", n, answer.Message)
			if n < 5 || n > 30 || !strings.Contains(answer.Message, "vm.max_map_count") {
				t.Errorf("refused after %d: %s", n, answer.Message)
			}
			break
		}
		if _, answer := h.rollback(c, ""); answer != nil {
			t.Fatal(answer)
		}
		if n > 100 {
			now, _ := h.mappings()
			t.Fatalf("%d mappings, %d before, of %d: not refused", now, before, limit)
		}
	}
	h.answers(0)
	// What takes no mapping goes on: a patch in memory, and going back.
	if answer := h.ask("map 0"); answer != "<nil>" {
		t.Fatal(answer)
	}
	c.Close()
	h.works()
}
