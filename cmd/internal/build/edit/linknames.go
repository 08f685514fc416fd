package edit

import "github.com/gosplice/gosplice/cmd/internal/build/goobj"

// A function may have the name of another package: by go:linkname the package that has its body gives it to the one that
// declares it without a body. Its symbol says nothing of the declaration.

// pushed is a symbol of another name than its declaration, in the package that has the body.
type pushed struct{ path, symbol string }

// pushedDecl is the declaration of a symbol that a package compiles under another name, empty for other symbols.
func (e *Edit) pushedDecl(path, symbol string) string {
	if e.pushed == nil {
		e.pushed = map[pushed]string{}
		for path, p := range e.Sources {
			for _, src := range []*Source{p.Old, p.New} {
				if src == nil {
					continue
				}
				for local, linked := range src.linknames() {
					if f := src.Funcs[local]; f != nil && f.Decl.Body != nil {
						e.pushed[pushed{path, linked}] = local
					}
				}
			}
		}
	}
	return e.pushed[pushed{path, symbol}]
}

// PushedDecl is the declaration of a function whose symbol has another name, empty for others.
func (e *Edit) PushedDecl(f *Function) string { return e.pushedDecl(f.Package, f.Name.Name) }

// classOf is the class of a function of a package of the edit or of the release.
func (e *Edit) classOf(path string, n goobj.Name, flag2 uint8) Class {
	if flag2&goobj.Flag2ABIWrapper == 0 && e.pushedDecl(path, n.Name) != "" {
		return Plain
	}
	return classify(goobj.PackagePrefix(e.symbolPath(path)), n, flag2)
}

// EditsBody reports a function in two versions whose source differs. What has a body in neither is only declared: what it
// calls is another function.
func EditsBody(was, is *Func) bool {
	return was != nil && is != nil && was.Text != is.Text && (was.Decl.Body != nil || is.Decl.Body != nil)
}
