package release

import (
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/image"
)

// Harvest compares objects with a program and returns the address of every symbol that was reached.
func Harvest(set *goobj.Set, file *image.File) (map[goobj.Sym]uint64, error) {
	h, err := newHarvest(set, file)
	if err != nil {
		return nil, err
	}
	if err := h.run(); err != nil {
		return nil, err
	}
	out := map[goobj.Sym]uint64{}
	for y := range h.reached() {
		out[y] = *h.addr.At(y)
	}
	return out, nil
}

// LinkerMade reports a function that the linker writes itself.
func LinkerMade(name string) bool { return linkerMade[name] }
