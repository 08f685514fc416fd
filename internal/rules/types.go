package rules

import (
	"fmt"
	"go/types"
	"path/filepath"
	"strings"

	"github.com/gosplice/gosplice/internal/edit"
	"github.com/gosplice/gosplice/internal/patch"
)

// types judges the types that changed.
func (j *judge) types() {
	for i := range j.e.Types {
		t := &j.e.Types[i]
		c := patch.Change{Symbol: j.show(t.Package, t.Name), File: t.File, Line: t.Line}
		switch {
		case t.Renumbered != "":
			c.Symbol += " of " + t.Func
			c.What = "local type; the compiler numbers it anew"
			c.Detail = fmt.Sprintf("Types that functions declare are numbered through the package: this one is %s in the running program and %s in your edit, so the new code would not know the values that exist, or take others for them.\nInstead: declare the new type at package level or below all other local types of the package, or restart.", t.Renumbered, t.Renamed)
			j.add(LocalType, c)
		case t.Object:
			c.Symbol = t.Name
			c.What = "layout"
			c.Detail = "Values of this type in memory have the layout of the running program; the edit lays them out differently.\nInstead: use a new type for the new layout, or restart."
			j.add(Layout, c)
		case t.Old != nil:
			r, what, detail := layoutChange(t)
			if t.Func != "" {
				c.Symbol += " of " + t.Func
			}
			c.What, c.Detail = what, detail
			j.add(r, c)
		default:
			j.methods(t, c)
		}
	}
}

// methods judges the methods of a type whose layout is as before.
func (j *judge) methods(t *edit.Type, c patch.Change) {
	with := func(method string) patch.Change {
		c := c
		c.Symbol += "." + method
		return c
	}
	if t.Receiver != "" {
		c := with(t.Receiver)
		c.What = "receiver changed between value and pointer"
		c.Detail = fmt.Sprintf("Interface values that hold a %s exist, and their calls pass the receiver in the old way.\nInstead: keep the receiver and add a method with another name, or restart.", t.Name)
		j.add(Receiver, c)
	}
	for _, m := range t.Methods {
		c := with(m)
		c.What = "new method"
		c.Detail = "Direct calls find it. Type assertions, fmt and reflection on this type do not see it until the program is restarted."
		j.add(MethodUnseen, c)
	}
	for _, x := range t.Conversions {
		c := with(x.Method)
		c.What = "needed by an interface"
		c.Detail = fmt.Sprintf("In your edit %s converts a %s to %s, which asks for %s. The running program's description of %s has no such method, and can't be extended.\nInstead: call the method directly, or convert a new type that embeds %s, or restart.", x.Func, t.Name, x.Interface, x.Method, t.Name, t.Name)
		c.File, c.Line = x.File, x.Line
		j.add(MethodNeeded, c)
	}
	for _, m := range t.Gone {
		for _, decl := range []string{t.Name + "." + m, "(*" + t.Name + ")." + m} {
			j.shown["gone"+t.Package+"\x00"+decl] = true
		}
		c := with(m)
		c.What = "method removed"
		c.Detail = "New code does not call it. Type assertions, fmt, encoding packages and reflection on this type still find it, and run its old body, until the program is restarted."
		j.add(MethodStays, c)
	}
}

// layoutChange tells what happened to a type.
func layoutChange(t *edit.Type) (r Rule, what, detail string) {
	o, ok1 := t.Old.(*types.Struct)
	n, ok2 := t.New.(*types.Struct)
	if ok1 && ok2 {
		return structChange(t, o, n)
	}
	oi, ok1 := t.Old.(*types.Interface)
	ni, ok2 := t.New.(*types.Interface)
	if ok1 && ok2 {
		return interfaceChange(t, oi, ni)
	}
	oa, ok1 := t.Old.(*types.Array)
	na, ok2 := t.New.(*types.Array)
	if ok1 && ok2 && oa.Len() != na.Len() {
		return ArrayLength, fmt.Sprintf("array length %d -> %d", oa.Len(), na.Len()), misread(t) + "Instead: use a slice, or a new type for the other length, or restart."
	}
	return Layout, fmt.Sprintf("underlying type %s -> %s", short(t.Old), short(t.New)), misread(t) + "Instead: use a new type, or restart."
}

// misread says what would go wrong with values of a type that is laid out anew.
func misread(t *edit.Type) string {
	all := "every " + t.Name + " already in memory"
	switch {
	case t.OldSize < 0 || t.NewSize < 0 || t.OldSize == t.NewSize:
		return fmt.Sprintf("New code would misread %s.\n", all)
	case t.NewSize > t.OldSize:
		return fmt.Sprintf("%s is %d bytes in the running program and %d in your edit: new code would read past the end of %s.\n", t.Name, t.OldSize, t.NewSize, all)
	}
	return fmt.Sprintf("%s is %d bytes in the running program and %d in your edit: new code would misread %s.\n", t.Name, t.OldSize, t.NewSize, all)
}

// short is a type as messages show it.
func short(t types.Type) string {
	s := types.TypeString(t, func(p *types.Package) string { return p.Name() })
	const most = 120 // characters
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return s
}

// fields are the fields of a struct by name; blank ones can't be told apart by theirs.
func fields(s *types.Struct) map[string]*types.Var {
	out := map[string]*types.Var{}
	for i := range s.NumFields() {
		if f := s.Field(i); f.Name() != "_" {
			out[f.Name()] = f
		}
	}
	return out
}

// place is " (player.go:3)" for messages.
func place(t *edit.Type) string {
	if t.File == "" {
		return ""
	}
	return fmt.Sprintf(" (%s:%d)", filepath.Base(t.File), t.Line)
}

// users says which functions have to do with what changed.
func users(t *edit.Type) string {
	if len(t.Users) == 0 {
		return ""
	}
	return fmt.Sprintf("In your edit it is used by %s.\n", list(t.Users))
}

// list joins the first names of a list for a sentence.
func list(names []string) string {
	const most = 3
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > most:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n-most)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// structChange names the first field that differs, and the way out for such a change.
func structChange(t *edit.Type, o, n *types.Struct) (r Rule, what, detail string) {
	had, has := fields(o), fields(n)
	aside := func(field, typ string) string {
		return fmt.Sprintf("Instead: keep %s in a map[*%s]%s beside the struct%s, or restart.", field, t.Name, typ, place(t))
	}
	for i := range n.NumFields() {
		if f := n.Field(i); f.Name() != "_" && had[f.Name()] == nil {
			return Layout, fmt.Sprintf("field %s %s added", f.Name(), short(f.Type())), misread(t) + users(t) + aside(f.Name(), short(f.Type()))
		}
	}
	for i := range o.NumFields() {
		if f := o.Field(i); f.Name() != "_" && has[f.Name()] == nil {
			return FieldRemoved, fmt.Sprintf("field %s removed", f.Name()), misread(t) + "Instead: leave the field in place, unused, until the next restart."
		}
	}
	for i := range o.NumFields() {
		f := o.Field(i)
		g := has[f.Name()]
		if g == nil {
			continue
		}
		was, is := short(f.Type()), short(g.Type())
		same := edit.SameType(f.Type(), g.Type())
		if was == is && !same { // an alias stands for something else
			was, is = short(types.Unalias(f.Type())), short(types.Unalias(g.Type()))
		}
		oa, ok1 := f.Type().Underlying().(*types.Array)
		na, ok2 := g.Type().Underlying().(*types.Array)
		switch {
		case same && f.Embedded() == g.Embedded():
		case ok1 && ok2 && oa.Len() != na.Len():
			return ArrayLength, fmt.Sprintf("field %s: %s -> %s", f.Name(), was, is), misread(t) + users(t) + "Instead: keep the length and put the rest elsewhere, or restart."
		case same:
			return FieldType, fmt.Sprintf("field %s: embedded or not", f.Name()), misread(t) + "Instead: keep it as it is until the next restart."
		default:
			return FieldType, fmt.Sprintf("field %s: %s -> %s", f.Name(), was, is), misread(t) + users(t) + aside(f.Name(), is)
		}
	}
	if blanks(o) != blanks(n) {
		return Layout, "blank fields changed", misread(t) + "Instead: keep the padding of the running program until the next restart."
	}
	for i := range o.NumFields() {
		if n.Field(i).Name() != o.Field(i).Name() {
			return FieldOrder, "fields reordered", fmt.Sprintf("New code would read one field of every %s already in memory for another.\nRunning: %s\nEdit:    %s\nInstead: keep the order of the running program until the next restart.", t.Name, short(o), short(n))
		}
	}
	for i := range o.NumFields() {
		if o.Tag(i) != n.Tag(i) {
			return Tag, fmt.Sprintf("tag of field %s changed", o.Field(i).Name()),
				fmt.Sprintf("The running program describes %s with the old tag `%s`, and packages such as encoding/json have remembered it: the new one would not be seen.\nInstead: marshal a new type that has the new tag, or restart.", t.Name, o.Tag(i))
		}
	}
	return Layout, "struct changed", misread(t) + "Instead: use a new type, or restart."
}

// blanks lists the blank fields of a struct.
func blanks(s *types.Struct) string {
	var b strings.Builder
	for i := range s.NumFields() {
		if f := s.Field(i); f.Name() == "_" {
			fmt.Fprintln(&b, i, short(f.Type()))
		}
	}
	return b.String()
}

// interfaceChange names the first method that differs.
func interfaceChange(t *edit.Type, o, n *types.Interface) (r Rule, what, detail string) {
	sigs := func(i *types.Interface) map[string]string {
		out := map[string]string{}
		for k := range i.NumMethods() {
			m := i.Method(k)
			out[m.Name()] = m.Name() + strings.TrimPrefix(short(m.Type()), "func")
		}
		return out
	}
	had, has := sigs(o), sigs(n)
	why := fmt.Sprintf("Each %s value in memory brings a list of the methods that the running program knows, and new code would look them up in the order of the new list.\n", t.Name)
	other := "Instead: declare a second interface with the new methods and ask for it with a type assertion, or restart."
	for k := range n.NumMethods() {
		if m := n.Method(k).Name(); had[m] == "" {
			return Interface, "method " + has[m] + " added", why + other
		}
	}
	for k := range o.NumMethods() {
		m := o.Method(k).Name()
		switch {
		case has[m] == "":
			return Interface, "method " + had[m] + " removed", why + "Instead: leave the method in place, unused, until the next restart."
		case has[m] != had[m]:
			return Interface, "method " + had[m] + " -> " + has[m], why + "Instead: declare a second interface with a method of another name, or restart."
		}
	}
	return Interface, "interface changed", why + other
}
