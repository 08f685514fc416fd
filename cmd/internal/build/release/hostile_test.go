package release

import (
	"bytes"
	"encoding/gob"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// Words with which a record would run commands or write files are refused, each by what it is.
func TestHostileWords(t *testing.T) {
	for _, c := range []struct {
		name  string
		spoil func(*Record)
		says  string
	}{
		{"flag", func(r *Record) { r.Build.Flags = append(r.Build.Flags, "-toolexec=/tmp/x") }, "-toolexec"},
		{"variable", func(r *Record) { r.Build.Env = []string{"GOFLAGS=-toolexec=/tmp/x"} }, "GOFLAGS"},
		{"package argument", func(r *Record) { r.Build.Packages = []string{"-toolexec=/tmp/x"} }, "-toolexec"},
		{"import path", func(r *Record) { r.Packages[0].Import = "a='-o=/tmp/x'" }, "a='"},
		{"module", func(r *Record) { r.Packages[0].Module = "example.com/a@v1.0.0 => /tmp/x@" }, "/tmp/x"},
		{"module version", func(r *Record) { r.Packages[0].Module = "example.com/a@../x" }, "../x"},
		{"program", func(r *Record) { r.Program = "../../var/lib/server/patches/x" }, "../../var"},
		{"program with escapes", func(r *Record) { r.Program = "a\x1b[2J" }, "\\x1b"},
		{"file", func(r *Record) { r.Packages[0].Files[0].Name = "../../main.go" }, "../../main.go"},
	} {
		r := sampleRecord()
		c.spoil(r)
		var file bytes.Buffer
		if err := r.encode(&file); err != nil {
			t.Fatal(err)
		}
		if _, err := decode(file.Bytes()); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}

// TestRecordBombs reads small files that claim much.
// shortSymbol is a symbol of which nothing is known, as a stranger writes it.
type shortSymbol struct{ Name string }

func TestRecordBombs(t *testing.T) {
	encode := func(write func(*gob.Encoder)) []byte {
		var plain bytes.Buffer
		write(gob.NewEncoder(&plain))
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression))
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		return z.EncodeAll(plain.Bytes(), []byte(fileMagic))
	}
	r := sampleRecord()
	for _, c := range []struct {
		name, says string
		file       []byte
	}{
		{"text", "more than records of its size", encode(func(e *gob.Encoder) {
			big := *r
			big.Packages = []Package{{Path: "main", Files: []SourceFile{{Name: "a.go", Content: bytes.Repeat([]byte("a"), 200<<20)}}}}
			e.Encode(store(&big))
		})},
		{"empty structures", "are zero", encode(func(e *gob.Encoder) {
			big := *r
			big.Pruned = []PrunedType{{Methods: make([]PrunedMethod, 1<<20)}}
			e.Encode(store(&big))
		})},
		{"empty symbols", "are zero", encode(func(e *gob.Encoder) {
			s := store(r)
			s.Following = leastSymbols
			e.Encode(s)
			e.Encode(make([]Symbol, 1<<20))
		})},
		{"more symbols than it has bytes", "more than records of its size", encode(func(e *gob.Encoder) {
			s := store(r)
			s.Following = 1 << 18
			e.Encode(s)
			for range s.Following / symbolsTogether {
				e.Encode(slices.Repeat([]shortSymbol{{"abc"}}, symbolsTogether))
			}
		})},
		{"many symbols together", "take more than", encode(func(e *gob.Encoder) {
			big, noise := *r, make([]byte, 64<<10)
			rand.NewChaCha8([32]byte{}).Read(noise)
			big.Packages = []Package{{Path: "main", Files: []SourceFile{{Name: "a.go", Content: noise}}}}
			s := store(&big)
			s.Following = leastSymbols
			e.Encode(s)
			e.Encode(slices.Repeat([]shortSymbol{{"abc"}}, 1<<19))
		})},
	} {
		if len(c.file) > 1<<20 {
			t.Fatalf("%s: the file has %d bytes", c.name, len(c.file))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := decode(c.file)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 64<<20 {
			t.Errorf("%s: a file of %d bytes took %d MB", c.name, len(c.file), took>>20)
		}
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v", c.name, err)
		}
	}
}
