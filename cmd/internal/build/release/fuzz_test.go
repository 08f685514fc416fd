package release

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
	"github.com/gosplice/gosplice/cmd/internal/build/gorelease"
	"github.com/gosplice/gosplice/cmd/internal/build/gotool"
	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
	"github.com/gosplice/gosplice/internal/wire/patch"
	"github.com/klauspost/compress/zstd"
)

// sampleRecord has something in every field.
func sampleRecord() *Record {
	return &Record{
		Format: Format, TLS: -8, Program: "program",
		Build:    gotool.Build{Main: "program", GoVersion: "go1.26.8", Flags: []string{"-trimpath"}, Settings: map[string]string{"GOOS": "linux"}},
		Release:  patch.Release{BuildID: "a/b/c/d", Text: 0x401000, Etext: 0x402000},
		Runtime:  patch.Runtime{Func: map[string]uint64{"runtime.stopTheWorld": 0x401000}, Offset: map[string]uint64{"runtime.g.stack": 0}},
		Packages: []Package{{Path: "main", Import: "program", Files: []SourceFile{{Name: "main.go", Kind: "go", Content: []byte("package main")}}}},
		Symbols: []Symbol{
			{Name: "main.main", ABI: 1, Kind: goobj.KindText, Size: 32, Addr: 0x401000, Type: "0", Busy: patch.Busy{Lo: 1, Hi: 5}, Package: "main"},
			{Name: "main.x", Kind: goobj.KindData, Size: 8, Addr: 0x500000, Type: "type:int"},
		},
		Calls:   CallGraph{Start: []uint32{0, 1, 1}, List: []uint32{0}},
		Content: map[goobj.Fingerprint]uint64{{1}: 0x500100},
		Pruned:  []PrunedType{{Name: "type:main.T", Addr: 0x500200, Methods: []PrunedMethod{{Name: "M", Type: "type:func()", Off: 64, Empty: [3]bool{true}}}}},
		NoInit:  []string{"main.map.init.0"},
		Parts:   []Parts{{Variable: "main.y", Shape: goobj.Fingerprint{2}, Addrs: []uint64{0x500300, 0}}},
		Live:    Live{UsedInIface: map[string]bool{"type:main.T": true}, IfaceMethods: map[MethodSig]bool{{"M", "type:func()"}: true}},
	}
}

// FuzzRead reads damaged record files, and FuzzContent what is in them, where no checksum finds the damage. The input of both is
// the damage: the fuzzer is slow with long inputs, which it tries to shorten a byte at a time.
func FuzzRead(f *testing.F) {
	var file bytes.Buffer
	if err := sampleRecord().encode(&file); err != nil {
		f.Fatal(err)
	}
	addDamages(f, file.Len())
	f.Fuzz(func(t *testing.T, damages []byte) {
		b := damaged(file.Bytes(), damages)
		readAndUse(t, func() (*Record, error) { return decode(b) })
	})
}

func FuzzContent(f *testing.F) {
	var file bytes.Buffer
	if err := sampleRecord().encode(&file); err != nil {
		f.Fatal(err)
	}
	content := decompress(f, file.Bytes())
	addDamages(f, len(content))
	f.Fuzz(func(t *testing.T, damages []byte) {
		b := damaged(content, damages)
		readAndUse(t, func() (*Record, error) { return decodeContent(bytes.NewReader(b), len(b)) })
	})
}

// addDamages has the fuzzer begin with one damage here and there.
func addDamages(f *testing.F, size int) {
	f.Add([]byte{})
	f.Add([]byte{0x80})
	for at := 0; at < size; at += 7 {
		f.Add([]byte{byte(at), byte(at >> 8), byte(at >> 16), 0xff})
	}
}

// damaged is content with changes: 3 bytes say where, 1 what is there. What is left of damages says where it ends.
func damaged(content, damages []byte) []byte {
	out := bytes.Clone(content)
	for ; len(damages) >= 4; damages = damages[4:] {
		out[(int(damages[0])|int(damages[1])<<8|int(damages[2])<<16)%len(out)] = damages[3]
	}
	if len(damages) == 1 {
		out = out[:len(out)*int(damages[0])/256]
	}
	return out
}

func readAndUse(t *testing.T, read func() (*Record, error)) {
	r, err := read()
	if err != nil {
		return
	}
	if main := r.Packages[len(r.Packages)-1]; main.Path != "main" {
		t.Errorf("a record whose last package is %q was accepted", main.Path)
	}
	reversed := r.Reverse()
	for i := range r.Symbols {
		r.Callees(&r.Symbols[i])
		reversed.Callers(&r.Symbols[i])
	}
	r.Lookup("main.main", 1)
	r.PackageByPath("main")
}

func decompress(t testing.TB, file []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	b, err := z.DecodeAll(file[len(fileMagic):], nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func compress(t testing.TB, plain []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	return z.EncodeAll(plain, []byte(fileMagic))
}

// FuzzForeign reads damaged objects of the C compiler.
func FuzzForeign(f *testing.F) {
	members := cgoMembers(f)
	for i := range members {
		f.Add(byte(i), []byte{})
		for at := 0; at < len(members[i].Data); at += len(members[i].Data)/40 + 1 {
			var damages []byte
			for k := range 8 {
				damages = append(damages, byte(at+k), byte((at+k)>>8), byte((at+k)>>16), 0xff)
			}
			f.Add(byte(i), damages)
		}
	}
	code := bytes.Repeat([]byte{0x90}, 4096)
	f.Fuzz(func(t *testing.T, member byte, damages []byte) {
		o := &foreign{code: map[string][]relocatable{}}
		o.add(damaged(members[int(member)%len(members)].Data, damages))
		for name := range o.code {
			o.has(name, code)
		}
	})
}

// cgoMembers are the C objects of package runtime/cgo.
func cgoMembers(t testing.TB) []goobj.Member {
	t.Helper()
	b := testprogram.Build{Env: []string{"CGO_ENABLED=1"}}
	path := strings.TrimSpace(b.Go(t, "list", "-export", "-f", "{{.Export}}", "runtime/cgo"))
	rel, err := gorelease.Of(runtime.Version())
	if err != nil {
		t.Fatal(err)
	}
	set, err := goobj.NewSet(rel)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Load(goobj.Source{Package: "runtime/cgo", Path: path}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(set.Close)
	members := set.Foreign["runtime/cgo"]
	if len(members) == 0 {
		t.Skip("there is no C compiler")
	}
	return members
}
