package rules

import (
	"fmt"
	"go/ast"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/edit"
	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// types judges the types that changed.
func (j *judge) types() {
	for i := range j.e.Types {
		t := &j.e.Types[i]
		c := patch.Change{Module: j.module(t.Package), Symbol: j.show(t.Package, t.Name), File: t.File, Line: t.Line}
		switch {
		case t.Added:
			c.What = "new type"
			j.add(NewType, c)
		case t.Renumbered != "":
			c.Symbol += " of " + t.Func
			c.What = "local type; the compiler numbers it anew"
			c.Reason = fmt.Sprintf("Types that functions declare are numbered through the package: this one is %s in the running program and %s in your edit, so the new code would not know the values that exist, or take others for them.", t.Renumbered, t.Renamed)
			j.add(LocalType, c)
		case t.Unknown != "":
			if t.Func != "" {
				c.Symbol += " of " + t.Func
			}
			c.What = "layout not known"
			c.Reason = fmt.Sprintf("It is not known how a %s is laid out in the running program: %s.", t.Name, t.Unknown)
			j.add(LayoutUnknown, c)
		case t.Object && j.refusedWithPart(t):
		case t.Object:
			c.Symbol = t.Name
			c.What = "layout"
			c.Reason = "Values of this type in memory have the layout of the running program; the edit lays them out differently."
			if t.Differs != "" {
				c.Reason = "Values of this type in memory have the layout of the running program; the edit lays them out differently: " + t.Differs + "."
			}
			c.WaysOut = []string{"use a new type for the new layout", "restart"}
			j.add(Layout, c)
		case t.Nowhere:
			layoutChange(t, &c)
			c.What += "; the running program has no " + t.Name
			c.Reason = "Nothing in the running program has to do with the type: no function, no variable, no other type. So no value of the old layout exists, and to the program the type is new."
			c.WaysOut = nil
			j.add(NewType, c)
		case t.Old != nil:
			if t.Func != "" {
				c.Symbol += " of " + t.Func
			}
			if !t.Confined { // see confined
				j.relaid(t, c, t.Held)
			}
		default:
			j.renamedFields(t, c)
			j.methods(t, c)
		}
	}
}

// renamedFields judges fields that have another name and are the same otherwise.
func (j *judge) renamedFields(t *edit.Type, c patch.Change) {
	if len(t.Fields) == 0 {
		return
	}
	if t.Func != "" {
		c.Symbol += " of " + t.Func
	}
	var words []string
	exported := false
	for _, f := range t.Fields {
		words = append(words, f.Old+" -> "+f.New)
		exported = exported || ast.IsExported(f.Old)
	}
	if !t.Seen {
		c.What = "field renamed: " + strings.Join(words, ", ")
		j.add(FieldRenamed, c)
		return
	}
	c.What = "field renamed; reflection sees the old name: " + strings.Join(words, ", ")
	if !exported {
		c.Reason = "The running program's description of the type stays, with the old name: fmt with %+v goes on to write it until the program is restarted."
		c.WaysOut = []string{"keep the old name until the next restart where such texts are read"}
	}
	j.add(FieldNameSeen, c)
}

// relaid refuses a type that is laid out anew. held says what keeps values beyond the calls that handle them.
func (j *judge) relaid(t *edit.Type, c patch.Change, held string) {
	rule := layoutChange(t, &c)
	if held != "" && rule.ID != Interface.ID {
		c.Reason += fmt.Sprintf("\nIt would apply if no %s outlived the calls that handle it, but %s.", t.Name, held)
	}
	if holders := j.holders(t); len(holders) > 0 {
		c.Reason += fmt.Sprintf("\nIt is a part of %s, laid out anew with it.", list(holders))
	}
	j.add(rule, c)
}

// refusedWithPart reports a type that is as it was but for a part, which is refused and has the only line.
func (j *judge) refusedWithPart(t *edit.Type) bool {
	return slices.ContainsFunc(j.e.Types, func(o edit.Type) bool { return o.Old != nil && !o.Confined && !o.Nowhere && j.e.Has(t, &o) })
}

// holders are the types that the program describes and that have a type as a part, as users write them.
func (j *judge) holders(t *edit.Type) (names []string) {
	for i := range j.e.Types {
		if h := &j.e.Types[i]; h.Object && j.e.Has(h, t) {
			path, name := h.Package, h.Name
			if path == "main" {
				path = j.mainPackage()
			}
			if rest, ok := strings.CutPrefix(name, goobj.PackagePrefix(h.Package)+"."); ok {
				name = j.show(path, rest)
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// methods judges the methods of a type whose layout is as before.
func (j *judge) methods(t *edit.Type, c patch.Change) {
	if t.Unnamed {
		c.Symbol = t.Name
	}
	with := func(method string) patch.Change {
		c := c
		if c.Symbol += "." + method; t.Func != "" {
			c.Symbol += " of " + t.Func
		}
		return c
	}
	for _, m := range t.Receivers {
		for _, decl := range declarations(t, m) {
			key := t.Package + "\x00" + decl
			j.shown[key], j.shown["gone"+key], j.shown["new"+key] = true, true, true
		}
		c := with(m)
		c.What = "receiver changed between value and pointer"
		c.Reason = fmt.Sprintf("Interface values that hold a %s exist, and their calls pass the receiver in the old way.", t.Name)
		j.add(Receiver, c)
	}
	if t.Extended {
		j.runs++
	}
	for _, m := range t.Promoted {
		if t.Unseen != "" && j.e.Asked(t.Package, m) {
			c := with(m)
			c.What = "new method, by way of an embedded field"
			j.unseen(t, m, c)
		}
	}
	for _, m := range t.Methods {
		c := with(m)
		c.What = "new method"
		switch {
		case t.Unseen != "" && j.e.Asked(t.Package, m):
			j.unseen(t, m, c)
		case remembered(m):
			j.add(MethodRemembered, c)
		default:
			j.add(NewMethod, c)
		}
	}
	for _, x := range t.Conversions {
		c := with(x.Method)
		c.What = "needed by an interface"
		c.Reason = fmt.Sprintf("In your edit %s converts a %s to %s, which asks for %s. The running program's description of %s has no such method and can't get one: %s.", x.Func, t.Name, x.Interface, x.Method, t.Name, t.Unseen)
		c.WaysOut = []string{"call the method directly", "convert a new type that embeds " + t.Name, "restart"}
		c.File, c.Line = x.File, x.Line
		j.add(MethodNeeded, c)
	}
	for _, m := range t.Gone {
		if !j.e.Asked(t.Package, m) {
			continue
		}
		for _, decl := range declarations(t, m) {
			j.shown["gone"+t.Package+"\x00"+decl] = true
		}
		if slices.ContainsFunc(j.e.Types, func(by edit.Type) bool { return j.e.LosesBy(t, &by, m) }) {
			continue // said of the type that declared it
		}
		c := with(m)
		c.What = "method removed"
		c.Reason = "New code does not call it. Type assertions, fmt, encoding packages and reflection on this type still find it, and run its old body, until the program is restarted."
		if slices.ContainsFunc(j.e.Types, func(of edit.Type) bool { return j.e.LosesBy(&of, t, m) }) {
			c.Reason = strings.Replace(c.Reason, "on this type", "on this type and those that embed it", 1)
		}
		if !ast.IsExported(m) {
			c.Reason = "New code does not call it. Type assertions to the package's own interfaces still find it, and run its old body, until the program is restarted."
		}
		j.add(MethodStays, c)
	}
}

// declarations are the names that a method of a type can be declared by.
func declarations(t *edit.Type, method string) []string {
	return []string{t.Name + "." + method, "(*" + t.Name + ")." + method}
}

// unseen warns of a method that the program's description of a type does not get.
func (j *judge) unseen(t *edit.Type, method string, c patch.Change) {
	finds := "Type assertions, fmt and reflection on this type do"
	if !ast.IsExported(method) {
		finds = "Type assertions to the package's own interfaces do"
	}
	c.Reason = "Direct calls find it. " + finds + " not see it until the program is restarted: " + t.Unseen + "."
	j.add(MethodUnseen, c)
}

// remembered reports a method that encoding packages look for once for each type.
func remembered(method string) bool {
	for _, p := range []string{"Marshal", "Unmarshal", "Gob", "AppendText", "AppendBinary", "IsZero"} {
		if strings.HasPrefix(method, p) {
			return true
		}
	}
	return false
}

// layoutChange tells in c what happened to a type.
func layoutChange(t *edit.Type, c *patch.Change) Rule {
	c.Layout = layoutOf(t)
	o, ok1 := t.Old.(*types.Struct)
	n, ok2 := t.New.(*types.Struct)
	if ok1 && ok2 {
		return structChange(t, o, n, c)
	}
	oi, ok1 := t.Old.(*types.Interface)
	ni, ok2 := t.New.(*types.Interface)
	if ok1 && ok2 {
		return interfaceChange(t, oi, ni, c)
	}
	c.Reason = misread(t)
	oa, ok1 := t.Old.(*types.Array)
	na, ok2 := t.New.(*types.Array)
	if ok1 && ok2 && oa.Len() != na.Len() {
		c.What = fmt.Sprintf("array length %d -> %d", oa.Len(), na.Len())
		c.WaysOut = []string{"use a slice", "use a new type for the other length", "restart"}
		return ArrayLength
	}
	if edit.SameInMemory(t.Old, t.New) {
		c.Reason = sameInMemory(t, "it", short(t.Old), short(t.New))
	}
	c.What = fmt.Sprintf("underlying type %s -> %s", short(t.Old), short(t.New))
	c.WaysOut = []string{"use a new type", "restart"}
	return Layout
}

// misread says what would go wrong with values of a type that is laid out anew.
func misread(t *edit.Type) string {
	all := "every " + t.Name + " already in memory"
	switch {
	case t.OldSize < 0 || t.NewSize < 0 || t.OldSize == t.NewSize:
		return fmt.Sprintf("New code would misread %s.", all)
	case t.NewSize > t.OldSize:
		return fmt.Sprintf("%s is %d bytes in the running program and %d in your edit: new code would read past the end of %s.", t.Name, t.OldSize, t.NewSize, all)
	}
	return fmt.Sprintf("%s is %d bytes in the running program and %d in your edit: new code would misread %s.", t.Name, t.OldSize, t.NewSize, all)
}

// sameInMemory says what stands against a type that only goes by other types than before.
func sameInMemory(t *edit.Type, what, was, is string) string {
	return fmt.Sprintf("Every %s already in memory is laid out as in your edit. But the running program's description of the type is the only one: reflection, fmt and encoding packages would go on to take %s for a value of type %s, and new code for one of type %s.", t.Name, what, was, is)
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
	return fmt.Sprintf("\nIn your edit it is used by %s.", list(t.Users))
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

// structChange tells in c of the first field that differs, and the way out for such a change.
func structChange(t *edit.Type, o, n *types.Struct, c *patch.Change) Rule {
	had, has := fields(o), fields(n)
	aside := func(field, typ string) []string {
		return []string{fmt.Sprintf("keep %s in a map[*%s]%s beside the struct%s", field, t.Name, typ, place(t)), "restart"}
	}
	c.Reason = misread(t)
	var names, typed []string
	for i := range n.NumFields() {
		f := n.Field(i)
		switch {
		case f.Name() == "_" || had[f.Name()] != nil || edit.RenamedAt(o, n, i):
		case edit.EmbedsAnother(o, n, i):
			c.What = fmt.Sprintf("embedded type %s -> %s", short(o.Field(i).Type()), short(f.Type()))
			if edit.SameInMemory(o, n) {
				c.Reason = sameInMemory(t, "the embedded field", short(o.Field(i).Type()), short(f.Type()))
			}
			c.WaysOut = []string{"keep the type's name until the next restart"}
			return FieldType
		default:
			names, typed = append(names, f.Name()), append(typed, f.Name()+" "+short(f.Type()))
		}
	}
	if len(names) > 0 {
		c.What = fmt.Sprintf("%s %s added", plural("field", names), strings.Join(typed, ", "))
		c.Reason += users(t)
		value := short(has[names[0]].Type())
		if len(names) > 1 {
			value = "struct{ " + strings.Join(typed, "; ") + " }"
		}
		c.WaysOut = aside(list(names), value)
		return Layout
	}
	for i := range o.NumFields() {
		if f := o.Field(i); f.Name() != "_" && has[f.Name()] == nil && !edit.RenamedAt(o, n, i) {
			names = append(names, f.Name())
		}
	}
	if len(names) > 0 {
		c.What = fmt.Sprintf("%s %s removed", plural("field", names), strings.Join(names, ", "))
		c.WaysOut = []string{"leave the " + plural("field", names) + " in place, unused, until the next restart"}
		return FieldRemoved
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
			continue
		case same:
			c.What = fmt.Sprintf("field %s: embedded or not", f.Name())
			c.WaysOut = []string{"keep it as it is until the next restart"}
			return FieldType
		case ok1 && ok2 && oa.Len() != na.Len():
			c.What = fmt.Sprintf("field %s: %s -> %s", f.Name(), was, is)
			c.Reason += users(t)
			c.WaysOut = []string{"keep the length and put the rest elsewhere", "restart"}
			return ArrayLength
		}
		c.What = fmt.Sprintf("field %s: %s -> %s", f.Name(), was, is)
		if edit.SameInMemory(o, n) {
			c.Reason = sameInMemory(t, "the field", was, is)
			c.WaysOut = []string{"keep the type and convert the field where it is used", "restart"}
			return FieldType
		}
		c.Reason += users(t)
		c.WaysOut = aside(f.Name(), is)
		return FieldType
	}
	if blanks(o) != blanks(n) {
		c.What = "blank fields changed"
		c.WaysOut = []string{"keep the padding of the running program until the next restart"}
		return Layout
	}
	for i := range o.NumFields() {
		if n.Field(i).Name() != o.Field(i).Name() && !edit.RenamedAt(o, n, i) {
			c.What = "fields reordered"
			c.Reason = fmt.Sprintf("New code would read one field of every %s already in memory for another.", t.Name)
			return FieldOrder
		}
	}
	for i := range o.NumFields() {
		if o.Tag(i) != n.Tag(i) {
			c.What = fmt.Sprintf("tag of field %s changed", o.Field(i).Name())
			c.Reason = fmt.Sprintf("The running program describes %s %s, and packages such as encoding/json have remembered it: the new one would not be seen.", t.Name, tagged(o.Tag(i)))
			return Tag
		}
	}
	for i := range o.NumFields() {
		if f, g := o.Field(i), n.Field(i); edit.RenamedAt(o, n, i) && f.Exported() != g.Exported() {
			c.What = fmt.Sprintf("field %s -> %s: exported or not", f.Name(), g.Name())
			c.Reason = fmt.Sprintf("The running program's description of %s says of all fields together whether some are not exported, and the edit's says something else.", t.Name)
			c.WaysOut = []string{"give it a name that is as the old one in this", "restart"}
			return Layout
		}
	}
	c.What = "struct changed"
	c.WaysOut = []string{"use a new type", "restart"}
	return Layout
}

// plural is a word for one or several.
func plural(word string, of []string) string {
	if len(of) > 1 {
		return word + "s"
	}
	return word
}

// tagged is the end of "describes a type".
func tagged(tag string) string {
	if tag == "" {
		return "without a tag there"
	}
	return "with the old tag `" + tag + "`"
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

// interfaceChange tells in c of the first method that differs.
func interfaceChange(t *edit.Type, o, n *types.Interface, c *patch.Change) Rule {
	sigs := func(i *types.Interface) map[string]string {
		out := map[string]string{}
		for k := range i.NumMethods() {
			m := i.Method(k)
			out[m.Name()] = m.Name() + strings.TrimPrefix(short(m.Type()), "func")
		}
		return out
	}
	had, has := sigs(o), sigs(n)
	c.Reason = fmt.Sprintf("Each %s value in memory brings a list of the methods that the running program knows, and new code would look them up in the order of the new list.", t.Name)
	for k := range n.NumMethods() {
		if m := n.Method(k).Name(); had[m] == "" {
			c.What = "method " + has[m] + " added"
			return Interface
		}
	}
	for k := range o.NumMethods() {
		m := o.Method(k).Name()
		switch {
		case has[m] == "":
			c.What = "method " + had[m] + " removed"
			c.WaysOut = []string{"leave the method in place, unused, until the next restart"}
			return Interface
		case has[m] != had[m]:
			c.What = "method " + had[m] + " -> " + has[m]
			c.WaysOut = []string{"declare a second interface with a method of another name", "restart"}
			return Interface
		}
	}
	c.What = "interface changed"
	return Interface
}
