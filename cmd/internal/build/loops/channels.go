package loops

import (
	"go/ast"
	"go/token"
)

// What is a channel is told by declarations that say so: a parameter, a variable or a field with the type chan T or <-chan T, or what
// make(chan T) gives. A name that anything of the package has in another meaning is not taken for one.

// received reports a type whose values can be received from.
func received(t ast.Expr) bool {
	c, ok := t.(*ast.ChanType)
	return ok && c.Dir&ast.RECV != 0
}

// makesChannel reports make(chan T).
func makesChannel(x ast.Expr) bool {
	call, ok := x.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	return ok && id.Name == "make" && received(call.Args[0])
}

// predeclared are the names that what is written means.
var predeclared = map[string]bool{"bool": true, "panic": true, "make": true, "true": true}

// findChannels finds the fields and package variables that are channels.
func (p *pkg) findChannels() {
	is, other := map[string]bool{}, map[string]bool{}
	p.atTop = map[string]bool{}
	note := func(id *ast.Ident, channel bool) {
		if p.shadowed = p.shadowed || predeclared[id.Name]; channel && !id.IsExported() {
			is[id.Name] = true
		} else {
			other[id.Name] = true
		}
	}
	for _, f := range p.files {
		for _, i := range f.Imports {
			if i.Name != nil && i.Name.Name == "." {
				p.shadowed = true // it may declare anything
			}
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				note(d.Name, false)
				if d.Recv == nil {
					p.atTop[d.Name.Name] = false
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						for i, id := range spec.Names {
							channel := received(spec.Type) || spec.Type == nil && i < len(spec.Values) && len(spec.Values) == len(spec.Names) && makesChannel(spec.Values[i])
							note(id, channel)
							p.atTop[id.Name] = channel
						}
					case *ast.TypeSpec:
						note(spec.Name, false)
						p.atTop[spec.Name.Name] = false
					}
				}
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.StructType:
				for _, field := range n.Fields.List {
					for _, id := range field.Names {
						note(id, received(field.Type))
					}
				}
			case *ast.InterfaceType:
				for _, field := range n.Methods.List {
					for _, id := range field.Names {
						note(id, false)
					}
				}
			}
			return true
		})
	}
	p.channels = map[string]bool{}
	for name := range is {
		p.channels[name] = !other[name]
	}
}

// scope says which names of a function, with those around it, are channels. A name that is declared more than once is one if
// each declaration says so: a variable means what is further outside up to its declaration, a parameter does not.
type scope struct {
	p      *pkg
	local  map[string]bool // declared in the function
	params map[string]bool
	outer  *scope
	shadow bool // a predeclared name has another meaning in it
}

func newScope(p *pkg, recv *ast.FieldList, t *ast.FuncType) *scope {
	s := &scope{p: p, local: map[string]bool{}, params: map[string]bool{}}
	s.fields(recv)
	s.fields(t.Params)
	s.fields(t.Results)
	return s
}

func (s *scope) inner(t *ast.FuncType) *scope {
	in := newScope(s.p, nil, t)
	in.outer = s
	return in
}

func (s *scope) note(id *ast.Ident, channel bool) {
	s.shadow = s.shadow || predeclared[id.Name]
	if was, ok := s.local[id.Name]; ok && !was {
		return
	}
	s.local[id.Name] = channel
}

func (s *scope) fields(l *ast.FieldList) {
	if l == nil {
		return
	}
	for _, f := range l.List {
		for _, id := range f.Names {
			s.note(id, received(f.Type))
			s.params[id.Name] = true
		}
	}
}

// declare enters what a body declares, without the literals inside.
func (s *scope) declare(body *ast.BlockStmt) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				for i, x := range n.Lhs {
					if id, ok := x.(*ast.Ident); ok {
						s.note(id, len(n.Lhs) == len(n.Rhs) && makesChannel(n.Rhs[i]))
					}
				}
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				for _, x := range []ast.Expr{n.Key, n.Value} {
					if id, ok := x.(*ast.Ident); ok {
						s.note(id, false)
					}
				}
			}
		case *ast.DeclStmt:
			for _, spec := range n.Decl.(*ast.GenDecl).Specs {
				switch spec := spec.(type) {
				case *ast.ValueSpec:
					for i, id := range spec.Names {
						s.note(id, received(spec.Type) || spec.Type == nil && len(spec.Values) == len(spec.Names) && makesChannel(spec.Values[i]))
					}
				case *ast.TypeSpec:
					s.note(spec.Name, false)
				}
			}
		}
		return true
	})
}

// shadows reports whether a predeclared name has another meaning in a function or one around it.
func (s *scope) shadows() bool { return s != nil && (s.shadow || s.outer.shadows()) }

// channel reports an expression that is a channel for sure: a name, a field of something, or what time.Tick gives.
func (s *scope) channel(x ast.Expr) bool {
	switch x := ast.Unparen(x).(type) {
	case *ast.Ident:
		declared := false
		for in := s; in != nil; in = in.outer {
			if channel, ok := in.local[x.Name]; ok {
				if !channel || in.params[x.Name] {
					return channel
				}
				declared = true
			}
		}
		if channel, ok := s.p.atTop[x.Name]; ok && declared {
			return channel
		}
		return declared || s.p.channels[x.Name]
	case *ast.SelectorExpr:
		// A name that is not exported is one of this package.
		return s.p.channels[x.Sel.Name] && !x.Sel.IsExported()
	}
	return false
}
