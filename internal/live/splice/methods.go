package splice

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"unsafe"
)

// A type's description says where its method table is and how long it is. Both are exchanged in the stopped
// world, for a longer table that holds the old methods too; the old table stays where it is, for who reads it.
// Interface tables and type assertions remember what they found: they are settled afterwards.

// MethodTable is a method table of a type of the program.
type MethodTable struct {
	Type uint64 // address of the description
	Head uint64 // bytes of it before what says where the methods are
	// Table is the address of Count entries, of which the first Exported are exported.
	Table           uint64
	Count, Exported uint16
}

// uncommon is where the description says where its methods are.
func (t MethodTable) uncommon() uint64 { return t.Type + t.Head }

// counts and offset are the words of the description that lead to the table.
func (t MethodTable) counts() uint32 { return uint32(t.Count) | uint32(t.Exported)<<16 }
func (t MethodTable) offset() uint32 { return uint32(t.Table - t.uncommon()) }

// extended is a type of the program whose method table can be exchanged.
type extended struct {
	own MethodTable // the program's
	now MethodTable
}

// MergeMethods writes into the room of n entries at address into what the type's own method table and
// the count methods at fresh, in their order, make together. Nothing is changed but that memory, which lies in a
// region. exported of the fresh ones are. entry reports an address at which a function begins that such a
// method may lead to.
func (e *Engine) MergeMethods(typ, head, fresh uint64, count, exported int, into uint64, n int, entry func(uint64) bool) (MethodTable, error) {
	own, err := e.ownMethods(typ, head)
	if err != nil {
		return MethodTable{}, err
	}
	merged := MethodTable{Type: typ, Head: head, Table: into, Count: own.Count + uint16(count), Exported: own.Exported + uint16(exported)}
	size := methodSize * uint64(merged.Count)
	switch {
	case int(own.Count)+count != n:
		return merged, fmt.Errorf("the type has %d methods, and %d are new, which makes not %d", own.Count, count, n)
	case into < own.uncommon() || into-own.uncommon() > 1<<31, e.inRegion(into, size) == nil, e.inRegion(fresh, methodSize*uint64(count)) == nil:
		return merged, fmt.Errorf("the methods at %#x are not in a region above the type", into)
	}
	a, err := e.entries(typ, own.Table, int(own.Count))
	if err != nil {
		return merged, err
	}
	b, err := e.entries(typ, fresh, count)
	if err != nil {
		return merged, err
	}
	text := e.at.word(e.vars.firstModule, "text")
	for _, m := range b {
		if m.typ == 0 || m.typ == 1<<32-1 || e.CheckType(e.programTypes().Lo+uint64(m.typ)) != nil || kindOf(e.programTypes().Lo+uint64(m.typ)) != kindFunc {
			return merged, fmt.Errorf("method %s has no type", m.name)
		}
		if !entry(text+uint64(m.iface)) || !entry(text+uint64(m.direct)) {
			return merged, fmt.Errorf("method %s leads to no function", m.name)
		}
	}
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, compareMethods)
	for i := 1; i < len(all); i++ {
		if compareMethods(all[i-1], all[i]) == 0 {
			return merged, fmt.Errorf("the type has method %s already", all[i].name)
		}
	}
	out := bytesAt(into, int(size))
	for i, m := range all {
		if m.exported != (i < int(merged.Exported)) {
			return merged, fmt.Errorf("%d methods are exported, which is not what is said", i)
		}
		for k, v := range []uint32{m.nameOff, m.typ, m.iface, m.direct} {
			binary.LittleEndian.PutUint32(out[methodSize*i+4*k:], v)
		}
	}
	return merged, nil
}

// inRegion returns the sealed region that holds the memory in its data, nil when there is none.
func (e *Engine) inRegion(addr, size uint64) *Region {
	for _, r := range e.regions {
		if r.sealed && r.data.holds(addr, size) && addr%wordSize == 0 {
			return r
		}
	}
	return nil
}

// ownMethods is the method table that a type has when no patch is in force.
func (e *Engine) ownMethods(typ, head uint64) (MethodTable, error) {
	if x, ok := e.extended[typ]; ok {
		if x.own.Head != head {
			return MethodTable{}, fmt.Errorf("the type at %#x has %d bytes before its methods, not %d", typ, x.own.Head, head)
		}
		return x.own, nil
	}
	if err := e.CheckType(typ); err != nil {
		return MethodTable{}, err
	}
	if load8(typ+typeFlag)&flagUncommon == 0 || head != e.fixedSize(typ) || !e.programTypes().holds(typ, head+uncommonSize) {
		return MethodTable{}, fmt.Errorf("the type at %#x has no room for methods", typ)
	}
	t := MethodTable{Type: typ, Head: head}
	t.Count = binary.LittleEndian.Uint16(bytesAt(t.uncommon()+uncommonMcount, 2))
	t.Exported = binary.LittleEndian.Uint16(bytesAt(t.uncommon()+uncommonXcount, 2))
	t.Table = t.uncommon() + uint64(load32(t.uncommon()+uncommonMoff))
	if t.Exported > t.Count || t.Count > 0 && !e.programTypes().holds(t.Table, methodSize*uint64(t.Count)) {
		return MethodTable{}, fmt.Errorf("the type at %#x has a method table outside of the program's types", typ)
	}
	return t, nil
}

// method is an entry of a method table.
type method struct {
	name, pkg     string
	exported      bool
	nameOff, typ  uint32
	iface, direct uint32
}

// entries reads a method table of a type.
func (e *Engine) entries(typ, table uint64, count int) ([]method, error) {
	var out []method
	for at := table; at < table+methodSize*uint64(count); at += methodSize {
		m := method{nameOff: load32(at), typ: load32(at + methodType), iface: load32(at + methodEntry), direct: load32(at + methodEntry + 4)}
		addr, ok := e.typeName(m.nameOff)
		if !ok || m.nameOff == 0 {
			return nil, fmt.Errorf("the type at %#x has a method without a name", typ)
		}
		m.name, m.pkg, m.exported = e.nameAt(addr)
		if m.exported {
			m.pkg = ""
		}
		out = append(out, m)
	}
	return out, nil
}

// compareMethods is the order of method tables: exported ones first, then by name and package.
func compareMethods(a, b method) int {
	if a.exported != b.exported {
		if a.exported {
			return -1
		}
		return 1
	}
	if c := bytes.Compare([]byte(a.name), []byte(b.name)); c != 0 {
		return c
	}
	return bytes.Compare([]byte(a.pkg), []byte(b.pkg))
}

// Flags of a name.
const (
	nameExported = 1 << 0
	nameHasTag   = 1 << 1
	nameHasPkg   = 1 << 2
)

// nameAt reads a name that typeName found: its text, the path of its package if it says one, and whether it
// is exported.
func (e *Engine) nameAt(addr uint64) (text, pkg string, exported bool) {
	flags := load8(addr)
	text, end := e.counted(addr + 1)
	if flags&nameHasTag != 0 {
		_, end = e.counted(end)
	}
	if flags&nameHasPkg != 0 {
		if at, ok := e.typeName(binary.LittleEndian.Uint32(bytesAt(end, 4))); ok && at != 0 {
			pkg, _ = e.counted(at + 1)
		}
	}
	return text, pkg, flags&nameExported != 0
}

// counted reads a text with its length before it, and returns what follows it.
func (e *Engine) counted(addr uint64) (text string, end uint64) {
	n, size := binary.Uvarint(bytesAt(addr, 3))
	if size <= 0 || n > maxName {
		return "", addr
	}
	at := addr + uint64(size)
	return string(bytesAt(at, int(n))), at + n
}

// interfaceFuncs are the entries that an interface table of the interface type inter and the type of t has with
// that method table; ok is false when a method is lacking. It is what runtime.itabInit computes.
func (e *Engine) interfaceFuncs(inter uint64, t MethodTable) (funcs []uint64, ok bool, err error) {
	have, err := e.entries(t.Type, t.Table, int(t.Count))
	if err != nil {
		return nil, false, err
	}
	typePkg := ""
	if at, ok := e.typeName(load32(t.uncommon())); ok && at != 0 {
		typePkg, _ = e.counted(at + 1)
	}
	interPkg := ""
	if at := load64(inter + interfacePkgPath); at != 0 {
		interPkg, _ = e.counted(at + 1)
	}
	text := e.at.word(e.vars.firstModule, "text")
	methods, n := load64(inter+interfaceMethods), load64(inter+interfaceMethods+8)
	for at := methods; at < methods+n*imethodSize; at += imethodSize {
		nameAddr, _ := e.typeName(load32(at))
		name, pkg, exported := e.nameAt(nameAddr)
		if pkg == "" {
			pkg = interPkg
		}
		i := slices.IndexFunc(have, func(m method) bool {
			own := m.pkg
			if own == "" {
				own = typePkg
			}
			return m.name == name && m.typ == load32(at+4) && m.exported == exported && (exported || own == pkg)
		})
		switch {
		case i < 0:
			return nil, false, nil
		case have[i].iface == 1<<32-1:
			funcs = append(funcs, e.vars.unreachable)
		default:
			funcs = append(funcs, text+uint64(have[i].iface))
		}
	}
	return funcs, true, nil
}

// ItabWith returns the interface table that the pair of types will have when the type has the methods of t: one
// that the runtime has and calls empty until then. fill fills it at once.
func (e *Engine) ItabWith(inter uint64, t MethodTable, fill bool) (uint64, error) {
	if tab := e.fn.getitab(uintptr(inter), uintptr(t.Type), true); tab != nil {
		return e.Itab(inter, t.Type)
	}
	funcs, ok, err := e.interfaceFuncs(inter, t)
	if err != nil || !ok {
		return 0, errors.Join(err, fmt.Errorf("the type at %#x does not implement the interface at %#x: make the patch again", t.Type, inter))
	}
	at := e.retired[pair{inter, t.Type}]
	for _, tab := range e.itabs() {
		if at == 0 && load64(tab+itabInter) == inter && load64(tab+itabType) == t.Type {
			at = tab
		}
	}
	if at == 0 {
		return 0, fmt.Errorf("the runtime keeps no table of the interface at %#x and the type at %#x", inter, t.Type)
	}
	if fill {
		return at, e.fillItab(at, funcs)
	}
	return at, nil
}

// fillItab writes the entries of an interface table, the first one last: it says that the type has them.
func (e *Engine) fillItab(tab uint64, funcs []uint64) error {
	if hash := load32(load64(tab+itabType) + typeHash); load32(tab+itabHash) != hash {
		if err := e.storeData32(tab+itabHash, hash); err != nil {
			return err
		}
	}
	for i := len(funcs) - 1; i >= 0; i-- {
		if at := tab + itabFun + uint64(i)*wordSize; loadAtomic64(at) != funcs[i] {
			if err := e.storeData64(at, funcs[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// pair is an interface type and a concrete one.
type pair struct{ inter, typ uint64 }

// store is a word of data to be written in the stopped world.
type store struct {
	addr, value uint64
	size        int
}

// ExchangeMethods makes ready to give types the method tables of to, and for those without one their own back:
// all that were ever exchanged are looked at. exchange does it, in the stopped world; finish undoes what made
// it possible, and settles interface tables with what is in force then. Without anything to do both are nil.
func (e *Engine) ExchangeMethods(to []MethodTable) (exchange func(), finish func(switched bool) error, err error) {
	target := map[uint64]MethodTable{}
	for typ, x := range e.extended {
		target[typ] = x.own
	}
	for _, t := range to {
		if _, ok := e.extended[t.Type]; !ok {
			own, err := e.ownMethods(t.Type, t.Head)
			if err != nil {
				return nil, nil, err
			}
			if e.extended == nil {
				e.extended = map[uint64]extended{}
			}
			e.extended[t.Type] = extended{own: own, now: own}
		}
		target[t.Type] = t
	}
	var stores []store
	var pages []func() error
	closePages := func() (err error) {
		for _, restore := range slices.Backward(pages) {
			err = errors.Join(err, restore())
		}
		return err
	}
	for typ, t := range target {
		if t == e.extended[typ].now {
			continue
		}
		for _, s := range []store{
			{t.uncommon() + uncommonMcount, uint64(t.counts()), 4},
			{t.uncommon() + uncommonMoff, uint64(t.offset()), 4},
		} {
			restore, err := e.maps.open(s.addr &^ (pageSize - 1))
			if err != nil {
				return nil, nil, errors.Join(fmt.Errorf("making the type at %#x writable: %w", typ, err), closePages())
			}
			pages = append(pages, restore)
			stores = append(stores, s)
		}
	}
	if len(stores) == 0 {
		return nil, nil, nil
	}
	filled, err := e.emptyItabs(target)
	if err != nil {
		return nil, nil, errors.Join(err, closePages())
	}
	stores = append(stores, filled...)
	exchange = func() {
		for i := range stores {
			if s := &stores[i]; s.size == 4 {
				storeAtomic32(s.addr, uint32(s.value))
			} else {
				storeAtomic64(s.addr, s.value)
			}
		}
	}
	finish = func(switched bool) error {
		err := closePages()
		if switched {
			for typ, t := range target {
				x := e.extended[typ]
				x.now = t
				e.extended[typ] = x
			}
		}
		return errors.Join(err, e.SettleItabs())
	}
	return exchange, finish, nil
}

// emptyItabs fills the interface tables that are empty and will not be, which the code of an image may be
// using the moment that the world goes on.
func (e *Engine) emptyItabs(target map[uint64]MethodTable) (stores []store, err error) {
	for _, tab := range e.itabs() {
		t, ok := target[load64(tab+itabType)]
		if !ok || loadAtomic64(tab+itabFun) != 0 || e.twins[tab] {
			continue
		}
		funcs, ok, err := e.interfaceFuncs(load64(tab+itabInter), t)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if !e.maps.writable(tab, itabFun+wordSize*uint64(len(funcs))) {
			return nil, fmt.Errorf("the interface table at %#x can't be written", tab)
		}
		stores = append(stores, store{tab + itabHash, uint64(load32(t.Type + typeHash)), 4})
		for i := len(funcs) - 1; i >= 0; i-- {
			stores = append(stores, store{tab + itabFun + uint64(i)*wordSize, funcs[i], 8})
		}
	}
	return stores, nil
}

// SettleItabs brings the runtime's interface tables to what the methods in force say. One that is no longer true is
// kept for the values that hold it, and a twin that says no takes its place; it comes back when it is true
// again, so that values that were made with it compare equal to new ones.
func (e *Engine) SettleItabs() error {
	replace := map[uint64]uint64{}
	for _, tab := range e.itabs() {
		p := pair{load64(tab + itabInter), load64(tab + itabType)}
		x, ok := e.extended[p.typ]
		if !ok {
			continue
		}
		funcs, implements, err := e.interfaceFuncs(p.inter, x.now)
		if err != nil {
			return err
		}
		switch was := loadAtomic64(tab+itabFun) != 0; {
		case implements && !was && e.retired[p] != 0:
			if err := e.fillItab(e.retired[p], funcs); err != nil {
				return err
			}
			replace[tab] = e.retired[p]
		case implements:
			if err := e.fillItab(tab, funcs); err != nil {
				return err
			}
		case was:
			n, err := e.methodCount(tab)
			if err != nil {
				return err
			}
			replace[tab] = e.twin(tab, n)
			if e.retired == nil {
				e.retired = map[pair]uint64{}
			}
			e.retired[p] = tab
		}
	}
	e.replaceItabs(replace)
	return nil
}

// twin makes an interface table of n methods for the pair of types of tab, which says that the type does not
// implement the interface.
func (e *Engine) twin(tab, n uint64) uint64 {
	words := make([]uint64, itabFun/wordSize+n)
	words[0], words[1] = load64(tab+itabInter), load64(tab+itabType)
	e.kept = append(e.kept, words)
	at := uint64(uintptr(unsafe.Pointer(&words[0])))
	if e.twins == nil {
		e.twins = map[uint64]bool{}
	}
	e.twins[at] = true
	return at
}

// replaceItabs exchanges interface tables in the runtime's table of them. Others read it meanwhile.
func (e *Engine) replaceItabs(replace map[uint64]uint64) {
	if len(replace) == 0 {
		return
	}
	lock := pointer(e.vars.itabLock)
	e.fn.lock2(lock)
	table := loadAtomic64(e.vars.itabTable)
	size := load64(table + itabTableSize)
	for i := range size {
		at := table + itabTableEntries + i*wordSize
		if to := replace[loadAtomic64(at)]; to != 0 {
			storeAtomic64(at, to)
		}
	}
	e.fn.unlock2(lock)
}

// typeCache is memory of an empty cache of a type assertion or a type switch: its mask, and one entry that is
// empty. It is as long as the longer of the two.
type typeCache [4]uintptr

// FlushTypeCaches makes type assertions and type switches forget what they remember, at the given addresses
// of words that lead to it. The world is stopped for a moment before, so that nobody is about to remember what
// was true before, and each word gets a cache that nobody has seen, so that nobody puts an older one back.
func (e *Engine) FlushTypeCaches(addrs []uint64) {
	if len(addrs) == 0 {
		return
	}
	e.world.resume(e.world.pause())
	fresh := new(typeCache)
	for _, addr := range addrs {
		atomic.SwapPointer((*unsafe.Pointer)(pointer(addr)), unsafe.Pointer(fresh))
	}
}

// CheckTypeCache reports a word that is not the start of what a type assertion or a type switch uses: it leads to a
// cache and is followed by an interface type, or by a number of them. The number before a single type looks like a
// word that is followed by one.
func (e *Engine) CheckTypeCache(addr uint64) error {
	if addr%wordSize != 0 || !e.maps.writable(addr, 2*wordSize) {
		return fmt.Errorf("the word at %#x can't be written", addr)
	}
	if !e.leadsToCache(addr) {
		return fmt.Errorf("the word at %#x leads to no cache", addr)
	}
	const most = 1 << 12 // cases
	next := load64(addr + wordSize)
	if next > most {
		return e.checkInterface(next)
	}
	if next == 0 || !e.maps.writable(addr, (2+next)*wordSize) {
		return fmt.Errorf("the word at %#x is not one of a type switch", addr)
	}
	for i := range next {
		if err := e.checkInterface(load64(addr + (2+i)*wordSize)); err != nil {
			return err
		}
	}
	return nil
}

// leadsToCache reports whether the word at addr leads to a cache, which begins with a mask: a power of two less one. Others
// exchange caches meanwhile.
func (e *Engine) leadsToCache(addr uint64) bool {
	const mostEntries = 1 << 20
	for {
		cache := loadAtomic64(addr)
		if cache%wordSize != 0 || cache == 0 || !e.maps.readable(cache, uint64(unsafe.Sizeof(typeCache{}))) {
			return false
		}
		mask := load64(cache)
		if loadAtomic64(addr) == cache {
			return mask < mostEntries && mask&(mask+1) == 0
		}
	}
}

func (e *Engine) checkInterface(typ uint64) error {
	if err := e.CheckType(typ); err != nil {
		return err
	}
	if kindOf(typ) != kindInterface {
		return fmt.Errorf("the type at %#x is no interface", typ)
	}
	return nil
}
