package agent

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// fakeEngine records what the agent asks for, and keeps code and images beside the process.
type fakeEngine struct {
	scans   int
	mu      sync.Mutex
	calls   []string
	code    map[uint64]word // entries that were written
	inits   map[string]func()
	names   map[uint64]string // what Func is to call, by address
	swaps   map[uint64]func() // func variables, by address
	regions []*fakeRegion
	quiesce []splice.Range
	tables  []splice.MethodTable // in force
	held    []splice.Held
	fails   map[string]error // by name of the call
	// switching, if not nil, is received from before each switch.
	switching chan struct{}
}

type fakeRegion struct {
	e        *fakeEngine
	base     uint64
	memory   []byte
	released bool
}

func newFakeEngine() *fakeEngine {
	return &fakeEngine{code: make(map[uint64]word), inits: make(map[string]func()), names: make(map[uint64]string), fails: make(map[string]error)}
}

func (e *fakeEngine) arm(patch.Runtime, uint64, uint64) (engine, error) {
	return e, e.call("arm")
}

func (e *fakeEngine) call(name string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls = append(e.calls, name)
	return e.fails[name]
}

// fail makes a call fail from now on, or no longer.
func (e *fakeEngine) fail(name string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fails[name] = err
}

// takeCalls returns the calls since it was called last.
func (e *fakeEngine) takeCalls() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := strings.Join(e.calls, " ")
	e.calls = nil
	return calls
}

func (e *fakeEngine) WriteMode() string { return "recorded" }

func (e *fakeEngine) Reserve(size, nearLow, nearHigh, above uint64, far bool) (region, error) {
	if err := e.call("reserve"); err != nil {
		return nil, err
	}
	r := &fakeRegion{e: e, base: (above+1<<20)&^(1<<20-1) + 1<<20, memory: make([]byte, size)}
	e.regions = append(e.regions, r)
	return r, nil
}

func (e *fakeEngine) NoPlugins() error { return e.fails["no plugins"] }

func (e *fakeEngine) CheckCode(name string, addr uint64, want [8]byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if now, ok := e.code[addr]; ok && now != want {
		return &splice.ErrChanged{Name: name, Addr: addr, Have: now, Want: want}
	}
	return nil
}

func (e *fakeEngine) CheckFunction(uint64, string) error { return e.fails["check function"] }

func (e *fakeEngine) CheckFunctions(uint64, []uint64) error { return e.fails["check functions"] }

func (e *fakeEngine) CheckType(uint64) error { return e.fails["check type"] }

func (e *fakeEngine) CheckTypeSymbol(uint64, uint64, string) error {
	return e.fails["check type symbol"]
}

func (e *fakeEngine) CheckItab(uint64, uint64, bool) error { return e.fails["check itab"] }

func (e *fakeEngine) CheckTypeCache(uint64) error { return e.fails["check cache"] }

func (e *fakeEngine) MergeMethods(typ, head, _ uint64, count, exported int, into uint64, n int, _ func(uint64) bool) (splice.MethodTable, error) {
	return splice.MethodTable{Type: typ, Head: head, Table: into, Count: uint16(n), Exported: uint16(exported)}, e.call("merge")
}

func (e *fakeEngine) ItabWith(inter uint64, t splice.MethodTable, fill bool) (uint64, error) {
	return inter + t.Type, e.call("itab with methods")
}

func (e *fakeEngine) ExchangeMethods(to []splice.MethodTable) (func(), func(bool) error, error) {
	if len(to) == 0 && len(e.tables) == 0 {
		return nil, nil, e.fails["exchange"]
	}
	return func() { e.tables = to; e.call("exchange") }, func(bool) error { return e.call("settle") }, e.fails["exchange"]
}

func (e *fakeEngine) SettleItabs() error { return e.call("settle") }

func (e *fakeEngine) FlushTypeCaches([]uint64) { e.call("flush") }

func (e *fakeEngine) CheckFill([]uint64, uint64, int, uint64) (entry bool, err error) {
	return true, e.fails["check fill"]
}

func (e *fakeEngine) Register(uint64) error { return e.call("register") }

func (e *fakeEngine) Itab(inter, typ uint64) (uint64, error) { return inter + typ, e.call("itab") }

func (e *fakeEngine) Fill(addr uint64, size int, old, new uint64) error {
	return e.call(fmt.Sprintf("fill:%d", size))
}

func (e *fakeEngine) RefreshItabs([]uint64) (int, error) { return 1, e.call("refresh") }

func (e *fakeEngine) Func(addr uint64) func() {
	return func() {
		name := e.names[addr]
		e.call("init:" + name)
		if f := e.inits[name]; f != nil {
			f()
		}
	}
}

func (e *fakeEngine) ErrorFunc(addr uint64) func() error {
	return func() error {
		name := e.names[addr]
		if err := e.call("hook:" + name); err != nil {
			return err
		}
		if f := e.inits[name]; f != nil {
			f()
		}
		return nil
	}
}

func (e *fakeEngine) FuncVar(addr uint64) func() {
	if f := e.swaps[addr]; f != nil {
		return f
	}
	return func() {}
}

func (e *fakeEngine) Switch(_ context.Context, writes []splice.Write, o splice.Options) (splice.Stats, error) {
	if e.switching != nil {
		<-e.switching
	}
	e.quiesce = o.Quiesce
	if err := e.call("switch"); err != nil {
		return splice.Stats{}, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range writes {
		if now, ok := e.code[w.Addr]; ok && now != w.Old {
			return splice.Stats{}, &splice.ErrChanged{Name: w.Name, Addr: w.Addr, Have: now, Want: w.Old}
		}
		e.code[w.Addr] = w.New
	}
	e.mu.Unlock()
	for _, exchange := range o.Exchange {
		exchange()
	}
	e.mu.Lock()
	return splice.Stats{Pause: 42, Attempts: 1}, nil
}

func (e *fakeEngine) Scan([]splice.Range) ([]splice.Held, error) {
	e.scans++
	return e.held, e.fails["scan"]
}

func (r *fakeRegion) Base() uint64  { return r.base }
func (r *fakeRegion) Bytes() []byte { return r.memory }
func (r *fakeRegion) Release() error {
	r.released = true
	return r.e.call("release")
}
func (r *fakeRegion) Seal(textSize, rodataOff, dataOff uint64) error { return r.e.call("seal") }

// dataWords stand for data of the program.
var dataWords [64]uint64

func dataAddr(i int) uint64 { return uint64(uintptr(unsafe.Pointer(&dataWords[i]))) }

// testRelease is the release that describes the test binary.
var testRelease = sync.OnceValue(func() patch.Release {
	m, err := readMemoryMap()
	if err != nil {
		panic(err)
	}
	id, err := findBuildID(m)
	if err != nil {
		panic(err)
	}
	text, _ := m.find(ownCode())
	sum := sha256.Sum256(memoryAt(text.lo, text.hi-text.lo))
	return patch.Release{
		BuildID: id, Program: "agent.test", GoVersion: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH,
		TextHash: hex.EncodeToString(sum[:]), Text: text.lo, Etext: text.hi,
	}
})

// textEntry is where the tests say that the program's function A, B, … is.
func textEntry(name string) uint64 { return testRelease().Text + 0x2000 + uint64(name[0]-'A')*0x100 }

const testPage = 4096

// testPatch describes a patch; functions are as for testImage.
type testPatch struct {
	version   string
	functions []string
	// with changes the patch before it is encoded.
	with func(*patch.Patch)
	key  ed25519.PrivateKey
}

// patch returns the patch that d describes.
func (d testPatch) patch() *patch.Patch {
	p := &patch.Patch{
		Version: d.version, Made: "2026-03-01T12:00:00Z", Release: testRelease(),
		Image: patch.Image{
			Bytes: bytes.Repeat([]byte{0xcc}, 2*testPage), Size: 3 * testPage, TextSize: testPage, RodataOff: testPage, DataOff: 2 * testPage,
			Moduledata: 2 * testPage, NearLow: testRelease().Text, NearHigh: testRelease().Etext,
		},
	}
	for i, f := range d.functions {
		f, replaces := strings.CutPrefix(f, "!")
		name, sig, _ := strings.Cut(f, "/")
		p.Funcs = append(p.Funcs, patch.Func{Name: name, ABI: 1, Off: uint64(i) * 0x40, Size: 0x20, Sig: sig, File: name + ".go", Line: i + 1})
		if replaces {
			addr := textEntry(name)
			p.Redirects = append(p.Redirects, patch.Redirect{
				Func: uint32(i), Addr: addr, Size: 0x40, Old: word(memoryAt(addr, 8)), Busy: patch.Busy{Lo: 1, Hi: 5},
			})
		}
	}
	if d.with != nil {
		d.with(p)
	}
	return p
}

// file returns the encoded patch.
func (d testPatch) file(t testing.TB) []byte {
	t.Helper()
	file, err := patch.Encode(d.patch(), d.key)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// testProcess is a patcher over a fakeEngine.
type testProcess struct {
	*patcher
	t      testing.TB
	engine *fakeEngine
	rules  policy
}

func newTestProcess(t testing.TB) *testProcess {
	e := newFakeEngine()
	g := &program{buildID: testRelease().BuildID, memoryMap: readMemoryMap}
	return &testProcess{patcher: newPatcher(g, e.arm), t: t, engine: e}
}

// apply applies d and returns what apply does.
func (p *testProcess) apply(d testPatch) (*control.Switched, error) {
	p.t.Helper()
	return p.patcher.apply(d.file(p.t), peer{uid: 1000, pid: 77}, nil, control.SwitchOptions{}, p.rules, &control.Entry{})
}

// mustApply fails the test unless d is applied.
func (p *testProcess) mustApply(d testPatch) *control.Switched {
	p.t.Helper()
	done, err := p.apply(d)
	if err != nil {
		p.t.Fatalf("apply %s: %v", d.version, err)
	}
	return done
}

// mustRollback fails the test unless the program goes back to version to.
func (p *testProcess) mustRollback(to string) *control.Switched {
	p.t.Helper()
	done, err := p.rollback(to, peer{uid: 1000, pid: 77}, nil, control.SwitchOptions{}, p.rules, &control.Entry{})
	if err != nil {
		p.t.Fatalf("rollback to %q: %v", to, err)
	}
	return done
}

// runs fails the test unless each of the program's functions given leads to the version given, 0
// for its own code. The versions are those loaded, in order, from 1.
func (p *testProcess) runs(step string, want map[string]int) {
	p.t.Helper()
	got := make(map[string]int)
	for name := range want {
		addr := textEntry(name)
		now, ok := p.engine.code[addr]
		if !ok || now == word(memoryAt(addr, 8)) {
			got[name] = 0
			continue
		}
		for i, v := range p.versions {
			for j, f := range v.funcs {
				if jump, _ := splice.JumpOver(word(memoryAt(addr, 8)), addr, v.entry(j)); f.Name == name && now == jump {
					got[name] = i + 1
				}
			}
		}
	}
	if !maps.Equal(got, want) {
		p.t.Errorf("%s: functions lead to %v, want %v", step, got, want)
	}
}

func (p *testProcess) stackLabels() []string {
	var labels []string
	for _, v := range p.stack {
		labels = append(labels, v.label)
	}
	return slices.Clip(labels)
}
