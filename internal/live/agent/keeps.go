package agent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/escape"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// The compiler lets a caller pass memory on its stack to a function that does not keep it. A body that runs on
// in its old form may do so after the switch. The patch says which bodies of the program are a danger then; of the
// bodies of other images that is found here, for any two versions.

// guardTimeout is how long such a switch is tried when the request does not say.
const guardTimeout = 5 * time.Second

// kept is what an image says of what functions do with their arguments.
type kept struct {
	hosts map[uint64]*patch.Keep // by entry in the program
	named map[funcKey]*patch.Keep
	// callees and hostCallees are the functions that each function of the image leads to: indices and entries.
	callees     [][]int
	hostCallees [][]uint64
	// held and hostHeld tell those of them that the function only may have in captured variables.
	held     []map[int]bool
	hostHeld []map[uint64]bool
	waits    []patch.Wait
}

func newKept(p *patch.Patch) kept {
	k := kept{
		hosts: map[uint64]*patch.Keep{}, named: map[funcKey]*patch.Keep{},
		callees: make([][]int, len(p.Funcs)), hostCallees: make([][]uint64, len(p.Funcs)), waits: p.Waits,
		held: make([]map[int]bool, len(p.Funcs)), hostHeld: make([]map[uint64]bool, len(p.Funcs)),
	}
	for i := range p.Keeps {
		e := &p.Keeps[i]
		k.named[funcKey{e.Name, e.ABI}] = e
		if e.Addr != 0 {
			k.hosts[e.Addr] = e
		}
	}
	for i, f := range p.Funcs {
		for _, c := range f.Callees {
			k.callees[i] = append(k.callees[i], int(c))
		}
		for _, c := range f.HostCallees {
			k.hostCallees[i] = append(k.hostCallees[i], p.Release.Text+uint64(c))
		}
		k.held[i], k.hostHeld[i] = map[int]bool{}, map[uint64]bool{}
		for _, c := range f.Held {
			k.held[i][int(c)] = true
		}
		for _, c := range f.HostHeld {
			k.hostHeld[i][p.Release.Text+uint64(c)] = true
		}
	}
	return k
}

// hostKeep is what an image, nil for the release, says of a function of the program.
func (m *image) hostKeep(host uint64) *patch.Keep {
	if m == nil {
		return nil
	}
	return m.kept.hosts[host]
}

// ofHost is what a function of the program does with its arguments as m was compiled. other is another image that may
// know the release.
func ofHost(m, other *image, host uint64) escape.Keeps {
	if k := m.hostKeep(host); k != nil {
		return k.New
	}
	if k := other.hostKeep(host); k != nil {
		return k.Old
	}
	return ""
}

// ofFunc is what funcs[i] does with its arguments.
func (m *image) ofFunc(i int, other *image) escape.Keeps {
	f := &m.funcs[i]
	if k := m.kept.named[funcKey{f.Name, f.ABI}]; k != nil {
		return k.New
	}
	if host, ok := m.hostOf[i]; ok {
		return ofHost(nil, other, host)
	}
	return ""
}

// step is a switch as code of the image m sees it, whose callers are led to target; nil is the release.
type step struct {
	m, target *image
	// pinned are functions of m that its code goes on entering, though target has others in their place.
	pinned map[int]bool
	// enterable are the functions of m that something may enter in their old form at any later time.
	enterable map[int]bool
}

// newStep decides which functions of m are pinned. Going back has to be possible at any time, so no function is
// exchanged for an earlier one that does more with its arguments than code of m knows which calls it. The same holds
// for what closures call that live on.
func newStep(m, target *image) *step {
	s := &step{m: m, target: target}
	for useless := map[int]bool{}; ; {
		s.pin(useless)
		before := len(useless)
		for c := range s.pinned {
			if s.danger(c) != "" {
				useless[c] = true
			}
		}
		if len(useless) == before {
			return s
		}
	}
}

// pin decides which functions are pinned. Of no use are those that lead to functions of the program which do more: who
// calls them is waited for.
func (s *step) pin(useless map[int]bool) {
	s.pinned, s.enterable = map[int]bool{}, map[int]bool{}
	back := s.target == nil || s.target.base < s.m.base
	for changed := true; changed; {
		changed = false
		s.findEnterable()
		for i := range s.m.funcs {
			for _, c := range s.m.kept.callees[i] {
				if !s.pinned[c] && !useless[c] && !s.m.kept.held[i][c] && (back || s.enterable[i] && !s.same(i)) && (s.more(c) || s.moreInside(i, c) && !s.knows(i)) {
					s.pinned[c] = true
					changed = true
				}
			}
		}
	}
}

// knows reports whether frames of funcs[i] hold what a closure captures as those of what takes its place do: of the same
// variables, the compiler has put no more on the heap there, where it knew the closure that is entered.
func (s *step) knows(i int) bool { return s.same(i) && !s.returned(i) }

// findEnterable finds what may be entered in its old form: what is held in func values and the like and has no
// counterpart, and what that calls. Who makes closures that do not outlive its frame is judged with them.
func (s *step) findEnterable() {
	var next []int
	for i := range s.m.funcs {
		if f := &s.m.funcs[i]; f.Value && !f.Lent && s.stays(i) && !s.enterable[i] {
			s.enterable[i] = true
			next = append(next, i)
		}
	}
	for i := range s.enterable {
		next = append(next, i)
	}
	for ; len(next) > 0; next = next[1:] {
		for _, c := range s.m.kept.callees[next[0]] {
			if s.stays(c) && !s.enterable[c] {
				s.enterable[c] = true
				next = append(next, c)
			}
		}
	}
}

// stays reports whether callers of funcs[i] arrive in it after the switch.
func (s *step) stays(i int) bool {
	_, leaves := s.m.counterpart(i, s.target)
	return !leaves || s.pinned[i]
}

// enters reports whether funcs[i] goes on entering funcs[c] after the switch. A func value in a captured variable leads to
// the entry in the program, whatever is pinned.
func (s *step) enters(i, c int) bool {
	if _, leaves := s.m.counterpart(c, s.target); leaves && s.m.kept.held[i][c] {
		return false
	}
	return s.stays(c)
}

// more reports whether the function that target has in the place of funcs[i] does more with its arguments.
func (s *step) more(i int) bool {
	_, more := s.moreFlows(i)
	return more
}

func (s *step) moreFlows(i int) (flows []escape.Flow, more bool) {
	to, leaves := s.m.counterpart(i, s.target)
	if !leaves {
		return nil, false
	}
	is := s.others(i)
	if host := s.m.hostOf[i]; to == host {
		is = s.ofEntry(host) // whatever the target has of the name
	}
	return is.More(s.m.ofFunc(i, s.target))
}

// moreInside reports whether the closure that target has in the place of funcs[c], which funcs[i] makes, may do more
// with variables of funcs[i]: it is another one, or leads to functions that do more with their arguments.
func (s *step) moreInside(i, c int) bool {
	if !s.makes(i, c) {
		return false
	}
	seen := map[int]bool{c: true} // a patch may say of closures that they make each other
	for next := []int{c}; len(next) > 0; next = next[1:] {
		c := next[0]
		f := &s.m.funcs[c]
		if f.Bare {
			continue // what a literal without variables is given counts as that of any function does
		}
		if flow, _, ok := s.other(c); !ok || flow == "" || flow != f.Flow {
			return true
		}
		for _, d := range s.m.kept.callees[c] {
			if d != c && (s.more(d) || s.moreByName(d)) {
				return true
			}
			if s.makes(c, d) && !seen[d] {
				seen[d] = true
				next = append(next, d)
			}
		}
		if slices.ContainsFunc(s.m.kept.hostCallees[c], func(host uint64) bool { return s.hostGrows(host) || s.hostChangedInside(c, host) != "" }) {
			return true
		}
	}
	return false
}

// makes reports whether funcs[c] is a closure that funcs[i] makes, which may have its variables.
func (s *step) makes(i, c int) bool {
	return c != i && patch.Inner(s.m.funcs[c].Name) && !s.m.kept.held[i][c]
}

// moreByName reports whether the function that target, or the release, has under the name of funcs[d] does more with its
// arguments. What takes the place of a closure enters that one, although callers of funcs[d] are not led to it.
func (s *step) moreByName(d int) bool {
	f := &s.m.funcs[d]
	key := funcKey{f.Name, f.ABI}
	if _, leaves := s.m.counterpart(d, s.target); leaves {
		return false
	}
	theirs := escape.Keeps("")
	if k := s.m.kept.named[key]; k != nil {
		theirs = k.Old
	}
	if s.target != nil {
		if k := s.target.kept.named[key]; k != nil {
			theirs = k.New
		}
	}
	_, more := theirs.More(s.m.ofFunc(d, s.target))
	return more
}

// counterpart is the function of target's image that takes the place of funcs[i].
func (s *step) counterpart(i int) (j int, ok bool) {
	if s.target == nil {
		return 0, false
	}
	f := &s.m.funcs[i]
	j, ok = s.target.byName[funcKey{f.Name, f.ABI}]
	return j, ok
}

// hostGrows reports whether a function of the program, as it is entered after the switch, does more with its
// arguments than the code of m knows.
func (s *step) hostGrows(host uint64) bool {
	_, more := s.hostFlows(host)
	return more
}

func (s *step) hostFlows(host uint64) (flows []escape.Flow, more bool) {
	return s.ofEntry(host).More(ofHost(s.m, s.target, host))
}

// ofEntry is what callers of a function of the program arrive in does after the switch.
func (s *step) ofEntry(host uint64) escape.Keeps {
	if k := s.target.hostKeep(host); k != nil {
		return k.Entry
	}
	return ofHost(nil, s.m, host)
}

// sameFlows reports whether funcs[i] gives what it makes to the same functions as what takes its place does, and has
// nothing on its stack that the other one has on the heap. The compiler knew what that one calls.
func (s *step) sameFlows(i int) bool {
	for _, c := range s.m.kept.callees[i] {
		if s.stays(c) {
			return false // an old one, which the other was not compiled against
		}
	}
	return !s.lends(i)
}

// same reports whether funcs[i] is no danger because of what it has in common with what takes its place. Callers that
// still enter it know only what it did with its arguments.
func (s *step) same(i int) bool {
	if !s.sameFlows(i) {
		return false
	}
	if !s.stays(i) {
		return true
	}
	_, more := s.others(i).More(s.m.ofFunc(i, s.target))
	return !more
}

// others is what the function that takes the place of funcs[i] does with its arguments.
func (s *step) others(i int) escape.Keeps {
	if j, ok := s.counterpart(i); ok {
		return s.target.ofFunc(j, s.m)
	}
	return ofHost(s.target, s.m, s.m.hostOf[i])
}

// other is the body that takes the place of funcs[i].
func (s *step) other(i int) (flow string, places escape.Places, ok bool) {
	if j, ok := s.counterpart(i); ok {
		return s.target.funcs[j].Flow, s.target.funcs[j].Places, true
	}
	host, replaces := s.m.hostOf[i]
	if !replaces {
		return "", "", false
	}
	if s.target != nil {
		if _, again := s.target.forHost[host]; again {
			return "", "", false
		}
	}
	for _, r := range s.m.redirects {
		if r.Addr == host {
			return r.Flow, r.Places, true
		}
	}
	return "", "", false
}

// danger is why funcs[i] may hand memory of a stack to code that keeps it after the switch; empty if it can't.
func (s *step) danger(i int) string { return s.dangerGiven(i, false) }

// dangerGiven is like danger for a body that was given bytes which share the memory of a string, if given.
func (s *step) dangerGiven(i int, given bool) string {
	type entered struct {
		i int
		// lent says that it is a closure with variables of a body that has others on its stack than what takes its place.
		lent bool
		// shares says that a body on the way has bytes that share the memory of a string.
		shares bool
	}
	first := entered{i, false, given || s.shares(i)}
	seen := map[entered]bool{first: true}
	for next := []entered{first}; len(next) > 0; next = next[1:] {
		at := next[0]
		if why := s.reaches(at.i, at.shares); why != "" && (at.lent || !s.same(at.i) || s.returned(at.i)) {
			return why
		}
		for _, c := range s.m.kept.callees[at.i] {
			to := entered{c, s.makes(at.i, c) && (at.lent || s.lends(at.i)), at.shares || s.shares(c)}
			if s.stays(c) && !seen[to] {
				seen[to] = true
				next = append(next, to)
			}
		}
	}
	return ""
}

// shares reports whether funcs[i], or a closure inside of it, may have bytes that share the memory of a string.
func (s *step) shares(i int) bool {
	if s.m.funcs[i].Given {
		return true
	}
	seen := map[int]bool{i: true}
	for next := []int{i}; len(next) > 0; next = next[1:] {
		f := &s.m.funcs[next[0]]
		if f.Flow == "" || f.Places.Share() {
			return true
		}
		for _, c := range s.m.kept.callees[next[0]] {
			if s.makes(next[0], c) && !seen[c] {
				seen[c] = true
				next = append(next, c)
			}
		}
	}
	return false
}

// returned reports whether a function that funcs[i] calls returns more of its arguments than it knows. A temporary lives
// no longer than its statement where nothing returns it.
func (s *step) returned(i int) bool {
	returns := func(flows []escape.Flow, more bool) bool {
		return more && (len(flows) == 0 || slices.ContainsFunc(flows, func(f escape.Flow) bool { return f.Kind == 'r' }))
	}
	return slices.ContainsFunc(s.m.kept.callees[i], func(c int) bool { return !s.enters(i, c) && returns(s.moreFlows(c)) }) ||
		slices.ContainsFunc(s.m.kept.hostCallees[i], func(host uint64) bool { return returns(s.hostFlows(host)) })
}

// lends reports whether funcs[i] may have what closures capture on its stack that is on the heap in what takes its
// place.
func (s *step) lends(i int) bool {
	f := &s.m.funcs[i]
	flow, places, ok := s.other(i)
	return !ok || f.Flow == "" || flow != f.Flow || len(places.Moved(f.Places)) > 0
}

// reaches names a function that funcs[i] leads to and that does more with its arguments than it knows. That it writes is
// of no account where nothing shares the memory of a string.
func (s *step) reaches(i int, shares bool) string {
	m := s.m
	for _, c := range m.kept.callees[i] {
		if s.enters(i, c) {
			continue
		}
		if flows, more := s.moreFlows(c); more && (shares || !escape.OnlyWrite(flows)) {
			return s.words(m.funcs[c].Name, flows, i)
		}
		if !s.stays(c) && s.moreInside(i, c) {
			return fmt.Sprintf("%s is changed, and may have variables of %s", m.funcs[c].Name, m.funcs[i].Name)
		}
	}
	for _, host := range m.kept.hostCallees[i] {
		if name := s.hostChangedInside(i, host); name != "" {
			return fmt.Sprintf("%s is changed, and may have variables of %s", name, m.funcs[i].Name)
		}
		if flows, more := s.hostFlows(host); more && (shares || !escape.OnlyWrite(flows)) {
			k := cmp.Or(s.target.hostKeep(host), m.hostKeep(host))
			if k == nil {
				return s.words("", flows, i)
			}
			if s.target != nil && k.Entry != k.New {
				return fmt.Sprintf("%s is entered in its old body, which leads to code that does more with its arguments, and %s of version %s may pass it memory of its stack", k.Name, m.funcs[i].Name, m.version)
			}
			return s.words(k.Name, flows, i)
		}
	}
	return ""
}

// hostChangedInside names a closure of the program that funcs[i] makes, and in the place of which something else is
// entered than m was compiled with.
func (s *step) hostChangedInside(i int, host uint64) (name string) {
	if s.m.kept.hostHeld[i][host] {
		return ""
	}
	was, is := "", ""
	for _, m := range []*image{s.m, s.target} {
		if m == nil {
			continue
		}
		j, ok := m.forHost[host]
		if !ok {
			continue
		}
		if m.funcs[j].Bare {
			return "" // nor does the program's capture anything: it was not redirected otherwise
		}
		for _, r := range m.redirects {
			if r.Addr != host {
				continue
			}
			name = r.HostName(&m.funcs[j])
			if m != s.m {
				was = cmp.Or(was, r.Flow)
			} else {
				is = cmp.Or(is, r.Flow)
			}
		}
		if m == s.m {
			was = m.funcs[j].Flow
		} else {
			is = m.funcs[j].Flow
		}
	}
	if name == "" || !patch.Inner(name) || was != "" && was == is {
		return ""
	}
	return name
}

// words say that a function does more with its arguments.
func (s *step) words(keeper string, flows []escape.Flow, i int) string {
	why := "may do with its arguments what it did not in version " + s.m.version
	if len(flows) > 0 {
		f := flows[0]
		why = f.Does() + " " + f.Of("") + ", unlike in version " + s.m.version
		if f.Kind == 'M' || f.Kind == 'C' {
			why = "may write through " + f.Ordinal() + " or call it (the compiler does not tell that of this function)"
		}
	}
	if s.target != nil {
		for k, e := range s.target.kept.named {
			if k.name == keeper && e.Why != "" {
				why = e.Why
			}
		}
	}
	return fmt.Sprintf("%s %s, and %s of version %s may pass it memory of its stack", keeper, why, s.m.funcs[i].Name, s.m.version)
}

// guard is what a switch has to wait for, so that no memory of a stack is kept.
type guard struct {
	why    []string // by body
	bodies []oldBody
}

// keeping returns what the switch to target waits for. It refuses one after which code could be entered that would
// hand over such memory at any later time.
func keeping(images []*image, target *image) (guard, error) {
	var g guard
	if guardOff {
		return g, nil
	}
	if target != nil {
		others := othersShare(images, target, target)
		for _, w := range target.kept.waits {
			if w.Given && !others {
				continue
			}
			for _, b := range bodyParts(w.Addr, w.Size, w.Endless, w.Name, nameOf(nil)) {
				if w.Stays && b.at.Lo == w.Addr+1 {
					b.at.Lo = w.Addr
				}
				g.bodies, g.why = append(g.bodies, b), append(g.why, w.Why)
			}
		}
	}
	for _, m := range images {
		if m == target {
			continue
		}
		s, others := m.step(target), othersShare(images, m, target)
		for i := range m.funcs {
			why, f := s.danger(i), &m.funcs[i]
			switch {
			case why != "" && s.enterable[i]:
				return g, refused(control.ReasonBusy, "%s, which may be called at any later time by what holds it: restart the program with the edit built in", why)
			case why == "" && others:
				why = s.dangerGiven(i, true) // in flight alone: who calls by a func value gives no such bytes
			}
			if why == "" {
				continue
			}
			for _, b := range bodyParts(m.entry(i), f.Size, f.Endless, f.Name, m.version) {
				if s.stays(i) && b.at.Lo == m.entry(i)+1 {
					b.at.Lo--
				}
				g.bodies, g.why = append(g.bodies, b), append(g.why, why)
			}
		}
	}
	return g, nil
}

// othersShare reports whether a goroutine may be inside code of a patch other than m that has bytes which share the memory of a
// string: what m says of who is given such bytes does not count that one.
func othersShare(images []*image, m, target *image) bool {
	return slices.ContainsFunc(images, func(x *image) bool {
		return x != m && x != target && slices.ContainsFunc(x.funcs, func(f patch.Func) bool { return f.Shares })
	})
}

// pinnedValues warns of functions that func values go on leading to although target has others in their place. What nothing
// but frames of old code holds is not worth a word: those are counted.
func pinnedValues(images []*image, target *image) (warnings []string) {
	for _, m := range images {
		if m == target {
			continue
		}
		var names []string
		for i := range m.funcs {
			f := &m.funcs[i]
			if _, leaves := m.counterpart(i, target); leaves && m.step(target).pinned[i] && f.Value && !f.Lent && !f.InPlace {
				names = append(names, f.Name)
			}
		}
		if len(names) > 0 {
			warnings = append(warnings, fmt.Sprintf("func values of %s that version %s made, where something still holds one, go on running its body: the one that was gone back to keeps arguments which code of version %[2]s may have on its stack", strings.Join(names, ", "), m.version))
		}
	}
	return warnings
}

// of is why the switch waits for a goroutine in a range.
func (g *guard) of(at splice.Range) string {
	i := slices.IndexFunc(g.bodies, func(b oldBody) bool { return b.at == at })
	if i < 0 {
		return ""
	}
	return g.why[i]
}

// step returns the switch from m to target, which is decided once.
func (m *image) step(target *image) *step {
	if m.steps == nil {
		m.steps = map[*image]*step{}
	}
	s := m.steps[target]
	if s == nil {
		s = newStep(m, target)
		m.steps[target] = s
	}
	return s
}
