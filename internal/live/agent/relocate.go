package agent

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/gosplice/gosplice/internal/wire/coderef"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// relocate adjusts memory, an image for base address 0, to base, to symbols at the addresses
// addrs, and to a program that was moved by slide. The patch was checked, so all places are in memory. It fails when a value does not fit
// its place; memory is then of no use.
func relocate(memory []byte, base, slide uint64, relocs []patch.Reloc, addrs []uint64) error {
	for _, r := range relocs {
		place := memory[r.Off:]
		var symbol uint64
		if len(addrs) > 0 {
			symbol = addrs[r.Sym] // of the kinds without a symbol Sym is 0
		}
		if err := adjust(place, r, base, slide, symbol); err != nil {
			return fmt.Errorf("relocation at offset %#x of the image loaded at %#x: %w", r.Off, base, err)
		}
	}
	return nil
}

// adjust adds to the value at the start of place what r's kind says.
func adjust(place []byte, r patch.Reloc, base, slide, symbol uint64) error {
	switch r.Kind {
	case patch.AddBase64:
		binary.LittleEndian.PutUint64(place, binary.LittleEndian.Uint64(place)+base)
		return nil
	case patch.AddSym64:
		binary.LittleEndian.PutUint64(place, binary.LittleEndian.Uint64(place)+symbol)
		return nil
	case patch.AddSlide64:
		binary.LittleEndian.PutUint64(place, binary.LittleEndian.Uint64(place)+slide)
		return nil
	case patch.SubBaseARM64:
		if !coderef.MoveARM64(place, base-slide) {
			return errors.New("the instruction does not reach the program from there")
		}
		return nil
	case patch.RelSymARM64:
		place = place[:r.Kind.Size()]
		addend, ok := coderef.ARM64.Target(place, uint64(r.Off))
		if !ok || !coderef.ARM64.SetTarget(place, base+uint64(r.Off), symbol+addend) {
			return errors.New("the pair of instructions does not reach the symbol from there")
		}
		return nil
	}
	value := int64(int32(binary.LittleEndian.Uint32(place)))
	lowest := int64(math.MinInt32)
	switch r.Kind {
	case patch.AddBase32:
		value += int64(base - slide)
		lowest = 0
	case patch.AddSym32:
		value += int64(symbol - slide)
		lowest = 0
	case patch.SubBase32:
		value -= int64(base - slide)
	case patch.RelSym32:
		value += int64(symbol) - int64(base)
	default:
		return fmt.Errorf("unknown kind %d", r.Kind)
	}
	if value < lowest || value > math.MaxInt32 {
		return fmt.Errorf("value %#x does not fit into 32 bits", value)
	}
	binary.LittleEndian.PutUint32(place, uint32(int32(value)))
	return nil
}
