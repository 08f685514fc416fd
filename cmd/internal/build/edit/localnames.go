package edit

import (
	"fmt"
	"go/ast"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// localMark stands before the number of a type that a function declares.
const localMark = "·"

// LastingName is the name by which the types that patches create are told apart: with the functions that declare local
// types in the place of their numbers, which shift from patch to patch. Code compares the numbers, so a type with another
// one can't be shared, and must not be taken for the type that had its number before.
func (e *Edit) LastingName(name string) string {
	var b strings.Builder
	for {
		i := strings.Index(name, localMark)
		if i < 0 {
			b.WriteString(name)
			return b.String()
		}
		before, rest := name[:i], name[i+len(localMark):]
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		b.WriteString(before + localMark)
		if d := e.declaring(packageBefore(before), rest[:digits]); d != "" {
			b.WriteString(d)
		} else {
			b.WriteString(rest[:digits])
		}
		name = rest[digits:]
	}
}

// packageBefore is the package of the type whose name text ends in, as symbols have it: "main" of "type:*main.row" and of
// "type:main.pair[int]".
func packageBefore(text string) string {
	if strings.HasSuffix(text, "]") {
		depth := 0
		for i := len(text) - 1; i >= 0; i-- {
			switch text[i] {
			case ']':
				depth++
			case '[':
				depth--
			}
			if depth == 0 {
				text = text[:i]
				break
			}
		}
	}
	text = text[strings.LastIndexAny(text, " *&:;,()[]{}<>")+1:]
	return text[:max(0, strings.LastIndexByte(text, '.'))]
}

// declaring says which declaration of a package the local type with a number is in. It is empty where the compiler may
// count other types too: those in initialisers of variables, of which an overlay may add copies.
func (e *Edit) declaring(pkg, number string) string {
	if e.localNames == nil {
		e.localNames = map[string]map[string]string{}
		for path, p := range e.Sources {
			names := map[string]string{}
			for _, l := range p.New.localTypeList() {
				names[fmt.Sprint(l.number)] = fmt.Sprintf("%s/%d", l.decl, l.nth)
			}
			if !p.New.initialisersDeclareTypes() {
				e.localNames[goobj.PackagePrefix(e.symbolPath(path))] = names
			}
		}
	}
	return e.localNames[pkg][number]
}

func (s *Source) initialisersDeclareTypes() bool {
	for _, f := range s.Files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && declaresType(v) {
					return true
				}
			}
		}
	}
	return false
}
