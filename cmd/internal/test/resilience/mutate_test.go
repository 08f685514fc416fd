//go:build linux && amd64

package resilience

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestMutatedFile changes a good patch at random, seals it again and applies it, thousands of times in
// one program. What is accepted may not be run: nobody can tell what machine code does. So the patch
// is one of a function that the program calls only when it is asked to, without initialisers.
func TestMutatedFile(t *testing.T) {
	h := startHost(t)
	before := h.state()
	good := decoded(t, "rare")
	good.Inits = nil
	random := rand.New(rand.NewPCG(3, 4))
	came := make(map[string]int)
	c := h.dial()
	for i := range rounds(2000, 100000) {
		file, ok := mutated(t, good, random)
		if !ok {
			continue
		}
		s, answer := h.apply(c, file)
		switch {
		case answer != nil:
			came[fmt.Sprint(answer.Code, " ", answer.Reason)]++
			if answer.Code == control.Failed && answer.Message == "" {
				t.Errorf("mutation %d: %+v", i, answer)
			}
		case s.Already:
			came["already"]++
		default:
			came["applied"]++
			h.rollback(c, patch.ReleaseVersion)
		}
		if i%100 == 0 {
			h.ask("collect") // roots in the images
			h.ask("stacks")
			h.status()
		}
		if i%20 == 0 {
			h.await(1)
		}
	}
	c.Close()
	t.Log(came)
	if came["refused malformed"] == 0 || came["applied"] == 0 {
		t.Error("the mutations are too strong or too weak")
	}
	before.memory = h.status().Memory // what was loaded stays
	h.stays(before)
	h.works()
}

// mutated changes one to three things in a patch.
func mutated(t *testing.T, p *patch.Patch, random *rand.Rand) (file []byte, ok bool) {
	t.Helper()
	header, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	sections := [][]byte{header, relocsOf(p), slices.Clone(p.Image.Bytes)}
	for range 1 + random.IntN(3) {
		switch n := random.IntN(10); {
		case n < 7:
			sections[0] = mutateJSON(t, sections[0], random)
		case n < 9:
			mutateBytes(sections[1], random)
		default:
			// Not the code, and not the tables of the code: both say what it does.
			mutateBytes(sections[2][p.Image.DataOff:], random)
		}
	}
	var changed patch.Patch
	if json.Unmarshal(sections[0], &changed) == nil && changed.Image.Size > 16<<20 && changed.Image.Size <= patch.MaxImage {
		return nil, false // a good way to use up the memory near the code, which it is allowed to
	}
	const page = 4096
	if changed.Image.Memory(page) != p.Image.Memory(page) {
		return nil, false // it says itself how much memory it has content in, and that is what is counted
	}
	return sealed(sections...), true
}

func mutateBytes(b []byte, random *rand.Rand) {
	for range 1 + random.IntN(3) {
		if i := random.IntN(len(b)); random.IntN(2) == 0 {
			b[i] ^= 1 << random.IntN(8)
		} else {
			b[i] = byte(random.IntN(256))
		}
	}
}

// mutateJSON changes one value somewhere in a JSON text.
func mutateJSON(t *testing.T, text []byte, random *rand.Rand) []byte {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	var places []func() // each changes one value
	collect(tree, func(v any) { tree = v }, random, &places)
	places[random.IntN(len(places))]()
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// collect finds the values in a tree that can be changed.
func collect(v any, set func(any), random *rand.Rand, places *[]func()) {
	add := func(change func()) { *places = append(*places, change) }
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys) // the seed alone decides
		for _, key := range keys {
			collect(v[key], func(to any) { v[key] = to }, random, places)
		}
		add(func() {
			if len(keys) > 0 {
				delete(v, keys[random.IntN(len(keys))])
			}
		})
	case []any:
		for i := range v {
			collect(v[i], func(to any) { v[i] = to }, random, places)
		}
		add(func() { set(mutateList(v, random)) })
	case json.Number:
		add(func() { set(mutateNumber(v, random)) })
	case string:
		texts := []string{"", "\x00", "host", "image", "symbol", "var", "type", v + v, v + "x", "release", "../../x"}
		add(func() { set(texts[random.IntN(len(texts))]) })
	default:
		add(func() { set("x") })
	}
}

func mutateList(v []any, random *rand.Rand) []any {
	if len(v) == 0 {
		return []any{json.Number("1")}
	}
	i, j := random.IntN(len(v)), random.IntN(len(v))
	switch random.IntN(4) {
	case 0:
		return slices.Delete(slices.Clone(v), i, i+1)
	case 1:
		return append(slices.Clone(v), v[i])
	case 2:
		return nil
	}
	v = slices.Clone(v)
	v[i], v[j] = v[j], v[i]
	return v
}

func mutateNumber(v json.Number, random *rand.Rand) json.Number {
	var n uint64
	fmt.Sscan(v.String(), &n)
	numbers := []uint64{0, 1, 4, n + 1, n - 1, n + 4, n + 8, n - 8, n + 64, n + 4096, n - 4096, 2 * n, n / 2, n ^ 1<<random.IntN(64), n ^ 1<<random.IntN(16),
		random.Uint64N(1 << 24), random.Uint64(), 1 << 31, 1<<32 - 1, 1 << 47, 1<<63 - 1, 1<<64 - 1}
	return json.Number(fmt.Sprint(numbers[random.IntN(len(numbers))]))
}
