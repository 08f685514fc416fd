package goobj

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
)

// MethodValue ends the name of the function that a method value of a method is made with.
const MethodValue = "-fm"

// Signature is what callers of a function and the maker of a closure agree on with it.
type Signature struct {
	Params []Param
	// Captures are the captured variables of a closure by ascending offset in its context.
	Captures []Capture
	// CapturesKnown is false when the object does not tell the layout of the closure's context.
	CapturesKnown bool
	// Args is the size in bytes of the stack space for arguments and results.
	Args uint32
}

// Param is a parameter or result.
type Param struct {
	Result bool
	Type   string
}

// Capture is a captured variable.
type Capture struct {
	Offset     uint64
	Name, Type string
}

// Key is equal for functions that can stand for each other as far as callers see. Of closures it says
// that only with CapturesKnown.
func (g Signature) Key() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", g.Args)
	for _, p := range g.Params {
		if p.Result {
			b.WriteString(">")
		}
		b.WriteString(" " + p.Type)
	}
	for _, c := range g.Captures {
		fmt.Fprintf(&b, " [%d %s %s]", c.Offset, c.Name, c.Type)
	}
	return b.String()
}

// Abbrevs decodes the debugging information of functions in objects of one release.
type Abbrevs map[uint64]abbrev

type abbrev struct {
	tag      uint64
	children bool
	fields   []field
}

type field struct{ attr, form uint64 }

// DWARF 5 numbers that the compiler uses.
const (
	tagFormalParameter   = 0x05
	tagInlinedSubroutine = 0x1d
	tagSubprogram        = 0x2e

	attrName           = 0x03
	attrType           = 0x49
	attrAbstractOrigin = 0x31
	attrVariableParam  = 0x4b
	attrClosureOffset  = 0x2907

	formAddr      = 0x01
	formData2     = 0x05
	formData4     = 0x06
	formData8     = 0x07
	formString    = 0x08
	formBlock1    = 0x0a
	formData1     = 0x0b
	formFlag      = 0x0c
	formSdata     = 0x0d
	formUdata     = 0x0f
	formRefAddr   = 0x10
	formSecOffset = 0x17
	formAddrx     = 0x1b
)

// NewAbbrevs reads the table of a release.
func NewAbbrevs(release *gorelease.Release) (Abbrevs, error) {
	b, err := release.Abbrevs()
	if err != nil {
		return nil, err
	}
	m := Abbrevs{}
	r := &cursor{b: b}
	for {
		code := r.uleb()
		if code == 0 || r.bad {
			break
		}
		a := abbrev{tag: r.uleb(), children: r.byte() != 0}
		for {
			f := field{r.uleb(), r.uleb()}
			if f.attr == 0 || r.bad {
				break
			}
			a.fields = append(a.fields, f)
		}
		m[code] = a
	}
	if r.bad {
		return nil, fmt.Errorf("abbreviation table of %s is damaged", release.Name)
	}
	return m, nil
}

type cursor struct {
	b   []byte
	off int
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b)-c.off {
		c.bad, n = true, len(c.b)-c.off
	}
	c.off += n
	return c.b[c.off-n : c.off]
}

func (c *cursor) byte() byte {
	if b := c.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (c *cursor) uleb() uint64 {
	v, n := binary.Uvarint(c.b[c.off:])
	if n <= 0 {
		c.bad = true
		return 0
	}
	c.off += n
	return v
}

func (c *cursor) sleb() {
	for c.byte()&0x80 != 0 && !c.bad {
	}
}

func (c *cursor) cstring() string {
	i := bytes.IndexByte(c.b[c.off:], 0)
	if i < 0 {
		c.bad = true
		return ""
	}
	return string(c.take(i + 1)[:i])
}

var errNoSignature = errors.New("the object does not describe the function")

// Signature reads the signature of function y from its debugging information. It fails for
// functions without any, such as those written in assembly.
func (s *Set) Signature(y Sym, ab Abbrevs) (Signature, error) {
	var g Signature
	info := s.Aux(y, AuxDwarfInfo)
	if info == 0 || !s.Defined(info) {
		return g, errNoSignature
	}
	if fi, ok := s.FuncInfo(y); ok {
		g.Args = fi.Args
	}
	g.CapturesKnown = true
	if err := s.readFunction(info, ab, &g); err != nil {
		return g, fmt.Errorf("%s: %w", s.NameOf(y), err)
	}
	if strings.HasSuffix(s.NameOf(y).Name, MethodValue) {
		// It captures the receiver in any case, which is not described if it is read in the middle of an instruction alone.
		g.Captures, g.CapturesKnown = []Capture{{Name: "receiver"}}, true
	}
	sort.Slice(g.Captures, func(i, j int) bool { return g.Captures[i].Offset < g.Captures[j].Offset })
	return g, nil
}

// readFunction reads the entry of a function. One that was inlined somewhere refers to an abstract
// entry for the parameters that are used, and does not tell the offsets of captured variables.
func (s *Set) readFunction(info Sym, ab Abbrevs, g *Signature) error {
	entries, err := s.functionEntries(info, ab)
	if err != nil || len(entries) == 0 || entries[0].tag != tagSubprogram {
		return errNoSignature
	}
	abstract := map[int]entry{}
	if origin := entries[0].origin; origin != 0 {
		g.CapturesKnown = false
		list, err := s.functionEntries(origin, ab)
		if err != nil {
			return err
		}
		for _, e := range list {
			abstract[e.at] = e
		}
	}
	seen := map[string]bool{}
	for _, e := range entries[1:] {
		if e.origin != 0 {
			of, ok := abstract[e.originAt]
			if !ok || e.origin != entries[0].origin || of.tag != e.tag {
				return errNoSignature
			}
			e.name, e.typ, e.result = of.name, of.typ, of.result
		}
		switch {
		case e.hasOffset:
			g.Captures = append(g.Captures, Capture{e.offset, e.name, s.typeName(e.typ)})
		case e.tag != tagFormalParameter || e.level != 1:
		case e.name == "" || e.typ == 0:
			return errNoSignature
		case !seen[e.name]: // results that a deferred call could see are listed twice
			seen[e.name] = true
			g.Params = append(g.Params, Param{e.result, s.typeName(e.typ)})
		}
	}
	return nil
}

// functionEntries lists the entry of a function and those inside of it, but for inlined calls.
func (s *Set) functionEntries(info Sym, ab Abbrevs) ([]entry, error) {
	refs := s.relocTable(info)
	c := &cursor{b: s.Data(info)}
	var out []entry
	level, inlined := 0, 0
	for c.off < len(c.b) {
		at := c.off
		code := c.uleb()
		if code == 0 {
			level--
			if inlined > level {
				inlined = 0
			}
			if level <= 0 || c.bad {
				break
			}
			continue
		}
		a, ok := ab[code]
		if !ok {
			return nil, errNoSignature
		}
		e := readEntry(c, a, refs)
		if c.bad {
			return nil, errNoSignature
		}
		e.tag, e.at, e.level = a.tag, at, level
		if a.tag == tagInlinedSubroutine && inlined == 0 {
			inlined = level + 1
		}
		if inlined == 0 {
			out = append(out, e)
		}
		if a.children {
			level++
		} else if inlined > level {
			inlined = 0
		}
	}
	if c.bad {
		return nil, errNoSignature
	}
	return out, nil
}

func (s *Set) typeName(y Sym) string {
	if y == 0 {
		return "?"
	}
	return strings.TrimPrefix(s.NameOf(y).Name, "go:info.")
}

type entry struct {
	tag       uint64
	at, level int
	name      string
	typ       Sym
	origin    Sym // of which it is an instance, with the place in it
	originAt  int
	offset    uint64
	hasOffset bool
	result    bool
}

func readEntry(c *cursor, a abbrev, refs relocTable) (e entry) {
	for _, f := range a.fields {
		at := c.off
		var str string
		var num uint64
		switch f.form {
		case formString:
			str = c.cstring()
		case formUdata:
			num = c.uleb()
		case formSdata:
			c.sleb()
		case formAddrx:
			// The index is filled in by the linker; the object keeps room for it.
			if r, ok := refs.at(at); ok {
				c.take(r.Size)
			} else {
				c.uleb()
			}
		case formBlock1:
			c.take(int(c.byte()))
		case formData1, formFlag:
			num = uint64(c.byte())
		case formData2:
			c.take(2)
		case formData4, formRefAddr, formSecOffset:
			c.take(4)
		case formAddr, formData8:
			c.take(8)
		default:
			c.bad = true
			return e
		}
		switch f.attr {
		case attrName:
			e.name = str
		case attrType:
			e.typ = refs.sym(at)
		case attrAbstractOrigin:
			r, _ := refs.at(at)
			e.origin, e.originAt = r.Sym, int(r.Add)
		case attrVariableParam:
			e.result = num != 0
		case attrClosureOffset:
			e.offset, e.hasOffset = num, true
		}
	}
	return e
}
