package edit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/release"
	"github.com/gosplice/gosplice/internal/wire/escape"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Waiting is a body of the release that may hand memory of a stack to code of the edit which keeps it. No
// goroutine may be inside of it at the switch.
type Waiting struct {
	Old  *release.Symbol
	Func *Function
	// Keeper is the function that does more with its arguments than the body knows, Why what it does, in words.
	Keeper, Why string
	// Values are those of the body that are on its stack and on the heap in the edit, with their lines, as far
	// as they are known.
	Values []string
	// Stays says that the body is not redirected, Enterable that something may enter it at any later time.
	Stays, Enterable bool
	// Given says that the body is a danger only if code of another patch gave it bytes that share the memory of a string.
	Given bool
	// Keeps says that the keeper keeps more. If not, it may write to more, or call more.
	Keeps bool
	// writes says that the keeper does nothing more but write.
	writes bool
}

// Words says in one clause why w has to be waited for.
func (w *Waiting) Words() string {
	has := "may pass it memory of its stack"
	switch {
	case w.writes:
		has = "may pass it bytes that share the memory of a string"
	case len(w.Values) > 0:
		has = "has " + strings.Join(w.Values, ", ") + " on its stack"
	}
	return userName(w.Keeper) + " " + w.Why + ", and " + userName(w.Old.Name) + " " + has
}

// userName is a symbol's name as people write it, without the directories of the package.
func userName(symbol string) string {
	name := goobj.WithoutCopy(symbol)
	plain, _, _ := strings.Cut(name, "[")
	return patch.Shown(name[strings.LastIndexByte(plain, '/')+1:])
}

// UserName is a symbol's name as plans show it.
func (e *Edit) UserName(symbol string) string { return userName(symbol) }

// PackageOf is the import path of the package of a function, if that is a changed one.
func (e *Edit) PackageOf(symbol string) string {
	path, _, _, _ := e.owner(symbol)
	return path
}

// waits finds the bodies to wait for.
type waits struct {
	e       *Edit
	leads   map[*release.Symbol]*Function // of the functions that are redirected
	changed map[*release.Symbol]*Function
	memo    map[*release.Symbol]*Waiting // nil for one that is no danger
	trusted map[*release.Symbol]bool     // see trusts
}

// Waits finds the old bodies that are a danger when redirect are the functions whose entries lead to the edit.
//
// A body runs on as it was compiled: its decisions hold as long as no function that it enters does more with its
// arguments than the one that it was compiled against. Otherwise they hold if the edit has the same flows in its place,
// and the compiler, which knew the new functions, has put nothing of it on the heap.
func (e *Edit) Waits(redirect []*Function) []Waiting {
	w := newWaits(e, redirect)
	var out, given []Waiting
	for s := range w.changed {
		if found := w.behind(s, false); found != nil {
			out = append(out, w.waiting(s, *found))
		} else if found := w.behind(s, true); found != nil {
			found.Given = true
			given = append(given, w.waiting(s, *found))
		}
	}
	out = append(w.makers(out), given...)
	slices.SortFunc(out, func(a, b Waiting) int { return cmp.Compare(a.Old.Addr, b.Old.Addr) })
	return out
}

func newWaits(e *Edit, redirect []*Function) *waits {
	w := &waits{e: e, leads: map[*release.Symbol]*Function{}, changed: map[*release.Symbol]*Function{}, memo: map[*release.Symbol]*Waiting{}, trusted: map[*release.Symbol]bool{}}
	for _, f := range redirect {
		w.leads[f.Old] = f
	}
	for i := range e.Functions {
		if f := &e.Functions[i]; f.Old != nil && f.Old.Kind.IsText() && f.Old.Size > 0 {
			w.changed[f.Old] = f
		}
	}
	for _, path := range e.Gone() {
		for _, f := range e.GoneFunctions(path) {
			w.changed[f.Old] = f
		}
	}
	return w
}

// makers lets the switch wait for those that make closures which keep their old bodies, where no such closure outlives
// the frame that it is made in: nothing else can enter it.
func (w *waits) makers(out []Waiting) []Waiting {
	found := map[*release.Symbol]bool{}
	for _, x := range out {
		found[x.Old] = true
	}
	for i := 0; i < len(out); i++ {
		x := out[i]
		if !x.Enterable || !w.e.lent(x.Old) {
			continue
		}
		makers := w.e.callers(x.Old)
		if len(makers) == 0 || slices.ContainsFunc(makers, func(m *release.Symbol) bool { return w.leads[m] == nil && w.changed[m] == nil }) {
			continue // one that is entered in its old form makes it anew
		}
		out[i].Enterable = false
		for _, m := range makers {
			if !found[m] {
				found[m] = true
				out = append(out, w.waiting(m, Waiting{Keeper: x.Keeper, Why: x.Why, Keeps: x.Keeps}))
			}
		}
	}
	return out
}

// waiting completes what is said of a body that is waited for.
func (w *waits) waiting(s *release.Symbol, x Waiting) Waiting {
	x.Old, x.Func, x.Stays = s, cmp.Or(w.changed[s], w.leads[s]), w.stays(s)
	x.Enterable = x.Stays && s.Indirect && (x.Func.Class == Closure || x.Func.Sym == 0 || x.Func.Signature)
	return x
}

// stays reports a body that changed and is entered in its old form.
func (w *waits) stays(s *release.Symbol) bool { return w.changed[s] != nil && w.leads[s] == nil }

// behind judges a changed body, and those that stay and that it may enter. It returns a copy. given says that the body has
// bytes that share the memory of a string, wherever they are from.
func (w *waits) behind(s *release.Symbol, given bool) *Waiting {
	type entered struct {
		s *release.Symbol
		// shares says that a body on the way has bytes that share the memory of a string, or may be given such.
		shares bool
	}
	first := entered{s, given || w.shares(s) || w.e.Given(s.Name)}
	seen := map[entered]bool{first: true}
	for next := []entered{first}; len(next) > 0; next = next[1:] {
		at := next[0]
		if found := w.alone(at.s); found != nil && (at.shares || !found.writes) {
			out := *found
			if at.s != s {
				out.Values = nil
			}
			return &out
		}
		for _, from := range append([]*release.Symbol{at.s}, w.e.Record.Within(at.s)...) {
			for _, c := range append(w.e.Record.MayCall(from), from) {
				if !w.stays(c) {
					continue
				}
				if to := (entered{c, at.shares || w.shares(c)}); !seen[to] {
					seen[to] = true
					next = append(next, to)
				}
			}
		}
	}
	return nil
}

// leadsToMore reports whether a body that stays, or what it enters in its old form, leads to a function that does more with its
// arguments, or to a literal that is another one.
func (w *waits) leadsToMore(s *release.Symbol) bool {
	seen := map[*release.Symbol]bool{s: true}
	for next := []*release.Symbol{s}; len(next) > 0; next = next[1:] {
		inside := w.inside(next[0])
		if w.changedInside(inside) != nil {
			return true
		}
		for _, from := range append([]*release.Symbol{next[0]}, inside...) {
			for _, c := range w.e.Record.MayCall(from) {
				switch {
				case !w.stays(c):
					if w.e.growth(c).more {
						return true
					}
				case !seen[c]:
					seen[c] = true
					next = append(next, c)
				}
			}
		}
	}
	return false
}

// shares reports whether a body, or what is inside of it, may have bytes that share the memory of a string.
func (w *waits) shares(s *release.Symbol) bool {
	return slices.ContainsFunc(append([]*release.Symbol{s}, w.inside(s)...), func(s *release.Symbol) bool {
		b := w.e.OldBody(s)
		return b.Flow == "" || b.Places.Share()
	})
}

// alone judges a changed body without those that it enters in their old form.
func (w *waits) alone(s *release.Symbol) *Waiting {
	if found, ok := w.memo[s]; ok {
		return found
	}
	w.memo[s] = nil // a cycle of bodies that stay leads to no others
	found := w.judge(s)
	w.memo[s] = found
	return found
}

func (w *waits) judge(s *release.Symbol) *Waiting {
	if w.startsGoroutine(s) {
		return nil
	}
	inside := w.inside(s)
	found := w.reached(s, inside)
	if found == nil || found.writes {
		found = cmp.Or(w.changedInside(inside), found)
	}
	if found == nil {
		return nil
	}
	if w.sameFlows(s, inside) && len(w.moved(s)) == 0 && !w.returned(s, inside) {
		w.trusted[s] = true
		return nil
	}
	found.Values = w.values(s)
	return found
}

// startsGoroutine reports the function that a go statement starts, when it does nothing but call another one: all that
// it is given is on the heap.
func (w *waits) startsGoroutine(s *release.Symbol) bool {
	around, ok := statement(s.Name)
	if !ok || !strings.HasPrefix(s.Name[len(around):], ".gowrap") || !w.e.inlinedKnown() {
		return false
	}
	return len(w.e.escapes.inlined[s.Name]) == 0
}

// inside are the functions of literals and statements inside of a body that may get memory of its frame.
func (w *waits) inside(s *release.Symbol) []*release.Symbol {
	var out, leaving []*release.Symbol
	all := w.e.Record.Within(s)
	for _, c := range w.e.Record.Callees(s) { // copies have names of their own
		if _, ok := w.e.closures.oldLiteral[c]; ok && !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	for _, c := range all {
		if w.e.outlives(c) {
			leaving = append(leaving, c)
		}
	}
	for _, c := range all {
		if !slices.ContainsFunc(leaving, func(l *release.Symbol) bool {
			return l == c || strings.HasPrefix(c.Name, l.Name+".") || strings.HasPrefix(c.Name, l.Name+"-")
		}) {
			out = append(out, c)
		}
	}
	return out
}

// reached finds a function that a body, or what is inside of it, calls and that does more with its arguments than
// the old one.
func (w *waits) reached(s *release.Symbol, inside []*release.Symbol) *Waiting {
	var writes *Waiting
	for _, from := range append([]*release.Symbol{s}, inside...) {
		for _, c := range w.e.Record.MayCall(from) {
			// A literal that is redirected enters what the edit has, whatever the old one enters.
			if w.stays(c) && !(c != s && w.trusts(c)) && (from == s || w.leads[from] == nil) {
				continue
			}
			if g := w.e.growth(c); g.more {
				name := c.Name
				if n, ok := w.e.escapes.is[c]; ok {
					name = n.Name
				}
				found := &Waiting{Keeper: name, Why: w.e.why(name, g) + w.byWayOf(c), Keeps: escape.Keep(g.flows), writes: escape.OnlyWrite(g.flows)}
				if !found.writes {
					return found
				}
				writes = cmp.Or(writes, found)
			}
		}
	}
	return writes
}

// returned reports whether a function that a body calls returns more of its arguments than before. A temporary lives no
// longer than its statement where nothing returns it, on the stack all the same.
func (w *waits) returned(s *release.Symbol, inside []*release.Symbol) bool {
	for _, from := range append([]*release.Symbol{s}, inside...) {
		for _, c := range w.e.Record.MayCall(from) {
			g := w.e.growth(c)
			if g.more && (len(g.flows) == 0 || slices.ContainsFunc(g.flows, func(f escape.Flow) bool { return f.Kind == 'r' })) {
				return true
			}
		}
	}
	return false
}

// byWayOf names the function that keeps what s only hands on, and where.
func (w *waits) byWayOf(s *release.Symbol) string {
	seen := map[*release.Symbol]bool{}
	last := s
	for next := s; next != nil; {
		last, seen[next] = next, true
		callees := w.e.Record.MayCall(next)
		next = nil
		for _, c := range callees {
			if g := w.e.growth(c); !seen[c] && !w.stays(c) && g.more && (next == nil || w.e.growth(next).untold() && !g.untold()) {
				next = c
			}
		}
	}
	if last == s {
		return ""
	}
	name := last.Name
	if n, ok := w.e.escapes.is[last]; ok {
		name = n.Name
	}
	return ", by way of " + userName(name) + ", which " + w.e.why(name, w.e.growth(last))
}

// trusts reports a body that stays and is no danger itself because it has the flows of the edit: it does with its
// arguments what the edit does.
func (w *waits) trusts(s *release.Symbol) bool {
	w.alone(s)
	return w.trusted[s]
}

// changedInside finds a function literal inside of a body that is redirected, has captured memory of the body's
// frame and is another one in the edit: what it does with that is not told apart from what others do.
func (w *waits) changedInside(inside []*release.Symbol) *Waiting {
	for _, c := range inside {
		f := w.leads[c]
		l, ok := w.e.closures.oldLiteral[c]
		if f == nil || !ok {
			continue
		}
		// Literals that were inlined into it have no bodies of their own.
		if old := w.e.OldBody(c).Flow; old != "" && old == w.e.NewBody(f.Sym).Flow {
			continue
		}
		ls := w.e.Sources[l.path].Old.groups()[l.group]
		if l.index < len(ls) && !captures(&ls[l.index]) {
			continue
		}
		return &Waiting{Keeper: f.Name.Name, Keeps: true, Why: "is changed, and has variables of the function around it"}
	}
	return nil
}

// sameFlows compares a body, and the old bodies inside of it that stay, with those of the edit.
func (w *waits) sameFlows(s *release.Symbol, inside []*release.Symbol) bool {
	if w.changed[s].Sym == 0 {
		return false
	}
	for _, c := range append([]*release.Symbol{s}, inside...) {
		if w.leads[c] != nil && c != s || w.changed[c] == nil {
			continue // entered in its edited form, or the same
		}
		g := w.changed[c]
		if g.Sym == 0 {
			return false
		}
		was, is := w.e.OldBody(c), w.e.NewBody(g.Sym)
		if was.Flow == "" || was.Flow != is.Flow || w.entersOld(c) {
			return false
		}
	}
	return true
}

// moved are the places of a body that are on the heap in the edit alone.
func (w *waits) moved(s *release.Symbol) []string {
	return w.e.NewBody(w.changed[s].Sym).Places.Moved(w.e.OldBody(s).Places)
}

// values describes the places of a body that are on the heap in the edit alone, where what it is compiled from has the
// same form in both versions.
func (w *waits) values(s *release.Symbol) []string {
	f := w.changed[s]
	if f.Sym == 0 {
		return nil
	}
	was, ok := w.e.oldSegment(s)
	is, found := w.e.newSegment(f.Sym)
	if !ok || !found || was.segment.form != is.segment.form || w.e.OldBody(s).Flow == "" {
		return nil
	}
	_, function, _, _ := w.e.owner(f.Name.Name)
	_, before, _, _ := w.e.owner(s.Name)
	return w.e.escapes.new[is.path].moved(function, is.segment, w.moved(s), w.e.escapes.old[was.path], before, was.segment)
}

// entersOld reports whether a body calls functions that changed and keep their old bodies: the edited build was not
// compiled against those.
func (w *waits) entersOld(s *release.Symbol) bool {
	return slices.ContainsFunc(w.e.Record.MayCall(s), func(c *release.Symbol) bool {
		_, own := statement(c.Name)
		return !own && w.changed[c] != nil && w.leads[c] == nil && !strings.HasPrefix(c.Name, s.Name+".")
	})
}
