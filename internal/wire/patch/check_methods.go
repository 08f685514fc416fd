package patch

import "fmt"

// methodSize is the size in bytes of an entry of a method table.
const methodSize = 16

func (p *Patch) checkMethods() error {
	seen := map[uint64]bool{}
	module := p.module()
	for _, t := range p.MethodTables {
		if err := checkString("method table", t.Name); err != nil {
			return err
		}
		const most = 1<<16 - 1 // methods, as types count them
		switch {
		case seen[t.Type] || !p.hostData(t.Type, uint64(t.Head)):
			return fmt.Errorf("the method table of %.80q is of a type at %#x, which is there twice or no data of the program", t.Name, t.Type)
		case t.Head == 0 || t.Head > 1<<10 || t.Head%8 != 0:
			return fmt.Errorf("the method table of %.80q is described %d bytes behind the start of its type", t.Name, t.Head)
		case t.Count == 0 || t.Count > t.Room || t.Room > most || t.Exported > t.Count:
			return fmt.Errorf("the method table of %.80q has room for %d methods, and %d new ones of which %d are exported", t.Name, t.Room, t.Count, t.Exported)
		case !p.inFreeData(module, t.New, methodSize*uint64(t.Count)) || !p.inFreeData(module, t.Table, methodSize*uint64(t.Room)):
			return fmt.Errorf("the method table of %.80q is not in the data of the image", t.Name)
		}
		seen[t.Type] = true
	}
	u := &p.MethodUses
	for _, r := range u.Readers {
		if err := checkString("reader of methods", r.Name); err != nil {
			return err
		}
		if r.Size == 0 || r.Size > maxText || !p.inText(r.Addr, r.Size) {
			return fmt.Errorf("reader of methods %.80q at %#x with %d bytes is outside of the program's text", r.Name, r.Addr, r.Size)
		}
	}
	for _, i := range u.ImageReaders {
		if uint64(i) >= uint64(len(p.Funcs)) {
			return fmt.Errorf("reader of methods %d of %d functions", i, len(p.Funcs))
		}
	}
	for _, addr := range u.Caches {
		if addr%8 != 0 || !p.hostData(addr, 8) {
			return fmt.Errorf("the word of a type assertion at %#x is not in the data of the program", addr)
		}
	}
	for _, off := range u.ImageCaches {
		if !p.inFreeData(module, off, 8) {
			return fmt.Errorf("the word of a type assertion at %#x is not in the data of the image", off)
		}
	}
	return nil
}

// inFreeData says whether the size bytes at the image offset off, a multiple of 8, are in the data part and are not
// module data, which nothing but relocations may change.
func (p *Patch) inFreeData(module span, off, size uint64) bool {
	return off%8 == 0 && inImage(off, size, p.Image.DataOff, p.Image.Size) && !module.meets(off, size)
}
