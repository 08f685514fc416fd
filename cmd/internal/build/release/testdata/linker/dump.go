package loader

import (
	"bufio"
	"fmt"
	"os"
)

// DumpAddresses writes the address of every symbol that the program has to the file that
// GOSPLICE_LINKER_DUMP names: for each object its package, then for each of its symbols the number
// within the object, the address, the size, the version and the name.
func (l *Loader) DumpAddresses() {
	f, err := os.Create(os.Getenv("GOSPLICE_LINKER_DUMP"))
	if err != nil {
		panic(err)
	}
	w := bufio.NewWriter(f)
	for _, r := range l.objs[goObjStart:] {
		fmt.Fprintf(w, "object %s\n", r.unit.Lib.Pkg)
		for i, s := range r.syms {
			if s != 0 && l.AttrReachable(s) {
				fmt.Fprintf(w, "%d %#x %d %d %s\n", i, l.SymValue(s), l.SymSize(s), l.SymVersion(s), l.SymName(s))
			}
		}
	}
	if err := w.Flush(); err != nil {
		panic(err)
	}
	if err := f.Close(); err != nil {
		panic(err)
	}
}
