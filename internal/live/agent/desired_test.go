package agent

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Programs and images of these tests are written down in short. The program has the functions
// A, B, … at 0x400000, 0x400100, …; version n is loaded n MB above 0x10000000 and has its
// functions 0x100 apart, in the order given.

func hostEntry(name string) uint64 { return 0x400000 + uint64(name[0]-'A')*0x100 }

func hostWord(name string) word { return word{0x49, 0x3b, 0x66, 0x10, name[0], 0, 0, 0xcc} }

func versionBase(n int) uint64 { return 0x10000000 + uint64(n)<<20 }

// testImage is version n. Each function is "name" or "name/signature", with "!" in front when it replaces the program's
// function.
func testImage(n int, functions ...string) *image {
	p := &patch.Patch{}
	memory := make([]byte, 0x100*len(functions)+8)
	for i, f := range functions {
		f, replaces := strings.CutPrefix(f, "!")
		fn := patch.Func{ABI: 1, Off: uint64(i) * 0x100, Size: 0x80, Busy: patch.Busy{Lo: 1, Hi: uint32(n + 5)}}
		fn.Name, fn.Sig, _ = strings.Cut(f, "/")
		p.Funcs = append(p.Funcs, fn)
		copy(memory[fn.Off:], []byte{0x55, byte(n), byte(i), 1, 2, 3, 4, 5})
		if replaces {
			p.Redirects = append(p.Redirects, patch.Redirect{
				Func: uint32(i), Addr: hostEntry(fn.Name), Size: 0x90, Old: hostWord(fn.Name), Busy: patch.Busy{Lo: 1, Hi: 5},
			})
		}
	}
	return newImage(p, versionBase(n), memory)
}

// describe says for each entry where it leads, such as "A@0 -> A@1" (0 is the program), in order.
// Entries that hold their own code are left out.
func describe(t *testing.T, images []*image, sites []site) string {
	t.Helper()
	names := make(map[uint64]string)
	for _, m := range images {
		n := int(m.base-versionBase(0)) >> 20
		for i, f := range m.funcs {
			names[m.entry(i)] = fmt.Sprintf("%s@%d", f.Name, n)
		}
		for _, r := range m.redirects {
			names[r.Addr] = m.funcs[r.Func].Name + "@0"
		}
	}
	var lines []string
	for _, s := range sites {
		if s.wanted == s.original {
			continue
		}
		if [3]byte(s.wanted[5:]) != [3]byte(s.original[5:]) || s.wanted[0] != 0xe9 {
			t.Errorf("%s: % x is not a jump over % x", names[s.addr], s.wanted, s.original)
		}
		distance := int32(binary.LittleEndian.Uint32(s.wanted[1:]))
		to := uint64(int64(s.addr) + 5 + int64(distance))
		lines = append(lines, names[s.addr]+" -> "+names[to])
	}
	return strings.Join(lines, ", ")
}

func TestDesired(t *testing.T) {
	v := testImage
	for _, c := range []struct {
		name   string
		images []*image
		target int // index into images plus 1; 0 is the release
		want   string
	}{
		{"nothing loaded", nil, 0, ""},
		{"release", []*image{v(1, "!A/s", "N/n")}, 0, "A@1 -> A@0"},
		{"first patch", []*image{v(1, "!A/s", "!B/s", "N/n")}, 1, "A@0 -> A@1, B@0 -> B@1"},
		{"second patch", []*image{v(1, "!A/s", "N/n"), v(2, "!A/s", "N/n", "M/m")}, 2,
			"A@0 -> A@2, A@1 -> A@2, N@1 -> N@2"},
		{"back to the first", []*image{v(1, "!A/s", "N/n"), v(2, "!A/s", "!B/s", "N/n", "M/m")}, 1,
			"A@0 -> A@1, A@2 -> A@1, B@2 -> B@0, N@2 -> N@1"},
		{"back to the release", []*image{v(1, "!A/s", "N/n"), v(2, "!A/s", "!B/s")}, 0,
			"A@1 -> A@0, A@2 -> A@0, B@2 -> B@0"},
		{"function reverts to its release form", []*image{v(1, "!A/s", "!B/s"), v(2, "!B/s")}, 2,
			"B@0 -> B@2, A@1 -> A@0, B@1 -> B@2"},
		{"function dropped that only patches had", []*image{v(1, "!A/s", "N/n"), v(2, "!A/s")}, 2,
			"A@0 -> A@2, A@1 -> A@2"},
		{"signature of a new function changes", []*image{v(1, "!A/s", "N/n"), v(2, "!A/s", "N/other")}, 2,
			"A@0 -> A@2, A@1 -> A@2"},
		{"signature unknown", []*image{v(1, "!A", "N"), v(2, "!A", "N")}, 2, "A@0 -> A@2"},
		{"signature of a replaced function changes, which is then not replaced",
			[]*image{v(1, "!A/s"), v(2, "A/other")}, 2, "A@1 -> A@0"},
		{"three versions, the middle one", []*image{v(1, "!A/s"), v(2, "!A/s", "!B/s"), v(3, "!B/s", "!D/s")}, 2,
			"A@0 -> A@2, B@0 -> B@2, A@1 -> A@2, B@3 -> B@2, D@3 -> D@0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var target *image
			if c.target > 0 {
				target = c.images[c.target-1]
			}
			sites, err := desired(c.images, target)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(t, c.images, sites); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !slices.IsSortedFunc(sites, func(a, b site) int { return cmp.Compare(a.addr, b.addr) }) {
				t.Error("sites are not in order")
			}
		})
	}
}

func TestABIsAreDifferentFunctions(t *testing.T) {
	one, two := testImage(1, "N/n"), testImage(2, "N/n")
	two.funcs[0].ABI = 0
	two = newImage(&patch.Patch{Funcs: two.funcs}, two.base, make([]byte, 8))
	sites, err := desired([]*image{one, two}, two)
	if err != nil {
		t.Fatal(err)
	}
	if got := describe(t, []*image{one, two}, sites); got != "" {
		t.Errorf("got %s", got)
	}
}

// switchFor takes the entries to target and returns the writes, which are applied to written.
func switchFor(t *testing.T, images []*image, target *image, written map[uint64]word) []splice.Write {
	t.Helper()
	sites, err := desired(images, target)
	if err != nil {
		t.Fatal(err)
	}
	writes := differences(sites, written)
	for _, w := range writes {
		written[w.Addr] = w.New
	}
	if again := differences(sites, written); len(again) != 0 {
		t.Errorf("after the switch there are still differences: %v", again)
	}
	return writes
}

// Only code that a jump replaces for the first time has to be clear of goroutines.
func TestDifferencesOverALife(t *testing.T) {
	written := make(map[uint64]word)
	one, two := testImage(1, "!A/s", "N/n"), testImage(2, "!A/s", "!B/s", "N/n")
	none := patch.Busy{}
	host, inOne, inTwo := patch.Busy{Lo: 1, Hi: 5}, patch.Busy{Lo: 1, Hi: 6}, patch.Busy{Lo: 1, Hi: 7}

	images := []*image{one}
	check := func(step string, target *image, want map[uint64]patch.Busy) {
		t.Helper()
		got := make(map[uint64]patch.Busy)
		for _, w := range switchFor(t, images, target, written) {
			got[w.Addr] = w.Busy
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", step, got, want)
		}
	}
	a, b := hostEntry("A"), hostEntry("B")
	check("apply 1", one, map[uint64]patch.Busy{a: host})
	images = append(images, two)
	check("apply 2", two, map[uint64]patch.Busy{a: none, b: host, one.entry(0): inOne, one.entry(1): inOne})
	check("apply 2 again", two, map[uint64]patch.Busy{})
	check("back to 1", one, map[uint64]patch.Busy{
		a: none, b: none, one.entry(0): none, one.entry(1): none,
		two.entry(0): inTwo, two.entry(1): inTwo, two.entry(2): inTwo,
	})
	check("to 2 again", two, map[uint64]patch.Busy{
		a: none, b: host, one.entry(0): inOne, one.entry(1): inOne,
		two.entry(0): none, two.entry(1): none, two.entry(2): none,
	})
	check("to the release", nil, map[uint64]patch.Busy{
		a: none, b: none, one.entry(0): none, one.entry(1): none,
		two.entry(0): inTwo, two.entry(1): inTwo,
	})
	for _, name := range []string{"A", "B"} {
		if got := written[hostEntry(name)]; got != hostWord(name) {
			t.Errorf("%s of the release holds % x", name, got)
		}
	}
}

// A jump that leads far is two instructions, so nobody may be between them when it goes either.
func TestDifferencesOfFarJumps(t *testing.T) {
	s := site{addr: 0x1000, original: word{1}, wanted: word{2}, busy: patch.Busy{Hi: 64}, far: true}
	between := patch.Busy{Lo: 1, Hi: 8}
	for _, c := range []struct {
		name        string
		now, wanted word
		busy        patch.Busy
	}{
		{"a jump for the code", s.original, word{2}, s.busy},
		{"a jump for another", word{2}, word{3}, between},
		{"the code for a jump", word{2}, s.original, between},
	} {
		s.wanted = c.wanted
		writes := differences([]site{s}, map[uint64]word{s.addr: c.now})
		if len(writes) != 1 || writes[0].Busy != c.busy {
			t.Errorf("%s: %v", c.name, writes)
		}
	}
}

// What a function of a far image leads back to is the code in the image that goes on there.
func TestWayHome(t *testing.T) {
	p := &patch.Patch{
		Image:     patch.Image{Far: true},
		Funcs:     []patch.Func{{Name: "A"}, {Name: "B", Off: 8}},
		Redirects: []patch.Redirect{{Func: 0, Addr: 0x100, Home: 0x40}, {Func: 1, Addr: 0x200}},
	}
	m := newImage(p, 0x50000000, make([]byte, 64))
	for _, c := range []struct {
		i        int
		to, want uint64
	}{{0, 0x100, 0x50000040}, {0, 0x300, 0x300}, {1, 0x200, 0x200}} {
		if got := m.wayTo(c.i, c.to); got != c.want {
			t.Errorf("from function %d to %#x: %#x, want %#x", c.i, c.to, got, c.want)
		}
	}
}

func TestDesiredOutOfReach(t *testing.T) {
	far := testImage(1, "!A/s")
	far.base = 1 << 40
	if _, err := desired([]*image{far}, far); err == nil || !strings.Contains(err.Error(), "A at ") {
		t.Errorf("err = %v", err)
	}
}

func TestLeaving(t *testing.T) {
	one, two := testImage(1, "!A/s"), testImage(2, "!B/s")
	images := []*image{one, two}
	written := map[uint64]word{}
	switchFor(t, images, one, written)
	sites, err := desired(images, two)
	if err != nil {
		t.Fatal(err)
	}
	got := rangesOf(leaving(sites, differences(sites, written)))
	// The program's A goes back to its own code, so what calls leave are its B and the patch's A.
	want := []splice.Range{body(hostEntry("B"), 0x90), body(one.entry(0), 0x80)}
	if !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}
