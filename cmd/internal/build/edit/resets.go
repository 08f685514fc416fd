package edit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
)

// A variable that is to be reset gets its initial value in the switch. What makes the value runs before
// it: a function, added to the edited package by an overlay, which leaves behind another one that
// exchanges the value with the variable's. That one is ordinary compiled code, so it has the write
// barriers that the garbage collector needs, and called again it puts the old value back.

const (
	resetPrefix = "gospliceReset_"
	swapPrefix  = "gospliceSwap_"
	embedPrefix = "gospliceEmbed_"
)

// IsAdded reports the name, within its package, of something that an overlay added.
func IsAdded(name string) bool {
	for _, p := range []string{initPrefix, resetPrefix, swapPrefix, embedPrefix} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// ResetFunc makes the initial value of variables that are to be reset: most often one, several when
// they share an initialiser.
type ResetFunc struct {
	Package    string // import path
	Func, Swap string // the function, and the variable in which it leaves the exchange
	Vars       []string
	// InRelease says that the release has the directive as well.
	InRelease bool
	File      string
	Line      int
}

// Reset is a reset as far as the edited build tells of it.
type Reset struct {
	ResetFunc
	Func, Swap goobj.Sym
	Vars       []goobj.Sym
	// Value identifies the initial value, by all that it is made of. Release is the same of the
	// release, "" when that has no such directive.
	Value, Release string
	// Size is that of the largest of the variables, in bytes.
	Size uint32
	// Users are the functions of the release that read or write a variable which takes several
	// instructions to read. Anywhere says that any code may, since the variable's address is taken.
	Users    []*release.Symbol
	Anywhere bool
}

// Renews says that the program as released does not have the initial value.
func (r *Reset) Renews() bool { return r.Value != r.Release }

// Wide says that one of the variables takes more than one instruction to read or write.
func (r *Reset) Wide() bool { return r.Size > wordSize }

// Name is how the reset's variables are named together.
func (r ResetFunc) Name() string { return strings.Join(r.Vars, ", ") }

// frozenResets are the variables to be reset of a package whose variables have to stay as they are.
func (s *Source) frozenResets() (problems []DirectiveProblem) {
	for _, name := range slices.Sorted(maps.Keys(s.Vars)) {
		if v := s.Vars[name]; v.Reset {
			problems = append(problems, DirectiveProblem{v.Pos, fmt.Sprintf("%s can't be reset: the program depends on package %s at every moment, while it is being patched too: restart instead", name, s.Path)})
		}
	}
	return problems
}

// resetFuncs writes the functions for the variables of one file.
func resetFuncs(pkg string, f goFile, src, old *Source) ([]byte, []ResetFunc) {
	var names []string
	for name, v := range src.Vars {
		// A variable that the release lacks is among them: an earlier patch may have made it.
		if v.Reset {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var b bytes.Buffer
	var out []ResetFunc
	done := map[*ast.ValueSpec]bool{}
	for _, name := range names {
		v := src.Vars[name]
		group := []string{name}
		if len(v.Spec.Values) == 1 && len(v.Spec.Names) > 1 {
			if done[v.Spec] {
				continue
			}
			done[v.Spec] = true
			group = group[:0]
			for _, id := range v.Spec.Names {
				group = append(group, id.Name)
			}
		}
		r := ResetFunc{Package: pkg, Func: resetPrefix + name, Swap: swapPrefix + name, File: f.path, Line: v.Pos.Line, InRelease: true}
		for _, n := range group {
			if n != "_" {
				r.Vars = append(r.Vars, n)
				was := old.Vars[n]
				r.InRelease = r.InRelease && was != nil && was.Reset
			}
		}
		writeReset(&b, f, src, v, r, group)
		out = append(out, r)
	}
	return b.Bytes(), out
}

// writeReset writes the function of one initialiser. group are the names on the left side.
func writeReset(b *bytes.Buffer, f goFile, src *Source, v *Var, r ResetFunc, group []string) {
	text := func(n ast.Node) string {
		return string(f.content[src.Fset.Position(n.Pos()).Offset:src.Fset.Position(n.End()).Offset])
	}
	line := v.Pos.Line
	locals := make([]string, len(group))
	var left, right []string
	for i, n := range group {
		locals[i] = "_"
		if n != "_" {
			locals[i] = fmt.Sprintf("gospliceNew%d", i)
			left, right = append(left, locals[i], n), append(right, n, locals[i])
		}
	}
	typ := ""
	if v.Spec.Type != nil {
		typ = " " + text(v.Spec.Type)
	}
	var value string
	switch {
	case v.Embed != "":
		embed := embedPrefix + r.Vars[0]
		for pattern := range strings.Lines(v.Embed) {
			fmt.Fprintf(b, "\n//go:embed %s", strings.TrimSpace(pattern))
		}
		fmt.Fprintf(b, "\nvar %s%s\n", embed, typ)
		value = embed
		if typ == " []byte" { // the program may write to it
			value = "append([]byte(nil), " + embed + "...)"
		}
	case v.Value != nil:
		value = text(v.Value)
		line = src.Fset.Position(v.Value.Pos()).Line
	}
	fmt.Fprintf(b, "\nvar %s func()\n\n//go:noinline\nfunc %s() {\n//line %s:%d\n\t", r.Swap, r.Func, f.path, line)
	switch {
	case value == "":
		fmt.Fprintf(b, "var %s%s", strings.Join(locals, ", "), typ)
	case typ != "":
		fmt.Fprintf(b, "var %s%s = %s", strings.Join(locals, ", "), typ, value)
	default:
		fmt.Fprintf(b, "%s := %s", strings.Join(locals, ", "), value)
	}
	fmt.Fprintf(b, "\n\t%s = func() { %s = %s }\n}\n", r.Swap, strings.Join(left, ", "), strings.Join(right, ", "))
}

// FindResets completes the resets from the edited build.
func (e *Edit) FindResets(resets []ResetFunc) {
	for _, f := range resets {
		prefix := goobj.PackagePrefix(e.symbolPath(f.Package)) + "."
		y, ok := e.Set.Lookup(prefix+f.Func, goobj.ABIInternal)
		swap, ok2 := e.Set.Lookup(prefix+f.Swap, goobj.ABI0)
		if !ok || !ok2 {
			continue // the file is not part of this build
		}
		r := Reset{ResetFunc: f, Func: y, Swap: swap}
		for _, v := range f.Vars {
			s, ok := e.Set.Lookup(prefix+v, goobj.ABI0)
			if !ok {
				continue
			}
			r.Vars = append(r.Vars, s)
			r.Size = max(r.Size, e.Set.Size(s))
			if e.Set.Size(s) > wordSize {
				e.findUsers(&r, e.StorageName(prefix+v))
			}
		}
		e.identify(&r)
		e.Resets = append(e.Resets, r)
	}
}

// findUsers notes the code that may be in the middle of reading a variable, which takes several
// instructions.
func (e *Edit) findUsers(r *Reset, name string) {
	was, ok := e.Record.Lookup(name, goobj.ABI0)
	if !ok {
		r.Anywhere = true // an earlier patch may have made it
		return
	}
	use, ok := e.Record.Uses[name]
	r.Anywhere = r.Anywhere || use.Address || !ok && !e.Record.Editable(was.Package)
	for _, f := range use.Funcs {
		if s, ok := e.Record.Lookup(f.Name, f.ABI); ok {
			r.Users = append(r.Users, s)
		} else {
			r.Anywhere = true
		}
	}
}

// wordSize is the size up to which a variable is read and written in one instruction.
const wordSize = 8

// identify computes what the initial value is made of: the code that makes it, embedded files, and what
// of the functions that it calls is not as in the release.
func (e *Edit) identify(r *Reset) {
	src := e.Sources[r.Package]
	prefix := goobj.PackagePrefix(e.symbolPath(r.Package)) + "."
	made := []string{fmt.Sprintf("%x", e.Prints.Of(r.Func))}
	same := r.InRelease
	for _, v := range r.ResetFunc.Vars {
		if y, ok := e.Set.Lookup(prefix+embedPrefix+v, goobj.ABI0); ok {
			made = append(made, fmt.Sprintf("embed %x", e.Prints.Of(y)))
		}
		if src.Old == nil {
			same = false
			continue
		}
		was, is := src.Old.Vars[v], src.New.Vars[v]
		same = same && was != nil && is != nil && was.whole() == is.whole() && !e.dataChanged(r.Package, v) &&
			e.constants(e.oldDecl, r.Package, was) == e.constants(e.newDecl, r.Package, is)
	}
	changed := map[goobj.Sym]bool{}
	for i := range e.Functions {
		changed[e.Functions[i].Sym] = true
	}
	for y := range e.reached(r.Func) {
		if y == r.Func || !changed[y] {
			continue
		}
		n := e.Set.NameOf(y)
		made = append(made, fmt.Sprintf("%s %x", n, e.Prints.Of(y)))
		same = same && IsAdded(strings.TrimPrefix(n.Name, prefix))
	}
	slices.Sort(made)
	sum := sha256.Sum256([]byte(strings.Join(made, "\n")))
	r.Value = hex.EncodeToString(sum[:12])
	switch {
	case same:
		r.Release = r.Value
	case r.InRelease:
		r.Release = "release"
	}
}

// reached are the functions that from leads to, itself included, and the variables that these refer to, as
// far as the objects of changed packages tell.
func (e *Edit) reached(from goobj.Sym) map[goobj.Sym]bool {
	seen := map[goobj.Sym]bool{from: true}
	work := []goobj.Sym{from}
	for len(work) > 0 {
		y := work[len(work)-1]
		work = work[:len(work)-1]
		for _, rel := range e.Set.Relocs(y) {
			if rel.Size == 0 || rel.Sym == 0 || seen[rel.Sym] || !e.Set.Defined(rel.Sym) {
				continue
			}
			n := e.Set.NameOf(rel.Sym).Name
			k := e.Set.Kind(rel.Sym)
			if goobj.IsType(n) || goobj.IsItab(n) {
				continue
			}
			seen[rel.Sym] = true
			if k.IsText() || k.IsRodata() {
				work = append(work, rel.Sym)
			}
		}
	}
	return seen
}

// whole is the initialiser with the bodies of literals, and the type.
func (v *Var) whole() string {
	text := ""
	if v.Spec.Type != nil {
		text = printed(v.Spec.Type)
	}
	if v.Value != nil {
		text += " = " + printed(v.Value)
	}
	return text + v.Embed
}

// constants are the values of the constants that an initialiser names.
func (e *Edit) constants(c *checker, path string, v *Var) string {
	if v.Value == nil {
		return ""
	}
	var out []string
	uses := c.bodies(path).Uses
	ast.Inspect(v.Value, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if k, ok := uses[id].(*types.Const); ok {
				value := k.Val().ExactString()
				if c.notKnown(k) != "" {
					value = c.unknownText()
				}
				out = append(out, id.Name+"="+value)
			}
		}
		return true
	})
	return strings.Join(out, " ")
}

// MadeOf returns a variable that is reset in the same switch, and that the initial value of others is made
// of: y makes it, before the switch, and would find the live value.
func (e *Edit) MadeOf(y goobj.Sym, own []goobj.Sym) (pkg, name string) {
	reached := e.reached(y)
	for i := range e.Resets {
		r := &e.Resets[i]
		for k, v := range r.Vars {
			// The exchange at the end names the variable itself.
			if r.Renews() && reached[v] && !slices.Contains(own, v) {
				return r.Package, r.ResetFunc.Vars[k]
			}
		}
	}
	return "", ""
}
