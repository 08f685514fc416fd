package edit

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// A type checker that misses a package, a type or a constant goes on with something in its place: the size of a type
// that it does not know is 8, and so is the length of an array that is made of it. So what has an error in its
// declaration, and all that is declared with it, is not known, whatever the checker says of it.

// unknowns say of declarations why they are not known.
type unknowns map[types.Object]string

// part is a declaration as far as other ones depend on it, and what it declares.
type part struct {
	nodes   []ast.Node
	objects []types.Object
}

// checkErrors are those of one package that stand for something that was not found.
type checkErrors []types.Error

// add leaves out what is no sign of something missing: a package that is read from export data has its own idea of
// packages that are read from source, whose values can't be used where it wants them.
func (c *checkErrors) add(err error) {
	var e types.Error
	if errors.As(err, &e) && !e.Soft && !strings.HasPrefix(e.Msg, "cannot use ") {
		*c = append(*c, e)
	}
}

// in is what is wrong in a node, "" if nothing is.
func (c checkErrors) in(n ast.Node) string {
	for _, e := range c {
		if n.Pos() <= e.Pos && e.Pos <= n.End() {
			return e.Msg
		}
	}
	return ""
}

// declare notes what is not known of a package's declarations.
func (c *checker) declare(files []*ast.File, info *types.Info, errs checkErrors) {
	parts := parts(files, info)
	for grown := true; grown; {
		grown = false
		for _, p := range parts {
			why := ""
			for _, n := range p.nodes {
				if why == "" {
					why = c.doubt(n, info, errs)
				}
			}
			for _, o := range p.objects {
				if why != "" && c.unknown[o] == "" {
					c.unknown[o], grown = why, true
				}
			}
		}
	}
}

// doubt says why a node does not mean what the checker says, "" if it does.
func (c *checker) doubt(n ast.Node, info *types.Info, errs checkErrors) string {
	why := errs.in(n)
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || why != "" {
			return why == ""
		}
		switch o := info.Uses[id].(type) {
		case nil:
		case *types.PkgName:
			why = c.missing[o.Imported().Path()]
		default:
			why = c.unknown[origin(o)]
		}
		return why == ""
	})
	return why
}

// origin is the declaration of which o may be an instance.
func origin(o types.Object) types.Object {
	switch o := o.(type) {
	case *types.Func:
		return o.Origin()
	case *types.Var:
		return o.Origin()
	}
	return o
}

// parts are the declarations of a package without bodies. A type is not known either if one of its methods isn't.
func parts(files []*ast.File, info *types.Info) (out []part) {
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				p := part{nodes: []ast.Node{d.Type}}
				p.declares(info, d.Name)
				if d.Recv != nil {
					p.objects = append(p.objects, receiverType(d, info)...)
				}
				out = append(out, p)
			case *ast.GenDecl:
				out = append(out, specParts(d, info)...)
			}
		}
	}
	return out
}

func receiverType(d *ast.FuncDecl, info *types.Info) (out []types.Object) {
	ast.Inspect(d.Recv, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if tn, ok := info.Uses[id].(*types.TypeName); ok {
				out = append(out, tn)
			}
		}
		return true
	})
	return out
}

func specParts(d *ast.GenDecl, info *types.Info) (out []part) {
	var repeated []ast.Node // what a constant without a value takes over
	for _, spec := range d.Specs {
		var p part
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			p.nodes = []ast.Node{spec}
			p.declares(info, spec.Name)
		case *ast.ValueSpec:
			p.nodes = valueNodes(d.Tok, spec)
			if d.Tok == token.CONST && len(spec.Values) == 0 {
				p.nodes = append(p.nodes, repeated...)
			} else {
				repeated = p.nodes
			}
			p.declares(info, spec.Names...)
		}
		out = append(out, p)
	}
	return out
}

func (p *part) declares(info *types.Info, names ...*ast.Ident) {
	for _, id := range names {
		if o := info.Defs[id]; o != nil {
			p.objects = append(p.objects, o)
		}
	}
}

// valueNodes are what gives constants their values and variables their types.
func valueNodes(tok token.Token, spec *ast.ValueSpec) (out []ast.Node) {
	for _, id := range spec.Names {
		out = append(out, id)
	}
	if spec.Type != nil {
		out = append(out, spec.Type)
		if tok == token.VAR {
			return out
		}
	}
	for _, x := range spec.Values {
		out = append(out, x)
	}
	return out
}

// notKnown says why a type, a variable or a constant of one version is not known, "" if it is.
func (c *checker) notKnown(o types.Object) string { return c.unknown[origin(o)] }

// unknownMark stands in the text of something that is not known.
const unknownMark = "(not known"

// unknownText stands for something that is not known, and so is not what it is in the other version.
func (c *checker) unknownText() string {
	if c.gone != nil {
		return unknownMark + " in the release)"
	}
	return unknownMark + " in the edit)"
}

// sure reports whether a node within a function or an initialiser means what bodies says.
func (c *checker) sure(path string, n ast.Node) bool {
	info := c.bodies(path)
	return c.doubt(n, info, c.bodyErrors[path]) == ""
}

// notKnown says why a declaration is not known in one of the versions, "" if it is in both.
func (e *Edit) notKnown(was, is types.Object) string {
	if why := e.oldDecl.notKnown(was); why != "" {
		return why
	}
	return e.newDecl.notKnown(is)
}

// findGone makes the checker of the release find the packages that the edited build does not have.
func (e *Edit) findGone(tree *Tree) {
	e.oldDecl.gone = func(path string) (*Source, error) {
		p, ok := e.Record.PackageByPath(path)
		if !ok {
			return nil, fmt.Errorf("package %s is not in the release's record", path)
		}
		return tree.oldSource(p)
	}
	e.oldDecl.lasting = func(path string) bool {
		p, ok := e.Record.PackageByPath(path)
		return ok && p.Standard && e.Packages[path] == nil
	}
	e.oldDecl.vendored = func(path string) string {
		if _, ok := e.Record.PackageByPath(path); ok {
			return path
		}
		return "vendor/" + path
	}
}
