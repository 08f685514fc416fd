package goobj

import "crypto/sha256"

// Temporary reports whether y is data that the compiler made for an initial value: what a pointer or a slice in it
// leads to. Its number means nothing in another build.
func (s *Set) Temporary(y Sym) bool {
	return s.Kind(y).IsVar() && s.ByContent(y)
}

// Temporaries are the temporaries that the initial value of variable y leads to, in the order of the references.
func (s *Set) Temporaries(y Sym) []Sym { return s.temporaries(y, func(int) {}) }

// Temporaries is that of the set. The shape is equal for variables whose temporaries correspond one to one: the data is
// the same, and so is what refers to what.
func (f *Fingerprinter) Temporaries(y Sym) (list []Sym, shape Fingerprint) {
	h := sha256.New()
	fp := f.Of(y)
	h.Write(fp[:])
	list = f.set.temporaries(y, func(n int) { number(h, uint64(n)) })
	copy(shape[:], h.Sum(nil))
	return list, shape
}

// temporaries calls edge for each reference on the way with the number of what it leads to.
func (s *Set) temporaries(y Sym, edge func(to int)) (list []Sym) {
	seen := map[Sym]int{y: 0}
	var walk func(y Sym)
	walk = func(y Sym) {
		for _, r := range s.Relocs(y) {
			if r.Size == 0 || !s.Temporary(r.Sym) && !(s.Kind(r.Sym).IsRodata() && s.ByContent(r.Sym)) {
				continue
			}
			n, again := seen[r.Sym]
			if !again {
				n = len(seen)
				seen[r.Sym] = n
				if s.Temporary(r.Sym) {
					list = append(list, r.Sym)
				}
			}
			if edge(n); !again {
				walk(r.Sym)
			}
		}
	}
	walk(y)
	return list
}

// Initialised are the variables and temporaries to which the code that initialises a package refers: their data is not
// the whole of their initial values.
func (s *Set) Initialised(pkg string) map[Sym]bool {
	out := map[Sym]bool{}
	y, ok := s.Lookup(pathToPrefix(pkg)+".init", ABIInternal)
	if !ok {
		return out
	}
	for _, r := range s.Relocs(y) {
		if r.Size > 0 && s.Kind(r.Sym).IsVar() {
			out[r.Sym] = true
		}
	}
	return out
}

// InitFuncs are the functions that initialise a package, in the order in which they run. A package that only imports others
// that are initialised has none.
func (s *Set) InitFuncs(pkg string) (funcs []Sym) {
	task, ok := s.Lookup(pathToPrefix(pkg)+"..inittask", ABI0)
	if !ok {
		return nil
	}
	for _, r := range s.Relocs(task) {
		if r.Size == 8 && s.Kind(r.Sym).IsText() {
			funcs = append(funcs, r.Sym)
		}
	}
	return funcs
}
