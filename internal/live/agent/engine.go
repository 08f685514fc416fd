package agent

import (
	"context"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// engine is what the agent asks of the runtime's machinery; *splice.Engine documents it. Calls are
// serialised by patcher.engineLock.
type engine interface {
	WriteMode() string
	NoPlugins() error
	CheckCode(name string, addr uint64, want [8]byte) error
	Reserve(size, nearLow, nearHigh, above uint64, far bool) (region, error)
	CheckFunction(entry uint64, name string) error
	CheckFunctions(moduledata uint64, entries []uint64) error
	CheckType(addr uint64) error
	CheckTypeSymbol(addr, size uint64, symbol string) error
	CheckItab(inter, typ uint64, gains bool) error
	CheckTypeCache(addr uint64) error
	CheckFill(types []uint64, addr uint64, size int, base uint64) (entry bool, err error)
	Register(moduledata uint64) error
	Itab(inter, typ uint64) (uint64, error)
	Fill(addr uint64, size int, old, new uint64) error
	RefreshItabs(types []uint64) (int, error)
	MergeMethods(typ, head, fresh uint64, count, exported int, into uint64, n int, entry func(uint64) bool) (splice.MethodTable, error)
	ItabWith(inter uint64, t splice.MethodTable, fill bool) (uint64, error)
	ExchangeMethods(to []splice.MethodTable) (exchange func(), finish func(switched bool) error, err error)
	SettleItabs() error
	FlushTypeCaches(addrs []uint64)
	Func(addr uint64) func()
	ErrorFunc(addr uint64) func() error
	FuncVar(addr uint64) func()
	Switch(ctx context.Context, writes []splice.Write, o splice.Options) (splice.Stats, error)
	Scan(ranges []splice.Range) ([]splice.Held, error)
}

// region is memory for one image, see splice.Region.
type region interface {
	Base() uint64
	Bytes() []byte
	Seal(textSize, rodataOff, dataOff uint64) error
	Release() error
}

// armFunc makes the machinery ready, once in the life of a process.
type armFunc func(rt patch.Runtime, text, etext uint64) (engine, error)

// armSplice is the armFunc of a real program.
func armSplice(rt patch.Runtime, text, etext uint64) (engine, error) {
	e, err := splice.Arm(rt, text, etext)
	if err != nil {
		return nil, err
	}
	return spliceEngine{e}, nil
}

// spliceEngine is *splice.Engine with regions behind the interface.
type spliceEngine struct{ *splice.Engine }

func (e spliceEngine) Reserve(size, nearLow, nearHigh, above uint64, far bool) (region, error) {
	r, err := e.Engine.Reserve(size, nearLow, nearHigh, above, far)
	if err != nil {
		return nil, err // not a nil *splice.Region, which would be a region that is not nil
	}
	return r, nil
}
