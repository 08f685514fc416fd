package goobj

import "github.com/gosplice/gosplice/cmd/internal/build/parallel"

// resolveAll follows every reference by name once, so that nothing is written when they are followed again.
func (s *Set) resolveAll() {
	parallel.Each(len(s.Objects), func(_, i int) { s.resolveIndexed(s.Objects[i]) })
	for _, o := range s.Objects {
		for k, y := range o.alias {
			if y == 0 {
				s.aliasOf(o, o.defs[0]+k)
			}
		}
	}
	for _, n := range s.builtins {
		s.canonical(n)
	}
	if s.release.ClosuresByContent {
		s.nameClosures()
	}
}

// resolveIndexed follows the references of o to what is entered under its name.
func (s *Set) resolveIndexed(o *Object) {
	for k, y := range o.alias {
		if i := o.defs[0] + k; y == 0 {
			o.alias[k] = s.indexed(Name{o.name(i), o.abi(i)})
		}
	}
}

// nameClosures gives all function literals their names.
func (s *Set) nameClosures() {
	for _, o := range s.Objects {
		for i := o.defs[0] + o.defs[1]; i < o.defs[0]+o.defs[1]+o.defs[2]; i++ {
			if o.isClosure(i) && s.aliasOf(o, i) == o.first+Sym(i) {
				s.closureName(o, i)
			}
		}
	}
}
