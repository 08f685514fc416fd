package agent

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// everything makes a patch use all that a patch can.
func everything(p *patch.Patch) {
	p.Symbols = []patch.Symbol{
		{Name: "x.hits", Kind: "var", Hash: "int", Off: 2*testPage + 0x800, Size: 8},
		{Name: "x.bonus", Kind: "type", Hash: "b", Off: testPage, Size: 64},
	}
	p.Relocs = []patch.Reloc{{Off: 0x48, Kind: patch.AddSym64, Sym: 0}, {Off: testPage + 0x10, Kind: patch.AddBase64}}
	clear(p.Image.Bytes[0x48:0x50])
	p.Itabs = []patch.Itab{{
		Name: "x.bonus,error", Inter: patch.Ref{Kind: "host", Value: dataAddr(0)}, Type: patch.Ref{Kind: "symbol", Value: 1},
		Slots: []uint64{2*testPage + 0x400},
	}}
	p.Fills = []patch.Fill{
		{Addr: dataAddr(8), Size: 8, To: patch.Ref{Kind: "image", Value: 0x40}, Name: "x.M"},
		{Addr: dataAddr(9), Size: 4, To: patch.Ref{Kind: "image", Value: 0x40}, Base: p.Release.Text, Name: "x.M offset"},
	}
	p.FilledTypes = []uint64{dataAddr(16)}
	p.Inits = []patch.Init{{Name: "var x.hits", Vars: []uint32{0}, Funcs: []uint64{p.Funcs[len(p.Funcs)-1].Off}, File: "x.go", Line: 3}}
}

func TestApplyOrder(t *testing.T) {
	p := newTestProcess(t)
	done := p.mustApply(testPatch{version: "1", functions: []string{"!A/s", "N/n", "init"}, with: everything})
	want := "arm reserve seal register fill:8 fill:4 refresh flush itab init: switch"
	if got := p.engine.takeCalls(); got != want {
		t.Errorf("calls\n got %s\nwant %s", got, want)
	}
	p.runs("applied", map[string]int{"A": 1, "B": 0})
	if done.From != "release" || done.To != "1" || done.Functions != 1 || done.Created != 2 || done.Memory != 3*testPage || !slices.Equal(done.Inits, []string{"var x.hits"}) {
		t.Errorf("result %+v", done)
	}
	r := p.engine.regions[0]
	word64 := func(off int) uint64 { return binary.LittleEndian.Uint64(r.memory[off:]) }
	if got := word64(0x48); got != r.base+2*testPage+0x800 {
		t.Errorf("reference to the variable is %#x", got)
	}
	if got, want := word64(2*testPage+0x400), dataAddr(0)+r.base+testPage; got != want {
		t.Errorf("slot of the interface table is %#x, want %#x", got, want)
	}
}

func TestSecondPatchShares(t *testing.T) {
	p := newTestProcess(t)
	functions := []string{"!A/s", "N/n", "init"}
	p.mustApply(testPatch{version: "1", functions: functions, with: everything})
	p.engine.takeCalls()
	done := p.mustApply(testPatch{version: "2", functions: append([]string{"!B/s"}, functions...), with: everything})
	// Its variable is there, so nothing initialises it; the host words are filled already.
	if got, want := p.engine.takeCalls(), "reserve seal register refresh flush itab switch"; got != want {
		t.Errorf("calls\n got %s\nwant %s", got, want)
	}
	if done.Reused != 2 || done.Created != 0 || len(done.Inits) != 0 {
		t.Errorf("result %+v", done)
	}
	one, two := p.engine.regions[0], p.engine.regions[1]
	if two.base < one.base+3*testPage {
		t.Errorf("images at %#x and %#x are not ascending", one.base, two.base)
	}
	if got := binary.LittleEndian.Uint64(two.memory[0x48:]); got != one.base+2*testPage+0x800 {
		t.Errorf("the second patch uses the variable at %#x", got)
	}
	if done.Functions != 2 {
		t.Errorf("%d functions of the program changed", done.Functions)
	}
	p.runs("second", map[string]int{"A": 2, "B": 2})
}

func TestApplyTwice(t *testing.T) {
	p := newTestProcess(t)
	d := testPatch{version: "1", functions: []string{"!A/s"}}
	p.mustApply(d)
	p.engine.takeCalls()
	done := p.mustApply(d)
	if !done.Already || !strings.Contains(done.Message, "applied already") {
		t.Errorf("result %+v", done)
	}
	if got := p.engine.takeCalls(); got != "" {
		t.Errorf("calls %s", got)
	}
	if got := p.stackLabels(); !slices.Equal(got, []string{"1"}) {
		t.Errorf("stack %v", got)
	}
}

func TestRollback(t *testing.T) {
	p := newTestProcess(t)
	one := testPatch{version: "1", functions: []string{"!A/s"}}
	two := testPatch{version: "2", functions: []string{"!A/s", "!B/s"}}
	three := testPatch{version: "3", functions: []string{"!C/s"}}
	check := func(step string, done *control.Switched, to string, stack []string, want map[string]int) {
		t.Helper()
		if done.To != to {
			t.Errorf("%s: to %s", step, done.To)
		}
		if got := p.stackLabels(); !slices.Equal(got, stack) {
			t.Errorf("%s: stack %v, want %v", step, got, stack)
		}
		p.runs(step, want)
	}
	check("apply 1", p.mustApply(one), "1", []string{"1"}, map[string]int{"A": 1, "B": 0, "C": 0})
	check("apply 2", p.mustApply(two), "2", []string{"1", "2"}, map[string]int{"A": 2, "B": 2, "C": 0})
	check("apply 3", p.mustApply(three), "3", []string{"1", "2", "3"}, map[string]int{"A": 0, "B": 0, "C": 3})
	check("back", p.mustRollback(""), "2", []string{"1", "2"}, map[string]int{"A": 2, "B": 2, "C": 0})
	check("to 1", p.mustRollback("1"), "1", []string{"1"}, map[string]int{"A": 1, "B": 0, "C": 0})
	p.engine.takeCalls()
	check("to 3", p.mustRollback("3"), "3", []string{"1", "3"}, map[string]int{"A": 0, "B": 0, "C": 3})
	check("apply 2 again", p.mustApply(two), "2", []string{"1", "3", "2"}, map[string]int{"A": 2, "B": 2, "C": 0})
	check("to the release", p.mustRollback("release"), "release", nil, map[string]int{"A": 0, "B": 0, "C": 0})
	check("apply 1 again", p.mustApply(one), "1", []string{"1"}, map[string]int{"A": 1, "B": 0, "C": 0})
	check("back", p.mustRollback(""), "release", nil, map[string]int{"A": 0, "B": 0, "C": 0})
	if got := p.engine.takeCalls(); strings.Trim(got, "switch ") != "" {
		t.Errorf("going to versions that are loaded did more than switch: %s", got)
	}
	if done := p.mustRollback("release"); !done.Already {
		t.Errorf("release to release: %+v", done)
	}
}

func TestRollbackByID(t *testing.T) {
	p := newTestProcess(t)
	first := p.mustApply(testPatch{functions: []string{"!A/s"}})
	if first.To != first.ID[:12] {
		t.Errorf("version %q of patch %s", first.To, first.ID)
	}
	p.mustApply(testPatch{version: "2", functions: []string{"!A/s"}})
	if done := p.mustRollback(first.ID[:8]); done.ID != first.ID {
		t.Errorf("went to %s", done.ID)
	}
}

func TestRollbackRefused(t *testing.T) {
	p := newTestProcess(t)
	rollback := func(to string) *problem {
		_, err := p.rollback(to, peer{}, nil, control.SwitchOptions{}, p.rules, &control.Entry{})
		if err == nil {
			t.Fatalf("rollback to %q succeeded", to)
		}
		return problemOf(err)
	}
	if got := rollback(""); got.code != control.Refused || got.reason != control.ReasonNoVersion {
		t.Errorf("in the release: %+v", got)
	}
	p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}})
	if got := rollback("7"); got.code != control.Usage || !strings.Contains(got.message, "it has 1, release") {
		t.Errorf("unknown version: %+v", got)
	}
	p.rules.approve = func(Request) error { return errors.New("not today") }
	if got := rollback("release"); got.reason != control.ReasonNotApproved || !strings.Contains(got.message, "not today") {
		t.Errorf("not approved: %+v", got)
	}
	p.runs("after refusals", map[string]int{"A": 1})
}

func TestApplyRefused(t *testing.T) {
	key, other := ed25519.NewKeyFromSeed(make([]byte, 32)), ed25519.NewKeyFromSeed([]byte("00000000000000000000000000000000"))
	trusted := policy{trusted: []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}}
	for _, c := range []struct {
		name, reason, says string
		with               func(*patch.Patch)
		rules              policy
		key                ed25519.PrivateKey
	}{
		{"build ID", control.ReasonWrongBase, "build ID other, this process has ", func(p *patch.Patch) { p.Release.BuildID = "other" }, policy{}, nil},
		{"Go release", control.ReasonToolchain, "go1.5", func(p *patch.Patch) { p.Release.GoVersion = "go1.5" }, policy{}, nil},
		{"architecture", control.ReasonToolchain, "arm64", func(p *patch.Patch) { p.Release.GOARCH = "arm64" }, policy{}, nil},
		{"text hash", control.ReasonTextDiffers, "breakpoint", func(p *patch.Patch) { p.Release.TextHash = strings.Repeat("00", 32) }, policy{}, nil},
		{"text elsewhere", control.ReasonTextDiffers, "in this process it is elsewhere", func(p *patch.Patch) {
			p.Release.Text -= 1 << 20
			p.Release.Etext = p.Release.Text + 0x10000
			p.Redirects = nil
		}, policy{}, nil},
		{"first bytes", control.ReasonMalformed, "A (A.go:1) begins with", func(p *patch.Patch) { p.Redirects[0].Old[0] ^= 1 }, policy{}, nil},
		{"fill elsewhere", control.ReasonMalformed, "x.M", func(p *patch.Patch) { everything(p); p.Fills[0].Addr = 8 }, policy{}, nil},
		{"type elsewhere", control.ReasonMalformed, "a type", func(p *patch.Patch) { everything(p); p.FilledTypes[0] = 1 << 46 }, policy{}, nil},
		{"interface elsewhere", control.ReasonMalformed, "x.bonus,error", func(p *patch.Patch) { everything(p); p.Itabs[0].Inter.Value = 1 << 46 }, policy{}, nil},
		{"variable elsewhere", control.ReasonMalformed, "runtime.allgs", func(p *patch.Patch) { p.Runtime.Var = map[string]uint64{"runtime.allgs": 16} }, policy{}, nil},
		{"unsigned", control.ReasonUnsigned, "not signed", nil, trusted, nil},
		{"foreign key", control.ReasonForeignKey, "does not trust", nil, trusted, other},
		{"approval", control.ReasonNotApproved, "Friday", nil, policy{approve: func(Request) error { return errors.New("it is Friday") }}, nil},
		{"approval panics", control.ReasonNotApproved, "panicked: oh no", nil, policy{approve: func(Request) error { panic("oh\nno") }}, nil},
		{"approval exits", control.ReasonNotApproved, "ended its goroutine", nil, policy{approve: func(Request) error { runtime.Goexit(); return nil }}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newTestProcess(t)
			p.rules = c.rules
			_, err := p.apply(testPatch{version: "1", functions: []string{"!A/s", "N/n", "init"}, with: c.with, key: c.key})
			if err == nil {
				t.Fatal("applied")
			}
			got := problemOf(err)
			if got.code != control.Refused || got.reason != c.reason || !strings.Contains(got.message, c.says) {
				t.Errorf("got %s %s: %s", got.code, got.reason, got.message)
			}
			if strings.Contains(got.message, "\n") {
				t.Errorf("message has lines: %q", got.message)
			}
			if calls := p.engine.takeCalls(); calls != "" {
				t.Errorf("the engine was asked for %s", calls)
			}
		})
	}
}

func TestApplyMalformed(t *testing.T) {
	p := newTestProcess(t)
	_, err := p.patcher.apply([]byte("no patch"), peer{}, nil, control.SwitchOptions{}, policy{}, &control.Entry{})
	if got := problemOf(err); err == nil || got.reason != control.ReasonMalformed {
		t.Errorf("err = %v", err)
	}
}

func TestTrustedKey(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	p := newTestProcess(t)
	p.rules.trusted = []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
	p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}, key: key})
}

func TestApprovalIsTold(t *testing.T) {
	p := newTestProcess(t)
	var asked []Request
	p.rules.approve = func(r Request) error { asked = append(asked, r); return nil }
	done := p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}})
	p.mustRollback("")
	want := []Request{
		{Action: ActionApply, Version: "1", ID: done.ID, UID: 1000, PID: 77},
		{Action: ActionRollback, Version: "release", UID: 1000, PID: 77},
	}
	if len(asked) != 2 || asked[0].Version != want[0].Version || asked[0].ID != want[0].ID || asked[0].PID != 77 ||
		asked[1].Action != ActionRollback || asked[1].Version != "release" || asked[1].ID != "" {
		t.Errorf("asked %+v, want %+v", asked, want)
	}
}

// A patch that places the runtime elsewhere than the one before is refused when it is wrong, and only then:
// the first one may have been the wrong one.
func TestRuntimeMovedBetweenPatches(t *testing.T) {
	p := newTestProcess(t)
	p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}})
	moved := testPatch{version: "2", functions: []string{"!A/s"}, with: func(p *patch.Patch) { p.Runtime.Types = 0x500000 }}
	p.engine.fail("arm", errors.New("runtime.lock2 is not there"))
	_, err := p.apply(moved)
	if got := problemOf(err); err == nil || got.reason != control.ReasonRuntime {
		t.Errorf("err = %v", err)
	}
	p.engine.fail("arm", nil)
	p.mustApply(moved)
}

func TestTypeChangedBetweenPatches(t *testing.T) {
	p := newTestProcess(t)
	functions := []string{"!A/s", "N/n", "init"}
	p.mustApply(testPatch{version: "1", functions: functions, with: everything})
	p.engine.takeCalls()
	_, err := p.apply(testPatch{version: "2", functions: functions, with: func(p *patch.Patch) {
		everything(p)
		p.Symbols[1].Hash = "b2"
	}})
	if got := problemOf(err); err == nil || got.reason != control.ReasonTypeChanged {
		t.Fatalf("err = %v", err)
	}
	if calls := p.engine.takeCalls(); calls != "" {
		t.Errorf("the engine was asked for %s", calls)
	}
	p.runs("refused", map[string]int{"A": 1})
}

func TestInitFails(t *testing.T) {
	p := newTestProcess(t)
	p.engine.inits[""] = func() { panic("no table") }
	d := testPatch{version: "1", functions: []string{"!A/s", "N/n", "init"}, with: everything}
	_, err := p.apply(d)
	got := problemOf(err)
	if err == nil || got.code != control.Failed || got.reason != control.ReasonInit || !strings.Contains(got.message, "var x.hits (x.go:3) panicked: no table") {
		t.Fatalf("err = %v", err)
	}
	if calls := p.engine.takeCalls(); strings.Contains(calls, "switch") || strings.Contains(calls, "release") {
		t.Errorf("after a panic in an initialiser: %s", calls)
	}
	if len(p.symbols) != 0 || len(p.inits.ran) != 0 || p.current() != nil {
		t.Error("a failed apply left symbols, initialisers or a version")
	}
	// The next try brings its own variable, which needs its initialiser.
	p.engine.inits[""] = nil
	done := p.mustApply(d)
	if done.Created != 2 || len(done.Inits) != 1 {
		t.Errorf("result %+v", done)
	}
	p.runs("second try", map[string]int{"A": 2})
	status := new(control.Status)
	p.fillStatus(status)
	if status.Memory != 6*testPage || len(status.Patches) != 1 {
		t.Errorf("status %+v", status)
	}
}

// A method that a patch makes visible in the program is found by the function type of that patch, even
// if its initialiser fails. The next patch has to use the same one.
func TestInitFailsAfterTypeWasFilled(t *testing.T) {
	p := newTestProcess(t)
	p.engine.inits[""] = func() { panic("no table") }
	with := func(p *patch.Patch) {
		everything(p)
		p.Fills[1].To = patch.Ref{Kind: "symbol", Value: 1}
	}
	functions := []string{"!A/s", "N/n", "init"}
	if _, err := p.apply(testPatch{version: "1", functions: functions, with: with}); err == nil {
		t.Fatal("applied")
	}
	p.engine.inits[""] = nil
	done := p.mustApply(testPatch{version: "2", functions: functions, with: with})
	if done.Reused != 1 || done.Created != 1 || len(done.Inits) != 1 {
		t.Errorf("result %+v", done)
	}
	if got := p.symbols[symbolKey{"type", "x.bonus"}]; got.addr != p.engine.regions[0].base+testPage || got.version != "2" || got.tried {
		t.Errorf("the type is %+v", got)
	}
}

func TestSwitchFails(t *testing.T) {
	p := newTestProcess(t)
	d := testPatch{version: "1", functions: []string{"!A/s", "N/n", "init"}, with: everything}
	p.engine.fail("switch", &splice.ErrBusy{Funcs: []splice.BusyFunc{{Name: "A", Count: 1}}})
	_, err := p.apply(d)
	if got := problemOf(err); err == nil || got.code != control.Failed || got.reason != control.ReasonBusy {
		t.Fatalf("err = %v", err)
	}
	p.runs("failed", map[string]int{"A": 0})
	p.engine.fail("switch", nil)
	p.engine.takeCalls()
	p.mustApply(d)
	if got := p.engine.takeCalls(); got != "switch" {
		t.Errorf("the second try did %s", got)
	}
	p.runs("second try", map[string]int{"A": 1})
	if _, ran := p.inits.ran["var x.hits"]; len(p.symbols) != 2 || !ran {
		t.Errorf("symbols %v, initialisers %v", p.symbols, p.inits.ran)
	}
}

// A patch whose switch failed may be overtaken by another one with the same variables. It must
// not come back with its own.
func TestSwitchFailsAndIsOvertaken(t *testing.T) {
	p := newTestProcess(t)
	functions := []string{"!A/s", "N/n", "init"}
	first := testPatch{version: "1", functions: functions, with: everything}
	p.engine.fail("switch", errors.New("busy"))
	if _, err := p.apply(first); err == nil {
		t.Fatal("applied")
	}
	p.engine.fail("switch", nil)
	p.mustApply(testPatch{version: "2", functions: functions, with: everything})
	p.engine.takeCalls()
	done := p.mustApply(first)
	if done.Reused != 2 || !strings.HasPrefix(p.engine.takeCalls(), "reserve") {
		t.Errorf("the first patch came back with its own variables: %+v", done)
	}
	p.runs("overtaken", map[string]int{"A": 3})
}

func TestLoadFails(t *testing.T) {
	for _, c := range []struct {
		call     string
		released bool
	}{
		{"reserve", false}, {"seal", true}, {"register", true}, {"fill:4", false}, {"refresh", false}, {"itab", false},
	} {
		t.Run(c.call, func(t *testing.T) {
			p := newTestProcess(t)
			d := testPatch{version: "1", functions: []string{"!A/s", "N/n", "init"}, with: everything}
			p.engine.fail(c.call, errors.New("no luck"))
			_, err := p.apply(d)
			if err == nil || !strings.Contains(err.Error(), "no luck") || !strings.Contains(err.Error(), "version 1") {
				t.Fatalf("err = %v", err)
			}
			calls := p.engine.takeCalls()
			if strings.Contains(calls, "release") != c.released || strings.Contains(calls, "switch") {
				t.Errorf("calls %s", calls)
			}
			p.engine.fail(c.call, nil)
			p.mustApply(d)
		})
	}
}

func TestRelocationDoesNotFit(t *testing.T) {
	p := newTestProcess(t)
	_, err := p.apply(testPatch{version: "1", functions: []string{"!A/s"}, with: func(p *patch.Patch) {
		p.Relocs = []patch.Reloc{{Off: 0x40, Kind: patch.SubBase32}}
		binary.LittleEndian.PutUint32(p.Image.Bytes[0x40:], 1<<31)
	}})
	if err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Fatalf("err = %v", err)
	}
	if got := p.engine.takeCalls(); got != "arm reserve release" {
		t.Errorf("calls %s", got)
	}
}

func TestEngineDoesNotArm(t *testing.T) {
	p := newTestProcess(t)
	p.engine.fail("arm", errors.New("no /proc"))
	_, err := p.apply(testPatch{version: "1", functions: []string{"!A/s"}})
	if got := problemOf(err); err == nil || got.code != control.Refused || got.reason != control.ReasonRuntime {
		t.Fatalf("err = %v", err)
	}
	p.engine.fail("arm", nil)
	p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}})
}

func TestTwoAtOnce(t *testing.T) {
	p := newTestProcess(t)
	p.engine.switching = make(chan struct{})
	finished := make(chan error)
	go func() {
		_, err := p.apply(testPatch{version: "1", functions: []string{"!A/s"}})
		finished <- err
	}()
	for !strings.Contains(p.engine.takeCalls(), "register") {
		time.Sleep(time.Millisecond)
	}
	_, err := p.apply(testPatch{version: "2", functions: []string{"!A/s"}})
	got := problemOf(err)
	if err == nil || got.code != control.Refused || got.reason != control.ReasonInProgress || !strings.Contains(got.message, "apply 1") {
		t.Errorf("second apply: %v", err)
	}
	if _, err := p.rollback("", peer{}, nil, control.SwitchOptions{}, policy{}, &control.Entry{}); problemOf(err).reason != control.ReasonInProgress {
		t.Errorf("rollback: %v", err)
	}
	status := p.status(time.Now(), policy{})
	if status.InProgress != "apply 1" || status.Version != "release" {
		t.Errorf("status %+v", status)
	}
	p.engine.switching <- struct{}{}
	if err := <-finished; err != nil {
		t.Errorf("first apply: %v", err)
	}
}

func TestQuiesce(t *testing.T) {
	p := newTestProcess(t)
	d := testPatch{version: "1", functions: []string{"!A/s", "!B/s"}}
	_, err := p.patcher.apply(d.file(t), peer{}, nil, control.SwitchOptions{Quiesce: time.Second}, policy{}, &control.Entry{})
	if err != nil {
		t.Fatal(err)
	}
	want := []splice.Range{body(textEntry("A"), 0x40), body(textEntry("B"), 0x40)}
	if !slices.Equal(p.engine.quiesce, want) {
		t.Errorf("quiesce %x, want %x", p.engine.quiesce, want)
	}
	p.mustRollback("")
	if len(p.engine.quiesce) != 0 {
		t.Errorf("quiesce %x without being asked", p.engine.quiesce)
	}
}

func TestStatus(t *testing.T) {
	p := newTestProcess(t)
	started := time.Now()
	status := p.status(started, policy{})
	if status.Version != "release" || status.WriteMode != "" || len(status.Patches) != 0 || status.BuildID != testRelease().BuildID {
		t.Errorf("before the first patch: %+v", status)
	}
	p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}, with: func(p *patch.Patch) {
		p.Changes = []patch.Change{{Symbol: "A", What: "body", Verdict: "applies"}}
	}})
	p.mustApply(testPatch{version: "2", functions: []string{"!A/s", "!B/s", "N/n"}})
	p.engine.held = []splice.Held{{Range: 0, Count: 3, Stack: []uintptr{uintptr(ownCode())}}, {Range: 2, Count: 1}}
	status = p.status(started, policy{trusted: make([]ed25519.PublicKey, 1)})
	if status.Version != "2" || status.WriteMode != "recorded" || !slices.Equal(status.Stack, []string{"1", "2"}) ||
		status.Memory != 6*testPage || !status.Signed || !status.Started.Equal(started) {
		t.Errorf("status %+v", status)
	}
	if !slices.Equal(status.Redirected, []control.Function{{Name: "A", File: "A.go", Line: 1}, {Name: "B", File: "B.go", Line: 2}}) {
		t.Errorf("redirected %+v", status.Redirected)
	}
	if n := len(status.Patches); n != 2 || status.Patches[0].Current || !status.Patches[1].Current ||
		status.Patches[0].UID != 1000 || status.Patches[0].PID != 77 || status.Patches[0].Pause != 42 || len(status.Patches[0].Changes) != 1 {
		t.Errorf("patches %+v", status.Patches)
	}
	old := status.OldCode
	if len(old) != 2 || old[0].Function != "A" || old[0].Version != "release" || old[0].Goroutines != 3 || old[1].Function != "A" || old[1].Version != "1" {
		t.Fatalf("old code %+v", old)
	}
	p.engine.fail("scan", errors.New("no frame pointers"))
	if status = p.status(started, policy{}); status.Version != "2" || status.OldCodeError != "no frame pointers" {
		t.Errorf("status when goroutines can't be counted: %+v", status)
	}
	if len(old[0].Stack) != 1 || !strings.HasSuffix(old[0].Stack[0].Name, "agent.ownCode") {
		t.Errorf("stack %+v", old[0].Stack)
	}
}

func TestFrozenText(t *testing.T) {
	p := newTestProcess(t)
	p.mustApply(testPatch{version: "1", functions: []string{"!A/s"}})
	// Once code was changed another part of it can't be proven any more.
	_, err := p.apply(testPatch{version: "2", functions: []string{"!A/s"}, with: func(p *patch.Patch) { p.Release.Etext -= testPage }})
	if got := problemOf(err); err == nil || got.reason != control.ReasonTextDiffers {
		t.Errorf("err = %v", err)
	}
}

func TestFailedVersionIsRedirected(t *testing.T) {
	p := newTestProcess(t)
	p.engine.inits[""] = func() { panic("no") }
	functions := []string{"!A/s", "N/n", "init"}
	if _, err := p.apply(testPatch{version: "1", functions: functions, with: everything}); err == nil {
		t.Fatal("applied")
	}
	p.engine.inits[""] = nil
	p.mustApply(testPatch{version: "2", functions: functions, with: everything})
	// The first patch filled the program's words with its N, which must lead to the second's.
	one, two := p.versions[0], p.versions[1]
	jump, _ := splice.JumpOver(one.originals[1], one.entry(1), two.entry(1))
	if got := p.engine.code[one.entry(1)]; got != jump {
		t.Errorf("N of the failed version holds % x", got)
	}
	if !maps.Equal(p.filled, map[uint64]uint64{dataAddr(8): 0, dataAddr(9): 0}) {
		t.Errorf("filled %v", p.filled)
	}
}
