package agent

import (
	"encoding/hex"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/gosplice/gosplice/internal/live/chains"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// patcher holds what was done to the program. There is one in a process: it stays when the agent
// is stopped, and serves the next one.
type patcher struct {
	program *program
	arm     armFunc
	journal journal

	// The one apply or rollback that is under way alone changes the fields below, and holds state
	// while it does; so it needs no lock for reading.
	state sync.Mutex

	inProgress string // such as "apply 1.4.2", or empty
	engine     engine // nil before the first patch
	runtime    patch.Runtime
	versions   []*version // all that are in memory, by ascending address
	// stack are the versions that rollback goes through, the current one last.
	stack   []*version
	written map[uint64]word // what entries hold that do not hold their original code
	// calls are the entries to which calls lead that do not lead to their original ones.
	calls   map[uint64]uint64
	symbols registry
	filled  map[uint64]uint64 // host words that a patch filled, with what they held before
	inits   initialisers
	// newest is the newest signed patch that ran; challenge is what a request that needs a key has to sign.
	newest    ordered
	challenge string
	// unsettled is what went wrong after the last switch, which was made.
	unsettled error

	// seen are the files of the patch directory that were read.
	seen struct {
		sync.Mutex
		files map[string]*seenFile
	}

	// engineLock serialises calls of engine.
	engineLock sync.Mutex
}

func newPatcher(g *program, arm armFunc) *patcher {
	return &patcher{
		program: g, arm: arm,
		written:   make(map[uint64]word),
		calls:     make(map[uint64]uint64),
		symbols:   make(registry),
		filled:    make(map[uint64]uint64),
		inits:     initialisers{ran: make(map[string]string), running: make(map[string]abandoned)},
		challenge: control.NewChallenge(os.Getpid()),
	}
}

// version is a patch in memory, applied or not.
type version struct {
	*image
	id, label string
	made      string
	signer    string
	size      uint64 // of the image, bytes of address space
	memory    uint64 // that the image takes, bytes
	fileSize  int
	changes   []patch.Change

	symbols []patch.Symbol
	addrs   []uint64 // of symbols
	created []bool   // symbols that are new with it
	resets  []patch.Reset
	hooks   []patch.Hook
	// unhooked says that it has hooks which run before the switch, and that all had run for versions before it.
	unhooked bool
	// exchanged are the variables that it has reset, to be put back when it is gone back from.
	exchanged []exchange
	methods   methodUses
	// ran are the initialisers that ran for it.
	ran []patch.Init
	// ready says that it can be switched to: it is complete and its initialisers returned.
	ready bool
	// last is the latest time that it was switched to; zero when it never was.
	last activation
}

// activation is who switched to a version, when, and what it cost.
type activation struct {
	time  time.Time
	who   peer
	pause time.Duration
}

// newVersion returns what p says of itself; the image is to come.
func newVersion(p *patch.Patch, fileSize int) *version {
	return &version{
		id: p.ID, label: p.Label(), made: p.Made, signer: hex.EncodeToString(p.Signer),
		size: p.Image.Size, memory: p.Image.Memory(uint64(os.Getpagesize())), fileSize: fileSize, changes: p.Changes, symbols: p.Symbols,
		resets: p.Resets, hooks: p.Hooks,
	}
}

// current returns the version that runs, or nil for the release.
func (a *patcher) current() *version {
	if len(a.stack) == 0 {
		return nil
	}
	return a.stack[len(a.stack)-1]
}

// nameOf is the label of a version; nil is the release.
func nameOf(v *version) string {
	if v == nil {
		return patch.ReleaseVersion
	}
	return v.label
}

// imageOf is the image of a version; nil is the release.
func imageOf(v *version) *image {
	if v == nil {
		return nil
	}
	return v.image
}

// begin starts an apply or a rollback, or refuses because another one is under way. end must be
// called when it is over.
func (a *patcher) begin(what string) (end func(), err error) {
	a.state.Lock()
	defer a.state.Unlock()
	if a.inProgress != "" {
		return nil, refused(control.ReasonInProgress, "another request is in progress (%s): wait until it is done, then ask again", a.inProgress)
	}
	if !chains.Modules.TryLock() {
		return nil, refused(control.ReasonInProgress, "the program is opening a plugin: wait until that is done, then ask again; if its initialisers never end, restart the program")
	}
	a.inProgress = what
	return a.end, nil
}

// end ends what begin began.
func (a *patcher) end() {
	a.state.Lock()
	defer a.state.Unlock()
	a.inProgress = ""
	chains.Patched = ""
	if len(a.stack) > 0 {
		chains.Patched = a.stack[len(a.stack)-1].label
	}
	chains.Modules.Unlock()
}

func (a *patcher) setProgress(what string) {
	a.state.Lock()
	a.inProgress = what
	a.state.Unlock()
}

// loaded returns the version of the patch with the given ID that can be switched to without
// loading it again, or nil.
func (a *patcher) loaded(id string) *version {
	for _, v := range slices.Backward(a.versions) {
		if v.id == id && v.ready && a.again(v) && a.symbols.agrees(v.symbols, v.addrs) {
			return v
		}
	}
	return nil
}

// withEngine calls f while nobody else calls the engine.
func (a *patcher) withEngine(f func()) {
	a.engineLock.Lock()
	defer a.engineLock.Unlock()
	f()
}

// images returns the images of all versions in memory.
func (a *patcher) images() []*image { return imagesOf(a.versions) }

func imagesOf(versions []*version) []*image {
	images := make([]*image, len(versions))
	for i, v := range versions {
		images[i] = v.image
	}
	return images
}

// mainPackage is the import path of the main package, as far as the linker left it.
func mainPackage() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Path
	}
	return ""
}
