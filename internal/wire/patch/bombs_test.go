package patch

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// asFile makes a file of sections with a head that agrees with the patch, and checks nothing.
func asFile(p *Patch, header, relocs, image []byte) []byte {
	head, _ := json.Marshal(p.head())
	file := binary.LittleEndian.AppendUint32([]byte(magic), FormatVersion)
	file = append(binary.LittleEndian.AppendUint32(file, uint32(len(head))), head...)
	for _, content := range [][]byte{header, relocs, image} {
		file = appendSection(file, content, 9)
	}
	return appendSeal(file, new(Patch), nil)
}

// noise is text that does not become shorter by half when it is compressed.
func noise(n int) string {
	random, b := rand.New(rand.NewPCG(1, 2)), make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[random.IntN(16)]
	}
	return string(b)
}

// TestBombsThatAgree reads files that claim as much as they may: their heads say what is in them, and they hold enough
// that is hard to compress. They take no more than some hundred times their size.
func TestBombsThatAgree(t *testing.T) {
	p := sample()
	p.Image.Size = MaxImage
	agreeing, _ := json.Marshal(p)
	list := func(field, item string, text int) []byte {
		header := append(bytes.TrimSuffix(agreeing, []byte("}")), `,"Diff":"`+noise(1<<20)+`",`+field...)
		header = append(header, bytes.Repeat([]byte(item), text/len(item))...)
		header = bytes.TrimSuffix(header, []byte(","))
		return append(header, strings.Repeat("]", strings.Count(field, "["))+strings.Repeat("}", strings.Count(field, "{"))+"}"...)
	}
	const text = 12 << 20
	for name, file := range map[string][]byte{
		"functions":        asFile(p, list(`"Funcs":[`, `{"Name":"aaaaaaaaa"},`, text), nil, nil),
		"functions of 8 B": asFile(p, list(`"Funcs":[`, `{"Off":1},`, text), nil, nil),
		"no functions":     asFile(p, list(`"Funcs":[`, `null,`, text), nil, nil),
		"spaced nulls":     asFile(p, list(`"Funcs":[`, "null\t,\n", text), nil, nil),
		"no objects":       asFile(p, list(`"Funcs":[`, `"",`, text), nil, nil),
		"changes":          asFile(p, list(`"Changes":[`, `{"What":"aaaaaaaaaaaaa"},`, text), nil, nil),
		"braces in names":  asFile(p, list(`"Confined":[{"Types":[`, `"{\"{",`, text), nil, nil),
		"numbers":          asFile(p, list(`"FilledTypes":[`, `1,`, text), nil, nil),
		"strings":          asFile(p, list(`"Confined":[{"Types":[`, `"",`, text), nil, nil),
		"relocations":      asFile(p, agreeing, bytes.Repeat([]byte{4 << relocKindBits}, 8<<20), make([]byte, 64<<20)),
		"image":            asFile(p, agreeing, nil, make([]byte, 128<<20)),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Decode(file)
		runtime.ReadMemStats(&after)
		taken := int(after.TotalAlloc - before.TotalAlloc)
		if !errors.Is(err, ErrMalformed) || taken > 16<<20+400*len(file) {
			t.Errorf("%s: a file of %d kB takes %d MB, %d times its size: %.200v", name, len(file)>>10, taken>>20, taken/len(file), err)
		}
	}
}

// TestCostOfChecks: each part of a patch is looked at a bounded number of times, however many others there are.
func TestCostOfChecks(t *testing.T) {
	for name, spoil := range map[string]func(*Patch){
		// Each place is compared with the module data, whose end the offsets tell.
		"offsets and places": func(p *Patch) {
			for i := range maxNames - 1 {
				p.Runtime.Offset[strings.Repeat("moduledat", 200)+fmt.Sprint(i)] = 1
			}
			for range 2000 {
				p.MethodUses.ImageCaches = append(p.MethodUses.ImageCaches, p.MethodUses.ImageCaches[0])
			}
		},
		// All of a method table has to be empty.
		"one table for many types": func(p *Patch) {
			table := p.MethodTables[0]
			p.Image.Bytes = append(p.Image.Bytes, make([]byte, 2<<20)...)
			p.Image.Size = (p.Image.Size + 2<<20 + pageSize - 1) / pageSize * pageSize
			table.Table, table.Room = 4*pageSize, 1<<16-1
			for range 20000 {
				table.Type += 8
				p.MethodTables = append(p.MethodTables, table)
			}
		},
	} {
		p := sample()
		spoil(p)
		start := time.Now()
		if err := p.Check(); err == nil || time.Since(start) > 10*time.Second {
			t.Errorf("%s: took %v: %.200v", name, time.Since(start).Round(time.Millisecond), err)
		}
	}
}
