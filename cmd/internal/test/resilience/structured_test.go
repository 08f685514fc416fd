//go:build linux && amd64

package resilience

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// notBroken are the fields of a patch that are not changed: those that are for people, and those that say what machine code
// does, which nobody can check. The relocations and the content are left alone for that reason too.
var notBroken = []string{
	".Version", ".Made", ".Changes", ".Diff", ".File", ".Line", ".Image.Bytes",
	".Busy", ".Error", // where a function may stand while its entry is written, and whether it returns an error
}

// TestStructured breaks one thing at a time in a patch that has every part which a patch can have. What passes the checks is
// applied in a program under load, which must go on, with all of its stacks walked and its roots in images followed. How many
// says GOSPLICE_STRUCTURED.
func TestStructured(t *testing.T) {
	n := rounds(1000, 1_000_000)
	if s := os.Getenv("GOSPLICE_STRUCTURED"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	seed, err := strconv.ParseUint(os.Getenv("GOSPLICE_STRUCTURED_SEED"), 10, 64)
	if err != nil {
		seed = 1
	}
	good := decoded(t, "every")
	hasEveryPart(t, good)
	b := &breaker{random: rand.New(rand.NewPCG(seed, 0)), called: calledCode(good), symbols: slices.Clone(good.Symbols)}
	b.collect("", reflect.ValueOf(good).Elem())
	b.group()
	s := &structured{t: t, came: map[string]int{}}
	checked := 0
	for i := range n {
		if i > 0 && i%10_000 == 0 { // a run that is ended leaves what it had
			t.Logf("%d of %d: %d passed the checks", i, n, s.tried)
		}
		what, undo := b.breakOne()
		if b.callsOther(good) || b.leadsElsewhere(good) {
			undo()
			continue
		}
		checked++
		if good.Check() == nil {
			s.apply(good, what)
		}
		undo()
	}
	s.stop()
	t.Logf("%d patches, each with one thing broken, of %d places in %d fields: %d passed the checks; %v", checked, len(b.places), len(b.groups), s.tried, s.came)
	if checked < n*9/10 || s.came["applied"] == 0 || s.tried > checked*3/4 {
		t.Error("what is broken is too much or too little")
	}
	if _, err := patch.Encode(good, nil); err != nil {
		t.Errorf("the patch is not as it was: %v", err)
	}
}

// hasEveryPart makes sure that no list of a patch is empty.
func hasEveryPart(t *testing.T, p *patch.Patch) {
	t.Helper()
	v := reflect.ValueOf(p).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Type.Kind() == reflect.Slice && v.Field(i).Len() == 0 && !slices.Contains([]string{"Signer", "Left", "Waits"}, f.Name) {
			t.Errorf("the patch has no %s", f.Name)
		}
	}
}

// structured applies what passed the checks.
type structured struct {
	t     *testing.T
	h     *host
	c     *control.Client
	tried int
	these []string // what was broken in the patches that the process got
	came  map[string]int
}

// mostTried is how many patches one process gets. What a patch said of the program counts for later ones, which are refused for
// it: then nothing would be tried any more.
const mostTried = 25

func (s *structured) apply(p *patch.Patch, what string) {
	file, err := patch.EncodeLocal(p, nil)
	if err != nil {
		s.came["not encoded"]++ // too large
		return
	}
	if s.h == nil || s.tried%mostTried == 0 {
		s.stop()
		s.h = startHost(s.t, "GOGC=1")
		s.c = s.h.dial()
		s.these = nil
	}
	s.tried++
	s.these = append(s.these, what)
	defer s.tell()
	// What says that somebody may be inside makes it wait.
	done, err := s.c.Apply(s.t.Context(), file, control.SwitchOptions{Wait: 20 * time.Millisecond, InitTimeout: patience})
	switch answer := s.h.answerOf(err); {
	case answer != nil:
		s.came[fmt.Sprint(answer.Code, " ", answer.Reason)]++
	case done.Already:
		s.came["already"]++
	default:
		s.came["applied"]++
		s.rollback()
	}
	if s.tried%5 == 0 {
		s.h.ask("stacks")
	}
	if s.tried%20 == 0 {
		s.h.ask("collect")
		s.h.await(1)
	}
}

// tell says which patches the process got, if it has come to harm.
func (s *structured) tell() {
	if s.t.Failed() {
		s.t.Logf("it got, the last one at the end:\n%s", strings.Join(s.these, "\n"))
	}
}

// rollback goes back, as soon as nobody is inside.
func (s *structured) rollback() {
	for try := 0; ; try++ {
		_, err := s.c.Rollback(s.t.Context(), patch.ReleaseVersion, control.SwitchOptions{Wait: time.Second})
		answer := s.h.answerOf(err)
		switch {
		case answer == nil:
			return
		case try == 20 || answer.Reason != control.ReasonBusy:
			s.t.Fatal(answer)
		}
		s.came["waited to go back"]++
	}
}

// stop ends the process, which has to go on. Good patches may be refused: what was said of a type or a variable counts for later
// patches.
func (s *structured) stop() {
	if s.h == nil {
		return
	}
	defer s.tell()
	s.c.Close()
	s.h.answers(0)
	s.h.ask("parts abc")
	s.h.in.Close()
}

// breaker breaks one thing at a time in a patch, in its place.
type breaker struct {
	random *rand.Rand
	places []place
	groups [][]place // by field, so that long lists weigh no more than others
	// numbers are all that stand in the patch: what overlaps or leads elsewhere is one of them most often.
	numbers []uint64
	called  map[uint64]bool
	symbols []patch.Symbol
}

type place struct {
	path  string
	value reflect.Value
	in    reflect.Value // the map that has the value under key, if any
	key   reflect.Value
}

func (b *breaker) collect(path string, v reflect.Value) {
	if slices.ContainsFunc(notBroken, func(s string) bool { return strings.HasSuffix(path, s) }) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if f.Tag.Get("json") != "-" {
				b.collect(path+"."+f.Name, v.Field(i))
			}
		}
		return
	case reflect.Map:
		for _, k := range slices.SortedFunc(maps.Keys(mapOf(v)), strings.Compare) {
			key := reflect.ValueOf(k)
			b.places = append(b.places, place{path: path + "[" + k + "]", value: v.MapIndex(key), in: v, key: key})
			b.numbers = append(b.numbers, v.MapIndex(key).Uint())
		}
		return
	case reflect.Array:
		for i := range v.Len() {
			b.collect(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			b.collect(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Uint64, reflect.Uint32:
		b.numbers = append(b.numbers, v.Uint())
	}
	b.places = append(b.places, place{path: path, value: v})
}

// hints are fields of which the guards make up whom they wait for. Whatever they say passes the checks, so they are broken together
// as often as one other field.
var hints = regexp.MustCompile(`^\.Keeps|\.(Flow|Places|Why|Value|Shares|Given|Lent|Callees|HostCallees|Held|HostHeld|Early|Handles|Takes|Endless|Sig)\b`)

var index = regexp.MustCompile(`\[[^]]*\]`)

// group sorts the places by field.
func (b *breaker) group() {
	at := map[string]int{}
	for _, p := range b.places {
		field := index.ReplaceAllString(p.path, "[]")
		switch {
		case hints.MatchString(p.path):
			field = "hints"
		case p.value.Kind() == reflect.Slice:
			field += " list"
		}
		if _, ok := at[field]; !ok {
			at[field] = len(b.groups)
			b.groups = append(b.groups, nil)
		}
		b.groups[at[field]] = append(b.groups[at[field]], p)
	}
}

func mapOf(v reflect.Value) map[string]uint64 { return v.Interface().(map[string]uint64) }

// breakOne changes one value, and returns what it did and what takes it back.
func (b *breaker) breakOne() (what string, undo func()) {
	group := b.groups[b.random.IntN(len(b.groups))]
	p := group[b.random.IntN(len(group))]
	if p.in.IsValid() {
		to := b.number(p.value.Uint())
		p.in.SetMapIndex(p.key, reflect.ValueOf(to))
		return fmt.Sprintf("%s = %#x", p.path, to), func() { p.in.SetMapIndex(p.key, p.value) }
	}
	old := reflect.New(p.value.Type()).Elem()
	old.Set(p.value)
	switch v := p.value; v.Kind() {
	case reflect.Uint64, reflect.Uint32, reflect.Uint8:
		v.SetUint(b.number(v.Uint()))
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(int64(b.number(uint64(v.Int()))))
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		texts := []string{"", "\x00", "host", "image", "symbol", "var", "type", v.String() + "x", "main.answer", "main.standard", "release"}
		v.SetString(texts[b.random.IntN(len(texts))])
	case reflect.Slice:
		v.Set(b.list(v))
	default:
		panic(p.path + " is of a kind that is not broken: " + v.Kind().String())
	}
	text := fmt.Sprintf("%s = %.200s, it was %.200s", p.path, fmt.Sprint(p.value), fmt.Sprint(old))
	return text, func() { p.value.Set(old) }
}

// list is another slice with other elements.
func (b *breaker) list(v reflect.Value) reflect.Value {
	out := reflect.MakeSlice(v.Type(), 0, v.Len()+1)
	if v.Len() == 0 {
		return reflect.Append(out, reflect.Zero(v.Type().Elem()))
	}
	out = reflect.AppendSlice(out, v)
	i, j := b.random.IntN(v.Len()), b.random.IntN(v.Len())
	switch b.random.IntN(4) {
	case 0:
		return reflect.AppendSlice(out.Slice(0, i), v.Slice(i+1, v.Len()))
	case 1:
		return reflect.Append(out, v.Index(i))
	case 2:
		return out.Slice(0, 0)
	}
	swapped := reflect.ValueOf(v.Index(i).Interface())
	out.Index(i).Set(v.Index(j))
	out.Index(j).Set(swapped)
	return out
}

func (b *breaker) number(n uint64) uint64 {
	others := []uint64{0, 1, 4, n + 1, n - 1, n + 4, n + 8, n - 8, n + 32, n - 32, n + 64, n + 4096, n - 4096, 2 * n, n / 2, n ^ 1<<b.random.IntN(64), n ^ 1<<b.random.IntN(16),
		b.random.Uint64N(1 << 16), b.random.Uint64(), 1 << 31, 1<<32 - 1, 1 << 47, 1<<63 - 1, 1<<64 - 1}
	if k := b.random.IntN(2 * len(others)); k < len(others) {
		return others[k]
	}
	return b.numbers[b.random.IntN(len(b.numbers))]
}

// calledCode are the offsets of the functions that the agent itself calls.
func calledCode(p *patch.Patch) map[uint64]bool {
	called := map[uint64]bool{}
	for _, in := range p.Inits {
		for _, f := range in.Funcs {
			called[f] = true
		}
	}
	for _, r := range p.Resets {
		called[r.Func] = true
	}
	for _, h := range p.Hooks {
		called[h.Func] = true
	}
	return called
}

// callsOther says that the agent would call another function of the image: it is one, and nobody can tell that it is
// not meant.
func (b *breaker) callsOther(p *patch.Patch) bool {
	for off := range calledCode(p) {
		if !b.called[off] && slices.ContainsFunc(p.Funcs, func(f patch.Func) bool { return f.Off == off }) {
			return true
		}
	}
	return false
}

// leadsElsewhere says that relocations, which are left alone, would lead to another symbol than before: their order is another.
func (b *breaker) leadsElsewhere(p *patch.Patch) bool {
	for i := range min(len(p.Symbols), len(b.symbols)) {
		if is, was := p.Symbols[i], b.symbols[i]; is.Name != was.Name && is.Off != was.Off {
			return true
		}
	}
	return false
}
