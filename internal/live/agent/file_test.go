package agent

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestReadFile: the test's own file has what is in memory.
func TestReadFile(t *testing.T) {
	g := &program{memoryMap: readMemoryMap}
	r := testRelease()
	r.Etext -= testPage // what is mapped ends behind what the file has
	sum := sha256.Sum256(memoryAt(r.Text, r.Etext-r.Text))
	r.TextHash = hex.EncodeToString(sum[:])
	file, err := g.readFile(r.Text, r.Etext-r.Text)
	if err != nil {
		t.Fatal(err)
	}
	text := memoryAt(r.Text, r.Etext-r.Text)
	if !bytes.Equal(file, text) {
		t.Error("the file differs from memory")
	}
	if !g.fileHolds(r.Text, text[:8]) || g.fileHolds(r.Text, text[1:9]) {
		t.Error("fileHolds")
	}
	for _, wrong := range []uint64{8, 1 << 46} {
		if _, err := g.readFile(wrong, 8); err == nil {
			t.Errorf("%#x is in the file", wrong)
		}
	}

	// Another tool has changed a byte of this function.
	changed := bytes.Clone(text)
	changed[ownCode()-r.Text] ^= 1
	g.useFile(&r, changed)
	warnings := g.changedByOthers(&patch.Patch{})
	if g.text.sum != r.TextHash || !slices.ContainsFunc(warnings, func(w string) bool { return strings.Contains(w, "agent.ownCode") }) {
		t.Errorf("hash %s, warnings %q", g.text.sum, warnings)
	}
	other := r
	other.TextHash = strings.Repeat("0", 64)
	g.text = textHash{}
	if g.useFile(&other, changed); g.text.sum != "" {
		t.Error("a file proves another text")
	}
}

// TestChangedByOthers: what another tool has written over a function that a patch has redirected is refused alike by the next
// patch and by a rollback.
func TestChangedByOthers(t *testing.T) {
	p := newTestProcess(t)
	p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}})
	ours := p.engine.code[textEntry("A")]
	p.engine.code[textEntry("A")] = word{0xcc}
	p.engine.takeCalls()
	_, applyErr := p.apply(testPatch{version: "2", functions: []string{"!A/s"}})
	if calls := p.engine.takeCalls(); calls != "" {
		t.Errorf("the engine was asked for %s", calls)
	}
	_, rollbackErr := p.rollback("", peer{}, nil, control.SwitchOptions{}, p.rules, &control.Entry{})
	for what, err := range map[string]error{"apply": applyErr, "rollback": rollbackErr} {
		if err == nil {
			t.Fatalf("%s succeeded", what)
		}
		if got := problemOf(err); got.code != control.Refused || got.reason != control.ReasonTextDiffers || !strings.HasPrefix(got.message, "A") || !strings.Contains(got.message, "another tool") {
			t.Errorf("%s: %s %s: %s", what, got.code, got.reason, got.message)
		}
	}
	p.engine.code[textEntry("A")] = ours
	p.mustApply(testPatch{version: "2", functions: []string{"!A/s"}})
	p.mustRollback("release")
	p.runs("undone", map[string]int{"A": 0})
}
