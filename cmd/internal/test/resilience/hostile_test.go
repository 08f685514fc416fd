//go:build linux && amd64

package resilience

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// seal makes a file of a patch as patch.Encode does, but checks nothing.
func seal(t *testing.T, p *patch.Patch) []byte {
	t.Helper()
	header, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return sealed(header, relocsOf(p), p.Image.Bytes)
}

// relocsOf is the section of relocations.
func relocsOf(p *patch.Patch) (b []byte) {
	last := uint32(0)
	for _, r := range p.Relocs {
		b = binary.AppendUvarint(b, uint64(r.Off-last)<<4|uint64(r.Kind))
		if r.Kind == patch.AddSym64 || r.Kind == patch.AddSym32 || r.Kind == patch.RelSym32 || r.Kind == patch.RelSymARM64 {
			b = binary.AppendUvarint(b, uint64(r.Sym))
		}
		last = r.Off
	}
	return b
}

// headOf is the head that goes with a header, as far as that is one.
func headOf(header []byte) []byte {
	var p patch.Patch
	_ = json.Unmarshal(header, &p)
	r := &p.Release
	text, _ := json.Marshal(patch.Head{
		Program: r.Program, BuildID: r.BuildID, GoVersion: r.GoVersion, GOOS: r.GOOS, GOARCH: r.GOARCH, Version: p.Version, Made: p.Made, Image: p.Image.Size,
	})
	return text
}

// sealed makes a file of sections, the first of which is the header, with the right hash and a head that goes with it.
func sealed(sections ...[]byte) []byte {
	file := binary.LittleEndian.AppendUint32([]byte("gosplice"), patch.FormatVersion)
	if len(sections) > 0 {
		file = appendHead(file, headOf(sections[0]))
	}
	return sealSections(file, sections)
}

// sealedAs is sealed with a head of its own.
func sealedAs(head []byte, sections ...[]byte) []byte {
	return sealSections(appendHead(binary.LittleEndian.AppendUint32([]byte("gosplice"), patch.FormatVersion), head), sections)
}

func appendHead(file, head []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(file, uint32(len(head))), head...)
}

func sealSections(file []byte, sections [][]byte) []byte {
	w, _ := flate.NewWriter(nil, flate.NoCompression) // the level is a constant
	for _, content := range sections {
		var stored bytes.Buffer
		w.Reset(&stored)
		w.Write(content)
		w.Close()
		file = binary.LittleEndian.AppendUint32(file, uint32(stored.Len()))
		file = binary.LittleEndian.AppendUint32(file, uint32(len(content)))
		file = append(file, stored.Bytes()...)
	}
	sum := sha256.Sum256(file)
	return append(append(file, sum[:]...), 0)
}

// hostile is a patch with a right hash and one thing wrong.
type hostile struct {
	name string
	// reasons are those of which the refusal must give one. With afterLoading the patch is not refused
	// but fails.
	reasons string
	change  func(*patch.Patch)
}

const (
	malformed    = control.ReasonMalformed
	runtimes     = control.ReasonRuntime
	afterLoading = "after loading"
)

// hostiles are what can be wrong in each field of the patch of the edit rare.
func hostiles(t *testing.T, good *patch.Patch) []hostile {
	t.Helper()
	var list []hostile
	add := func(reasons, name string, change func(*patch.Patch)) {
		list = append(list, hostile{name, reasons, change})
	}
	const (
		wild     = uint64(1) << 45 // an address where nothing is
		tooLarge = ^uint64(0)
	)
	text, etext := good.Release.Text, good.Release.Etext
	variable := good.Runtime.Var["runtime.itabLock"] // data of the program that is zero

	add(malformed, "version with a control character", func(p *patch.Patch) { p.Version = "1\x1b[2J" })
	add(malformed, "version release", func(p *patch.Patch) { p.Version = "release" })
	add(malformed, "no time", func(p *patch.Patch) { p.Made = "yesterday" })

	add(control.ReasonWrongBase, "other build ID", func(p *patch.Patch) { p.Release.BuildID += "x" })
	add(control.ReasonToolchain, "other Go", func(p *patch.Patch) { p.Release.GoVersion = "go1.99" })
	add(control.ReasonToolchain, "other system", func(p *patch.Patch) { p.Release.GOOS = "plan9" })
	add(control.ReasonToolchain, "other processor", func(p *patch.Patch) {
		p.Release.GOARCH = "arm64"
		p.Relocs = slices.DeleteFunc(slices.Clone(p.Relocs), func(r patch.Reloc) bool {
			return r.Kind == patch.SubBase32 || r.Kind == patch.RelSym32 // code of that one has others
		})
	})
	add(control.ReasonTextDiffers, "other text hash", func(p *patch.Patch) { p.Release.TextHash = strings.Repeat("0f", 32) })
	add(malformed, "text hash that is none", func(p *patch.Patch) { p.Release.TextHash = "0f" })
	for _, r := range [][2]uint64{{text + 64, etext}, {text, etext + 64}, {text, etext - 64}, {text, etext + 1<<20}, {wild, wild + 4096}, {text, text}, {0, etext}, {text, tooLarge}, {etext, text}} {
		add(control.ReasonTextDiffers+malformed, fmt.Sprintf("text at %#x-%#x", r[0], r[1]), func(p *patch.Patch) { p.Release.Text, p.Release.Etext = r[0], r[1] })
	}

	for _, name := range slices.Sorted(maps.Keys(good.Runtime.Func)) {
		for _, to := range []uint64{0, text, good.Runtime.Func[name] + 16, wild, tooLarge} {
			add(runtimes+malformed, fmt.Sprintf("%s at %#x", name, to), func(p *patch.Patch) { p.Runtime.Func[name] = to })
		}
		add(runtimes, "no "+name, func(p *patch.Patch) { delete(p.Runtime.Func, name) })
	}
	for _, name := range slices.Sorted(maps.Keys(good.Runtime.Var)) {
		for _, to := range []uint64{0, text, good.Runtime.Var[name] + 4, wild, tooLarge} {
			add(runtimes+malformed, fmt.Sprintf("%s at %#x", name, to), func(p *patch.Patch) { p.Runtime.Var[name] = to })
		}
		add(runtimes, "no "+name, func(p *patch.Patch) { delete(p.Runtime.Var, name) })
	}
	for _, name := range slices.Sorted(maps.Keys(good.Runtime.Offset)) {
		if strings.Contains(name, "moduledata.") && !used[strings.TrimPrefix(name, "runtime.moduledata.")] {
			continue // nothing depends on it
		}
		for _, to := range []uint64{1 << 15, 1 << 40, tooLarge} {
			add(runtimes+malformed, fmt.Sprintf("%s at %#x", name, to), func(p *patch.Patch) { p.Runtime.Offset[name] = to })
		}
	}
	add(malformed, "types far away", func(p *patch.Patch) { p.Runtime.Types = tooLarge })
	add(malformed, "rodata far away", func(p *patch.Patch) { p.Runtime.Rodata = tooLarge })

	image := func(name string, change func(*patch.Image)) {
		add(malformed, "image: "+name, func(p *patch.Patch) { change(&p.Image) })
	}
	for _, to := range []uint64{0, 1, 4095, 4096, good.Image.Size - 4096, 1 << 31, 1 << 62, tooLarge} {
		image(fmt.Sprintf("size %#x", to), func(m *patch.Image) { m.Size = to })
		image(fmt.Sprintf("text size %#x", to), func(m *patch.Image) { m.TextSize = to })
		image(fmt.Sprintf("module data at %#x", to), func(m *patch.Image) { m.Moduledata = to | 8 })
	}
	for _, to := range []uint64{0, 1, good.Image.TextSize - 4096, good.Image.Size + 4096, 1 << 62, tooLarge} {
		image(fmt.Sprintf("rodata at %#x", to), func(m *patch.Image) { m.RodataOff = to })
		image(fmt.Sprintf("data at %#x", to), func(m *patch.Image) { m.DataOff = to })
	}
	image("module data at another place", func(m *patch.Image) { m.Moduledata += 8 })
	image("module data of zeroes", func(m *patch.Image) { clear(m.Bytes[m.Moduledata : m.Moduledata+256]) })
	image("module data of ones", func(m *patch.Image) { copy(m.Bytes[m.Moduledata:], bytes.Repeat([]byte{0xff}, 256)) })
	image("no content", func(m *patch.Image) { m.Bytes = nil })
	image("half of the content", func(m *patch.Image) { m.Bytes = m.Bytes[:len(m.Bytes)/2] })
	image("no function tables", func(m *patch.Image) { clear(m.Bytes[m.RodataOff:m.DataOff]) })
	image("more content than its size", func(m *patch.Image) { m.Bytes = append(m.Bytes, make([]byte, m.Size)...) })
	image("reach upside down", func(m *patch.Image) { m.NearLow, m.NearHigh = m.NearHigh, m.NearLow })
	image("reach of 3 GB", func(m *patch.Image) { m.NearHigh = m.NearLow + 3<<30 })
	image("reach at the end of memory", func(m *patch.Image) { m.NearLow, m.NearHigh = tooLarge-4096, tooLarge })

	relocs := func(name string, change func(*patch.Patch)) { add(malformed, "relocations: "+name, change) }
	relocs("none", func(p *patch.Patch) { p.Relocs = nil })
	relocs("beyond the image", func(p *patch.Patch) { p.Relocs[len(p.Relocs)-1].Off = uint32(p.Image.Size) })
	relocs("at the last byte", func(p *patch.Patch) { p.Relocs[len(p.Relocs)-1].Off = uint32(len(p.Image.Bytes) - 1) })
	relocs("overlapping", func(p *patch.Patch) { p.Relocs[1].Off = p.Relocs[0].Off + 2 })
	relocs("out of order", func(p *patch.Patch) { p.Relocs[0], p.Relocs[1] = p.Relocs[1], p.Relocs[0] })
	relocs("of an unknown kind", func(p *patch.Patch) { p.Relocs[3].Kind = patch.NumRelocKinds })
	relocs("of a kind of another processor", func(p *patch.Patch) { p.Relocs[3].Kind = patch.SubBaseARM64 })
	relocs("to a symbol that is not there", func(p *patch.Patch) {
		i := slices.IndexFunc(p.Relocs, func(r patch.Reloc) bool { return r.Kind >= patch.AddSym64 })
		p.Relocs[i].Sym = 1 << 30
	})
	for kind := range patch.NumRelocKinds {
		if kind == patch.AddBase64 || kind == patch.AddBase32 {
			continue // which come to the same
		}
		relocs(fmt.Sprintf("of data all of kind %d", kind), func(p *patch.Patch) {
			for i, r := range p.Relocs {
				if uint64(r.Off) >= p.Image.DataOff {
					p.Relocs[i] = patch.Reloc{Off: r.Off, Kind: kind}
				}
			}
		})
	}

	add(malformed, "symbol without a name", func(p *patch.Patch) { p.Symbols[0].Name = "" })
	add(malformed, "symbol without a hash", func(p *patch.Patch) { p.Symbols[0].Hash = "" })
	add(malformed, "symbol of an unknown kind", func(p *patch.Patch) { p.Symbols[0].Kind = "const" })
	add(malformed, "symbol twice", func(p *patch.Patch) { p.Symbols = append(p.Symbols, p.Symbols[0]) })
	for _, to := range []uint64{0, good.Image.Size - 1, tooLarge} {
		add(malformed, fmt.Sprintf("variable at %#x", to), func(p *patch.Patch) { p.Symbols[0].Off = to })
	}
	add(malformed, "variable of all memory", func(p *patch.Patch) { p.Symbols[0].Size = tooLarge })
	add(malformed, "variable over the module data", func(p *patch.Patch) { p.Symbols[0].Off = p.Image.Moduledata + 16 })

	refs := []struct {
		name string
		ref  patch.Ref
	}{
		{"nothing", patch.Ref{}},
		{"the null address", patch.Ref{Kind: "host"}},
		{"a wild address", patch.Ref{Kind: "host", Value: wild}},
		{"an impossible address", patch.Ref{Kind: "host", Value: tooLarge}},
		{"code of the program", patch.Ref{Kind: "host", Value: text + 0x1000}},
		{"the end of code", patch.Ref{Kind: "host", Value: etext - 8}},
		{"a variable of the program", patch.Ref{Kind: "host", Value: variable}},
		{"another variable of the program", patch.Ref{Kind: "host", Value: good.Runtime.Var["runtime.firstmoduledata"]}},
		{"the middle of a type", patch.Ref{Kind: "host", Value: good.FilledTypes[0] + 8}},
		{"the start of types", patch.Ref{Kind: "host", Value: good.Runtime.Types}},
		{"no address of a word", patch.Ref{Kind: "host", Value: good.FilledTypes[0] + 1}},
		{"the middle of a function of the image", patch.Ref{Kind: "image", Value: good.Funcs[0].Off + 8}},
		{"rodata of the image", patch.Ref{Kind: "image", Value: good.Image.DataOff - 64}},
		{"data of the image", patch.Ref{Kind: "image", Value: good.Image.Size - 64}},
		{"the end of the image", patch.Ref{Kind: "image", Value: good.Image.Size}},
		{"a variable of the image", patch.Ref{Kind: "symbol", Value: 0}},
		{"a symbol that is not there", patch.Ref{Kind: "symbol", Value: 1 << 40}},
	}
	for _, r := range refs {
		add(malformed, "interface table of interface "+r.name, func(p *patch.Patch) { p.Itabs[0].Inter = r.ref })
		add(malformed, "interface table of type "+r.name, func(p *patch.Patch) { p.Itabs[0].Type = r.ref })
		add(malformed, "fill with "+r.name, func(p *patch.Patch) { p.Fills[0].To = r.ref })
		add(malformed, "fill a function type with "+r.name, func(p *patch.Patch) { p.Fills[2].To = r.ref })
	}
	add(malformed, "interface table of types the wrong way round", func(p *patch.Patch) { p.Itabs[0].Inter, p.Itabs[0].Type = p.Itabs[0].Type, p.Itabs[0].Inter })
	for _, to := range []uint64{0, good.Image.RodataOff, good.Itabs[0].Slots[0] + 1, good.Itabs[1].Slots[0], good.Image.Size - 4, tooLarge - 7,
		good.Image.Moduledata + good.Runtime.Offset["runtime.moduledata.next"], good.Image.Moduledata + good.Runtime.Offset["runtime.moduledata.hasmain"]&^7} {
		add(malformed, fmt.Sprintf("interface table for slot %#x", to), func(p *patch.Patch) { p.Itabs[0].Slots[0] = to })
	}

	for _, to := range []uint64{0, text, etext - 8, wild, tooLarge - 3, good.Fills[0].Addr + 2, variable, good.Runtime.Var["runtime.lastmoduledatap"], good.FilledTypes[0], good.FilledTypes[0] + 24} {
		add(malformed, fmt.Sprintf("fill at %#x", to), func(p *patch.Patch) { p.Fills[0].Addr = to })
		add(malformed, fmt.Sprintf("fill of zero at %#x", to), func(p *patch.Patch) { p.Fills[0].Addr, p.Fills[0].Old = to, 0 })
		add(malformed, fmt.Sprintf("fill of 8 bytes of zero at %#x", to), func(p *patch.Patch) {
			f := &p.Fills[0]
			f.Addr, f.Old, f.Size, f.Base = to, 0, 8, 0
		})
	}
	add(malformed, "fill over another value", func(p *patch.Patch) { p.Fills[0].Old = 7 })
	add(malformed, "fill twice", func(p *patch.Patch) { p.Fills[1].Addr = p.Fills[0].Addr })
	add(malformed, "fill from another base", func(p *patch.Patch) { p.Fills[0].Base = 1 })
	add(malformed, "fill from a base above", func(p *patch.Patch) { p.Fills[0].Base = 1 << 40 })
	for _, size := range []int{0, 1, 2, 3, 5, 8, 1 << 40, -4} {
		add(malformed, fmt.Sprintf("fill of size %d", size), func(p *patch.Patch) { p.Fills[0].Size = size })
	}
	for _, to := range []uint64{0, 4, text, wild, tooLarge, variable} {
		add(malformed, fmt.Sprintf("filled type at %#x", to), func(p *patch.Patch) { p.FilledTypes[0] = to })
	}

	add(malformed, "initialiser without a name", func(p *patch.Patch) { p.Inits[0].Name = "" })
	add(malformed, "initialiser twice", func(p *patch.Patch) { p.Inits[1] = p.Inits[0] })
	add(malformed, "initialiser without functions", func(p *patch.Patch) { p.Inits[0].Funcs = nil })
	add(malformed, "initialiser of a type", func(p *patch.Patch) { p.Inits[0].Vars[0] = 3 })
	add(malformed, "initialiser of a symbol that is not there", func(p *patch.Patch) { p.Inits[0].Vars[0] = 1 << 31 })
	for _, to := range []uint64{good.Inits[0].Funcs[0] + 1, good.Inits[0].Funcs[0] + 8, good.Image.RodataOff, good.Image.DataOff, wild, tooLarge} {
		add(malformed, fmt.Sprintf("initialiser at %#x", to), func(p *patch.Patch) { p.Inits[0].Funcs[0] = to })
	}

	last := len(good.Funcs) - 1
	add(malformed, "function without a name", func(p *patch.Patch) { p.Funcs[0].Name = "" })
	add(malformed, "function twice", func(p *patch.Patch) { p.Funcs[1].Name = p.Funcs[0].Name })
	add(malformed, "function of another ABI", func(p *patch.Patch) { p.Funcs[0].ABI = 2 })
	add(malformed, "functions that overlap", func(p *patch.Patch) { p.Funcs[0].Size = p.Funcs[1].Off + 1 })
	add(malformed, "functions out of order", func(p *patch.Patch) { p.Funcs[0].Off, p.Funcs[1].Off = p.Funcs[1].Off, p.Funcs[0].Off })
	for _, to := range []uint64{good.Funcs[last].Off + 8, good.Funcs[last].Off + 4, good.Image.TextSize - 4, good.Image.RodataOff, wild, tooLarge} {
		add(malformed, fmt.Sprintf("function at %#x", to), func(p *patch.Patch) { p.Funcs[last].Off = to })
	}
	for _, size := range []uint64{0, good.Image.Size, 1 << 62, tooLarge} {
		add(malformed, fmt.Sprintf("function of %#x bytes", size), func(p *patch.Patch) { p.Funcs[last].Size = size })
	}
	add(malformed, "function with another name", func(p *patch.Patch) { p.Funcs[p.Redirects[0].Func].Name = "main.serve" })
	for _, busy := range []patch.Busy{{Lo: 5, Hi: 1}, {Lo: 0, Hi: 1 << 31}} {
		add(malformed, fmt.Sprintf("function busy at %v", busy), func(p *patch.Patch) { p.Funcs[0].Busy = busy })
		add(malformed, fmt.Sprintf("replaced function busy at %v", busy), func(p *patch.Patch) { p.Redirects[0].Busy = busy })
	}

	for _, to := range []uint64{0, text, good.Redirects[0].Addr + 8, good.Redirects[0].Addr + 32, good.Redirects[0].Addr + 1, etext - 8, etext, good.FilledTypes[0], variable, wild, tooLarge - 7} {
		add(malformed, fmt.Sprintf("replaced function at %#x", to), func(p *patch.Patch) { p.Redirects[0].Addr = to })
	}
	for _, size := range []uint64{0, etext, 1 << 62, tooLarge} {
		add(malformed, fmt.Sprintf("replaced function of %#x bytes", size), func(p *patch.Patch) { p.Redirects[0].Size = size })
	}
	add(malformed, "replaced function with other code", func(p *patch.Patch) { p.Redirects[0].Old[0] ^= 1 })
	add(malformed, "replaced function that became a function that is not there", func(p *patch.Patch) { p.Redirects[0].Func = 1 << 30 })
	add(malformed, "replaced function that became another one", func(p *patch.Patch) { p.Redirects[0].Func = 0 })
	add(malformed, "function replaced twice", func(p *patch.Patch) { p.Redirects = append(p.Redirects, p.Redirects[0]) })
	add(malformed, "function replaced twice by two", func(p *patch.Patch) {
		second := p.Redirects[0]
		second.Func = 1
		p.Redirects = append(p.Redirects, second)
	})
	for _, to := range []uint64{0, etext, wild, tooLarge} {
		add(malformed, fmt.Sprintf("caller at %#x", to), func(p *patch.Patch) {
			p.Waits = []patch.Wait{{Stale: patch.Stale{Name: "main.main", Addr: to, Size: 64}}}
		})
	}
	add(malformed, "caller of all memory", func(p *patch.Patch) {
		p.Waits = []patch.Wait{{Stale: patch.Stale{Name: "main.main", Addr: text, Size: tooLarge}}}
	})
	add(malformed, "function that keeps an argument outside of the program", func(p *patch.Patch) {
		p.Keeps = append(p.Keeps, patch.Keep{Name: "main.main", Addr: etext, New: "1:h0"})
	})
	add(malformed, "function that leads to one that is not there", func(p *patch.Patch) { p.Funcs[0].Callees = []uint32{1 << 30} })
	add(malformed, "function that leads outside of the program", func(p *patch.Patch) { p.Funcs[0].HostCallees = []uint32{1<<32 - 1} })
	add(malformed, "replaced function of another name", func(p *patch.Patch) { p.Redirects[0].Name = "main.serve" })

	// The last one is found only when the methods are filled in.
	add(afterLoading, "interface table of a type without the methods", func(p *patch.Patch) { p.Itabs[0].Type = patch.Ref{Kind: "host", Value: p.FilledTypes[1]} })
	return list
}

// used are the fields of runtime.moduledata that something depends on.
var used = map[string]bool{
	"pcHeader": true, "funcnametab": true, "pctab": true, "pclntable": true, "ftab": true, "findfunctab": true, "minpc": true, "maxpc": true,
	"text": true, "etext": true, "types": true, "etypes": true, "gofunc": true, "hasmain": true, "next": true,
}

// TestHostileFile gives the program patches whose hash is right, each with one field that is wrong.
func TestHostileFile(t *testing.T) {
	good := decoded(t, "rare")
	list := hostiles(t, good)
	h := startHost(t)
	// The first part before anything was applied, the second after.
	for _, after := range []string{"nothing", "a patch"} {
		before := h.state()
		t.Run("after "+after, func(t *testing.T) {
			c := h.dial()
			defer c.Close()
			for _, bad := range list {
				p := decoded(t, "rare")
				bad.change(p)
				_, answer := h.apply(c, seal(t, p))
				switch {
				case answer == nil:
					t.Errorf("%s: applied", bad.name)
					h.rollback(c, "")
				case bad.reasons == afterLoading && answer.Code == control.Failed:
					before.memory += p.Image.Size // which the runtime knows of
				case answer.Code != control.Refused || answer.Reason == "" || !strings.Contains(bad.reasons, answer.Reason):
					t.Errorf("%s: %s, %s: %s", bad.name, answer.Code, answer.Reason, answer.Message)
				}
				h.await(1)
			}
		})
		h.stays(before)
		h.works()
		h.gosplice("apply", patchFile("rare")).succeeds("-> rare")
		if got := h.ask("seldom"); !strings.HasPrefix(got, "often 1 ") {
			t.Errorf("seldom: %s", got)
		}
		h.gosplice("rollback").succeeds("-> release")
	}
}

// TestHostileSections gives the program files that have the right hash and are no patch at all, or a
// very large one.
func TestHostileSections(t *testing.T) {
	h := startHost(t)
	before := h.state()
	good := decoded(t, "rare")
	header, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	relocs, image := relocsOf(good), good.Image.Bytes
	head := headOf(header)      // all are for this build
	first := 12 + 4 + len(head) // where the header begins
	lie := func(at int, size uint32) []byte {
		file := seal(t, good)
		binary.LittleEndian.PutUint32(file[at:], size)
		body := file[:len(file)-sha256.Size-1]
		sum := sha256.Sum256(body)
		return append(append(slices.Clone(body), sum[:]...), 0)
	}
	many := func(field, element string) []byte {
		list := strings.Repeat(element+",", 1<<20)
		return fmt.Appendf(nil, `{"%s":[%s]}`, field, list[:len(list)-1])
	}
	c := h.dial()
	for name, file := range map[string][]byte{
		"nothing":                      nil,
		"no sections":                  sealed(),
		"two sections":                 sealedAs(head, header, relocs),
		"four sections":                sealedAs(head, header, relocs, image, image),
		"empty sections":               sealedAs(head, nil, nil, nil),
		"an empty header":              sealedAs(head, []byte("{}"), relocs, image),
		"a header that is null":        sealedAs(head, []byte("null"), relocs, image),
		"two headers":                  sealedAs(head, append(slices.Clone(header), header...), relocs, image),
		"a header with another field":  sealedAs(head, []byte(`{"Sudo":true}`), relocs, image),
		"a header without an end":      sealedAs(head, header[:len(header)-1], relocs, image),
		"a million brackets":           sealedAs(head, bytes.Repeat([]byte("["), 1<<20), relocs, image),
		"a million functions":          sealedAs(head, many("Funcs", "{}"), relocs, image),
		"a million numbers":            sealedAs(head, many("FilledTypes", "8"), relocs, image),
		"a million symbols of nothing": sealedAs(head, many("Symbols", "null"), relocs, image),
		"a million relocations":        sealedAs(head, header, bytes.Repeat([]byte{1 << 3}, 1<<20), image),
		"relocations without an end":   sealedAs(head, header, bytes.Repeat([]byte{0xff}, 1<<20), image),
		"a head of 4 GB":               lie(12, 1<<32-1),
		"a head of 1 byte":             lie(12, 1),
		"a header that says 4 GB":      lie(first+4, 1<<32-1),
		"a header that says 1 byte":    lie(first+4, 1),
		"a stored header of 4 GB":      lie(first, 1<<32-1),
		"another format":               lie(8, 1<<31),
	} {
		if _, answer := h.apply(c, file); answer == nil || answer.Code != control.Refused || answer.Reason != malformed {
			t.Errorf("%s: %+v", name, answer)
		}
		h.await(1)
	}
	c.Close()
	h.stays(before)
	h.works()
}
