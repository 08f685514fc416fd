package edit

import (
	"go/ast"
	"go/token"
	"maps"
	"slices"
)

// Declarations are the functions, types, variables and constants whose source differs from the
// release's, as users write them ("arena.(*Room).Tick"), each with a digest of its source. One that
// is gone has an empty digest.
func (e *Edit) Declarations() map[string]string {
	out := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(e.Sources)) { // two packages may have one name
		p := e.Sources[path]
		was, is := p.Old.digests(), p.New.digests()
		for name := range was {
			if _, ok := is[name]; !ok {
				out[name] += ""
			}
		}
		for name, digest := range is {
			if was[name] != digest {
				out[name] += digest
			}
		}
	}
	return out
}

// digests are the digests of everything that a package declares.
func (s *Source) digests() map[string]string {
	out := map[string]string{}
	if s == nil {
		return out
	}
	prefix := s.name() + "."
	for name, f := range s.Funcs {
		out[prefix+name] = f.Text
	}
	for _, f := range s.Files {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok != token.IMPORT {
				s.digestSpecs(d, prefix, out)
			}
		}
	}
	return out
}

func (s *Source) digestSpecs(d *ast.GenDecl, prefix string, out map[string]string) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			bare := *spec
			bare.Doc, bare.Comment = nil, nil
			out[prefix+spec.Name.Name] = s.text(&bare)
		case *ast.ValueSpec:
			bare := *spec
			bare.Doc, bare.Comment = nil, nil
			for _, name := range spec.Names {
				out[prefix+name.Name] = s.text(&bare)
			}
		}
	}
}
