package splice

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// The runtime trusts every type descriptor: given something else it reads memory that is not there
// or ends the program. So what a patch calls a type is looked at before.

// Layout of internal/abi.Type, of the kinds that follow it and of UncommonType, the same in Go 1.24 to
// 1.27 but for maps.
const (
	typePtrBytes = 8
	typeFlag     = 20
	typeAlign    = 21
	typeKind     = 23
	typeStr      = 40
	typeSize     = 48

	flagUncommon  = 1 << 0
	flagExtraStar = 1 << 1
	flagLimit     = 1 << 7

	kindFunc      = 19
	kindInterface = 20
	kindMap       = 21
	kindStruct    = 25
	kindLimit     = 27

	interfacePkgPath = 48
	imethodSize      = 8  // name and type, 4 bytes each
	funcCounts       = 48 // parameters and results, 2 bytes each
	structFields     = 56 // slice
	structFieldSize  = 24

	uncommonSize   = 16
	uncommonMcount = 4
	uncommonXcount = 6
	uncommonMoff   = 8

	methodSize  = 16 // 4 bytes each: name, type, entry for interfaces, entry
	methodType  = 4
	methodEntry = 8

	maxName = 1 << 16
)

// kindSizes are the sizes of the fixed part of the descriptors of kinds that have more than typeSize
// bytes; that of maps depends on the release.
var kindSizes = map[uint8]uint64{17: 72, 18: 64, kindFunc: 56, kindInterface: 80, 22: 56, 23: 56, kindStruct: 80}

// fixedSize is the size of the part of a descriptor that all types of its kind have.
func (e *Engine) fixedSize(typ uint64) uint64 {
	kind := kindOf(typ)
	if kind == kindMap {
		return e.release.mapType
	}
	if size, ok := kindSizes[kind]; ok {
		return size
	}
	return typeSize
}

// descriptorSize is the size of a type's descriptor with all that lies right behind it, for a type that
// CheckType accepts. It is 0 for what can't be one.
func (e *Engine) descriptorSize(typ uint64) uint64 {
	size := e.fixedSize(typ)
	if !e.holdsTypes(typ, size) {
		return 0
	}
	switch kindOf(typ) {
	case kindFunc:
		const variadic = 1 << 15
		in, out := uint64(load32(typ+funcCounts)&0xffff), uint64(load32(typ+funcCounts)>>16&^variadic)
		size += (in + out) * wordSize
	case kindInterface:
		size += load64(typ+interfaceMethods+8) * imethodSize
	case kindStruct:
		size += load64(typ+structFields+8) * structFieldSize
	}
	if load8(typ+typeFlag)&flagUncommon != 0 {
		uncommon := typ + e.fixedSize(typ)
		if !e.holdsTypes(uncommon, uncommonSize) {
			return 0
		}
		size += uncommonSize + uint64(binary.LittleEndian.Uint16(bytesAt(uncommon+uncommonMcount, 2)))*methodSize
	}
	if size > maxRegion || !e.holdsTypes(typ, size) {
		return 0
	}
	return size
}

// CheckType reports memory that can't be the descriptor of a type, in the program or in a region.
func (e *Engine) CheckType(addr uint64) error {
	if addr%wordSize != 0 || !e.holdsTypes(addr, typeSize) {
		return fmt.Errorf("there is no type at %#x", addr)
	}
	flag, kind := load8(addr+typeFlag), load8(addr+typeKind)
	align, fieldAlign := load8(addr+typeAlign), load8(addr+typeAlign+1)
	_, named := e.typeName(load32(addr + typeStr))
	switch {
	case kind&^(1<<5) == 0, kind&^(1<<5) >= kindLimit, flag >= flagLimit, !powerOfTwo(align), !powerOfTwo(fieldAlign),
		load64(addr+typePtrBytes) > load64(addr), load32(addr+typeHash) == 0, load32(addr+typeStr) == 0, !named:
		return fmt.Errorf("what is at %#x is not a type", addr)
	}
	return nil
}

// CheckTypeSymbol reports a descriptor that is not the one of a type's symbol: it has another size in bytes, or is
// of a type with another name. Other memory than that of a descriptor is an error as well.
func (e *Engine) CheckTypeSymbol(addr, size uint64, symbol string) error {
	if err := e.CheckType(addr); err != nil {
		return err
	}
	if is := e.descriptorSize(addr); is != size {
		return fmt.Errorf("the descriptor at %#x has %d bytes, not %d", addr, is, size)
	}
	is := e.typeString(addr)
	if want, ok := typeOfSymbol(symbol); ok && withoutPackages(want) != withoutPackages(is) {
		return fmt.Errorf("the descriptor at %#x is of type %.80q", addr, is)
	}
	return nil
}

// typeString is the name of a type that CheckType accepts, as the runtime tells it.
func (e *Engine) typeString(typ uint64) string {
	text, _ := e.nameText(e.programTypes().Lo + uint64(load32(typ+typeStr)))
	name := string(bytesAt(text.Lo, int(text.Hi-text.Lo)))
	if load8(typ+typeFlag)&flagExtraStar != 0 {
		name = strings.TrimPrefix(name, "*")
	}
	return name
}

// typeOfSymbol is the type whose descriptor a symbol is. A type that a function declares has a number in the symbol's
// name alone: it is not told.
func typeOfSymbol(symbol string) (name string, ok bool) {
	name, ok = strings.CutPrefix(strings.TrimSuffix(symbol, "<0>"), "type:")
	return strings.TrimPrefix(name, "noalg."), ok && !strings.Contains(name, "·")
}

// withoutPackages is a type's name without the packages in it: symbols have the path, descriptors the name.
func withoutPackages(name string) string {
	var b strings.Builder
	for name != "" {
		end := strings.IndexAny(name, " ,;*()[]{}")
		if end < 0 {
			end = len(name)
		}
		b.WriteString(name[strings.LastIndexByte(name[:end], '.')+1 : end])
		if end < len(name) {
			b.WriteByte(name[end])
			end++
		}
		name = name[end:]
	}
	return b.String()
}

func powerOfTwo(n uint8) bool { return n == 1 || n == 2 || n == 4 || n == 8 }

// kindOf is the kind of a type. Up to Go 1.25 a flag stands beside it.
func kindOf(addr uint64) uint8 { return load8(addr+typeKind) &^ (1 << 5) }

// CheckItab reports a pair of types for which the runtime can't make an interface table without
// risk. That the type implements the interface is for Itab to find. gains says that the type gets its methods
// from a patch.
func (e *Engine) CheckItab(inter, typ uint64, gains bool) error {
	if err := e.CheckType(inter); err != nil {
		return err
	}
	if err := e.CheckType(typ); err != nil {
		return err
	}
	if kindOf(inter) != kindInterface || !e.holdsTypes(inter, interfaceMethods+24) {
		return fmt.Errorf("the type at %#x is no interface", inter)
	}
	if pkg := load64(inter + interfacePkgPath); pkg != 0 && !e.name(pkg) {
		return fmt.Errorf("the interface at %#x has no package", inter)
	}
	methods, n := load64(inter+interfaceMethods), load64(inter+interfaceMethods+8)
	if n == 0 || n > maxMethods || !e.holdsTypes(methods, n*imethodSize) {
		return fmt.Errorf("the interface at %#x has no methods", inter)
	}
	for at := methods; at < methods+n*imethodSize; at += imethodSize {
		if _, ok := e.typeName(load32(at)); !ok || !e.typeOffset(load32(at+4)) {
			return fmt.Errorf("the interface at %#x has a method without a name or a type", inter)
		}
	}
	if kindOf(typ) == kindInterface {
		return fmt.Errorf("the type at %#x is an interface itself", typ)
	}
	if gains {
		return nil
	}
	_, err := e.methodTable(typ)
	return err
}

// methodTable returns the method table of a type that CheckType accepts.
func (e *Engine) methodTable(typ uint64) (Range, error) {
	if load8(typ+typeFlag)&flagUncommon != 0 {
		if r, ok := e.uncommonMethods(typ + e.fixedSize(typ)); ok {
			return r, nil
		}
	}
	return Range{}, fmt.Errorf("the type at %#x has no methods", typ)
}

// uncommonMethods returns the method table that the UncommonType at addr leads to, if it is one.
func (e *Engine) uncommonMethods(addr uint64) (Range, bool) {
	if !e.holdsTypes(addr, uncommonSize) {
		return Range{}, false
	}
	count := binary.LittleEndian.Uint16(bytesAt(addr+uncommonMcount, 2))
	exported := binary.LittleEndian.Uint16(bytesAt(addr+uncommonXcount, 2))
	table := addr + uint64(load32(addr+uncommonMoff))
	size := uint64(count) * methodSize
	if _, ok := e.typeName(load32(addr)); !ok || count == 0 || exported > count || table < addr+uncommonSize || table%4 != 0 || !e.holdsTypes(table, size) {
		return Range{}, false
	}
	for at := table; at < table+size; at += methodSize {
		if _, ok := e.typeName(load32(at)); !ok || load32(at) == 0 || !e.typeOffset(load32(at+methodType)) {
			return Range{}, false
		}
	}
	return Range{table, table + size}, true
}

// CheckFill reports a word of size bytes that is not one of those that the linker leaves empty: the
// function type and the two entries of a method, in the method table of one of the program's types. base is
// what the word counts from. entry says that the word leads to code; otherwise it leads to a type.
func (e *Engine) CheckFill(types []uint64, addr uint64, size int, base uint64) (entry bool, err error) {
	for _, typ := range types {
		if !e.programTypes().holds(typ, typeSize) {
			return false, fmt.Errorf("there is no type of the program at %#x", typ)
		}
		if err := e.CheckType(typ); err != nil {
			return false, err
		}
		table, err := e.methodTable(typ)
		if err != nil {
			return false, err
		}
		if size != 4 || !table.holds(addr, 4) {
			continue
		}
		switch word := (addr - table.Lo) % methodSize; {
		case word == methodType && base == e.programTypes().Lo:
			return false, nil
		case (word == methodEntry || word == methodEntry+4) && base == e.at.word(e.vars.firstModule, "text"):
			return true, nil
		}
	}
	return false, fmt.Errorf("the word at %#x is not one of a method that the program left out", addr)
}

// CheckFunction reports an address at which no function of the program with the name begins; without a
// name, none at all.
func (e *Engine) CheckFunction(entry uint64, name string) error {
	f := runtime.FuncForPC(uintptr(entry))
	if !e.text.contains(entry) || f == nil || uint64(f.Entry()) != entry {
		return fmt.Errorf("no function of the program begins at %#x", entry)
	}
	if name == "" {
		return nil
	}
	// The instruction at the entry may be one of a function that was inlined; the last frame is not.
	frames := runtime.CallersFrames([]uintptr{uintptr(entry) + 1})
	var is string
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		is = frame.Function
	}
	if is != withoutTypeArguments(name) {
		return fmt.Errorf("the function of the program at %#x is %s", entry, is)
	}
	return nil
}

// withoutTypeArguments is a symbol name as the runtime tells it.
func withoutTypeArguments(name string) string {
	open, end := strings.IndexByte(name, '['), strings.LastIndexByte(name, ']')
	if open < 0 || end < open {
		return name
	}
	return name[:open] + "[...]" + name[end+1:]
}

// CheckFunctions reports an entry at which the module has no function. The module lies in the data of a
// sealed region, and is not registered yet.
func (e *Engine) CheckFunctions(module uint64, entries []uint64) error {
	r := e.regionOf(module)
	if r == nil {
		return fmt.Errorf("the module at %#x is not in the data of a sealed region", module)
	}
	if err := e.checkModule(module, r); err != nil {
		return err
	}
	c := moduleCheck{e: e, module: module, region: r}
	table, n := c.slice("ftab")
	if n == 0 {
		return errors.New("it has no functions")
	}
	text := c.word("text")
	known := make([]uint64, n-1) // the last one is the end
	for i := range known {
		known[i] = text + uint64(load32(table+uint64(i)*functabSize))
	}
	for _, entry := range entries {
		if _, ok := slices.BinarySearch(known, entry); !ok {
			return fmt.Errorf("no function begins at %#x", entry)
		}
	}
	return nil
}

// programTypes is where the program's types are. Their end moves when an image is registered, but
// not into data that can be written.
func (e *Engine) programTypes() Range {
	first := e.vars.firstModule
	r := Range{e.at.word(first, "types"), e.at.word(first, "etypes")}
	if data := e.at.word(first, "noptrdata"); data > r.Lo {
		r.Hi = min(r.Hi, data)
	}
	return r
}

// holdsTypes reports memory where types can be: those of the program, or a region.
func (e *Engine) holdsTypes(addr, size uint64) bool {
	if e.programTypes().holds(addr, size) {
		return true
	}
	for _, r := range e.regions {
		if r.at.holds(addr, size) {
			return true
		}
	}
	return false
}

// typeOffset reports an offset that leads to a type, or is one of those that lead nowhere.
func (e *Engine) typeOffset(off uint32) bool {
	return off == 0 || off == 1<<32-1 || e.holdsTypes(e.programTypes().Lo+uint64(off), typeSize)
}

// typeName returns the address of the name at an offset, and whether it is one. Offset 0 is the empty name.
func (e *Engine) typeName(off uint32) (addr uint64, ok bool) {
	if off == 0 {
		return 0, true
	}
	addr = e.programTypes().Lo + uint64(off)
	return addr, e.name(addr)
}

// name reports whether a name is at addr.
func (e *Engine) name(addr uint64) bool {
	_, ok := e.nameText(addr)
	return ok
}

// nameText is where the text of the name at addr is, if one is there: a byte of flags, the length as a varint, the text.
func (e *Engine) nameText(addr uint64) (text Range, ok bool) {
	length, shift := uint64(0), 0
	at := addr + 1
	for ; shift < 21; shift += 7 {
		if !e.holdsTypes(addr, at+1-addr) {
			return Range{}, false
		}
		b := load8(at)
		at++
		length |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return Range{at, at + length}, length <= maxName && e.holdsTypes(addr, at+length-addr)
		}
	}
	return Range{}, false
}
