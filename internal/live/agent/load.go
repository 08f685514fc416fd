package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// load brings p into memory and runs its initialisers, so that it can be switched to. What it did
// is added to result. From the moment that the runtime knows of the image it stays in memory,
// whatever happens: a goroutine or a pointer may have reached it.
func (a *patcher) load(p *patch.Patch, fileSize int, initTimeout time.Duration, result *control.Switched) (*version, error) {
	if err := hasMappings(); err != nil {
		return nil, err
	}
	addrs, err := a.symbols.match(p.Symbols)
	if err != nil {
		return nil, err
	}
	created := make([]bool, len(addrs))
	for i, addr := range addrs {
		created[i] = addr == 0
		if created[i] {
			result.Created++
		} else {
			result.Reused++
		}
	}
	result.Warnings = append(result.Warnings, slices.Concat(a.symbols.stays(p), a.inits.stays(p))...)
	v := newVersion(p, fileSize)
	v.addrs, v.created = addrs, created
	pending := a.inits.pending(p, func(symbol uint32) bool { return created[symbol] })
	if err := a.place(v, p); err != nil {
		return nil, err
	}
	result.Memory = v.memory
	for _, in := range pending {
		if err := a.inits.run(in, a.initFuncs(v, in), initTimeout); err != nil {
			return nil, err
		}
		v.ran = append(v.ran, in)
		result.Inits = append(result.Inits, in.Name)
	}
	v.ready = true
	return v, nil
}

// place lays the image of p out in memory and makes it known to the runtime. It completes v.
func (a *patcher) place(v *version, p *patch.Patch) error {
	a.engineLock.Lock()
	defer a.engineLock.Unlock()
	r, err := a.engine.Reserve(p.Image.Size, p.Image.NearLow, p.Image.NearHigh, a.above(p), p.Image.Far)
	if err != nil {
		return failed(control.ReasonMemory, "version %s was not loaded: %v", v.label, err)
	}
	if err := a.layOut(v, p, r); err != nil {
		var known *problem
		if !errors.As(err, &known) {
			known = failed("", "version %s was not loaded: %v", v.label, err)
		}
		// Not fatal: the region stays mapped, and unused.
		if releaseErr := r.Release(); releaseErr != nil {
			known.message += fmt.Sprintf("; its memory stays taken: %v", releaseErr)
		}
		return known
	}
	a.state.Lock()
	a.versions = append(a.versions, v)
	if slices.ContainsFunc(p.Fills, func(f patch.Fill) bool { return f.To.Kind == "symbol" }) {
		a.symbols.try(v.symbols, v.addrs, v.label)
	}
	a.state.Unlock()
	if err := a.connect(v, p, r); err != nil {
		return failed("", "version %s was not applied: %v", v.label, err)
	}
	return nil
}

// above is the lowest address for the next image: the runtime wants modules in ascending order.
func (a *patcher) above(p *patch.Patch) uint64 {
	above := p.Release.Etext
	if n := len(a.versions); n > 0 {
		last := a.versions[n-1]
		above = last.base + last.size
	}
	return above
}

// layOut fills the region with the image, gives it its final protection and registers it. When it
// fails the runtime does not know of the region.
func (a *patcher) layOut(v *version, p *patch.Patch, r region) error {
	for i := range v.addrs {
		if v.addrs[i] == 0 {
			v.addrs[i] = r.Base() + p.Symbols[i].Off
		}
	}
	memory := r.Bytes()
	fillParts(memory, &p.Image)
	if err := relocate(memory, r.Base(), p.Slid, p.Relocs, v.addrs); err != nil {
		return malformed("%v", err)
	}
	v.image = newImage(p, r.Base(), memory)
	v.image.version = v.label
	if err := v.checkCalls(memory); err != nil {
		return err
	}
	// Jumps that are too long are found before anything is irrevocable.
	if _, err := desired(append(a.images(), v.image), v.image); err != nil {
		return err
	}
	if err := r.Seal(p.Image.TextSize, p.Image.RodataOff, p.Image.DataOff); err != nil {
		return err
	}
	module := r.Base() + p.Image.Moduledata
	if err := a.checkConnections(v, p, module); err != nil {
		return err
	}
	return a.engine.Register(module)
}

// fillParts copies the content of m. What is alignment stays untouched: such pages take no memory.
func fillParts(memory []byte, m *patch.Image) {
	have := uint64(len(m.Bytes))
	for _, part := range m.Parts() {
		lo, hi := min(part[0], have), min(part[1], have)
		copy(memory[lo:], m.Bytes[lo:hi])
	}
}

// checkConnections reports what in p the runtime could not be told without risk: it ends the program
// when what it takes for a function or a type is none. The image is complete but not registered.
func (a *patcher) checkConnections(v *version, p *patch.Patch, module uint64) error {
	entries := make([]uint64, len(p.Funcs))
	for i := range entries {
		entries[i] = v.entry(i)
	}
	if err := a.engine.CheckFunctions(module, entries); err != nil {
		return malformed("its module can't be registered: %v", err)
	}
	for i, s := range p.Symbols {
		if s.Kind != "type" {
			continue
		}
		if err := a.engine.CheckTypeSymbol(v.addrs[i], s.Size, s.Name); err != nil {
			return malformed("type %.80q: %v", s.Name, err)
		}
	}
	for _, f := range p.Fills {
		if err := a.checkFill(v, p, &f, entries); err != nil {
			return malformed("%s: %v", f.Name, err)
		}
	}
	for _, t := range p.Itabs {
		if err := a.engine.CheckItab(v.resolve(t.Inter), v.resolve(t.Type), slices.ContainsFunc(p.MethodTables, func(m patch.MethodTable) bool { return m.Type == v.resolve(t.Type) })); err != nil {
			return malformed("interface table %s: %v", t.Name, err)
		}
	}
	return nil
}

// checkFill reports a fill that changes something else than a method, or makes one of something
// that is none. entries are those of the image, ascending.
func (a *patcher) checkFill(v *version, p *patch.Patch, f *patch.Fill, entries []uint64) error {
	entry, err := a.engine.CheckFill(p.FilledTypes, f.Addr, f.Size, f.Base)
	if err != nil {
		return err
	}
	value := v.resolve(f.To)
	switch _, inImage := slices.BinarySearch(entries, value); {
	case !entry:
		err = a.engine.CheckType(value)
	case !inImage:
		err = a.engine.CheckFunction(value, "")
	}
	if err != nil {
		return err
	}
	word, err := fillWord(f, value)
	if err != nil {
		return err
	}
	now := uint64(0)
	for i, b := range memoryAt(f.Addr, uint64(f.Size)) {
		now |= uint64(b) << (8 * i)
	}
	if old, ok := a.filled[f.Addr]; ok {
		now = old
	}
	if now != f.Old && now != word {
		return fmt.Errorf("the word at %#x is %#x in this process, neither %#x nor %#x", f.Addr, now, f.Old, word)
	}
	return nil
}

// connect joins the registered image with the program's types. Interface tables come last: making
// them needs the image's types registered and the methods filled in.
func (a *patcher) connect(v *version, p *patch.Patch, r region) error {
	if err := a.fill(v, p); err != nil {
		return err
	}
	if err := a.connectMethods(v, p); err != nil {
		return err
	}
	if len(p.FilledTypes) > 0 {
		if _, err := a.engine.RefreshItabs(p.FilledTypes); err != nil {
			return err
		}
		a.forgetTypes()
	}
	memory := r.Bytes()
	for _, t := range p.Itabs {
		table, err := a.itab(v, p, v.resolve(t.Inter), v.resolve(t.Type))
		if err != nil {
			return fmt.Errorf("interface table %s: %w", t.Name, err)
		}
		for _, slot := range t.Slots {
			binary.LittleEndian.PutUint64(memory[slot:], table)
		}
	}
	return nil
}

// fill sets the words that the linker left empty. Where an earlier patch filled one it stays:
// it leads to a function of that patch, which in turn leads to the current one, or to a type
// that is shared.
func (a *patcher) fill(v *version, p *patch.Patch) error {
	for _, f := range p.Fills {
		if _, ok := a.filled[f.Addr]; ok {
			continue
		}
		word, err := fillWord(&f, v.resolve(f.To))
		if err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		if err := a.engine.Fill(f.Addr, f.Size, f.Old, word); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
		a.filled[f.Addr] = f.Old
	}
	return nil
}

// fillWord is what a fill writes so that the word leads to the address value.
func fillWord(f *patch.Fill, value uint64) (uint64, error) {
	if f.Size == 8 {
		return value, nil
	}
	if value < f.Base || value-f.Base > math.MaxInt32 {
		return 0, fmt.Errorf("%#x is too far away from %#x", value, f.Base)
	}
	return value - f.Base, nil
}

// resolve returns the address that r stands for. v must be placed.
func (v *version) resolve(r patch.Ref) uint64 {
	switch r.Kind {
	case "image":
		return v.base + r.Value
	case "symbol":
		return v.addrs[r.Value]
	}
	return r.Value
}

// initFuncs returns the functions of an initialiser.
func (a *patcher) initFuncs(v *version, in patch.Init) []func() {
	funcs := make([]func(), len(in.Funcs))
	a.withEngine(func() {
		for i, off := range in.Funcs {
			funcs[i] = a.engine.Func(v.base + off)
		}
	})
	return funcs
}
