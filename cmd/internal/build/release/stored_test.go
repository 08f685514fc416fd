package release

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/build/goobj"
)

// fullRecord has several entries in every map.
func fullRecord() *Record {
	r := sampleRecord()
	r.Runtime.Var = map[string]uint64{}
	r.Callers, r.Inlined, r.Uses = map[string][]string{}, map[string][]string{}, map[string]Use{}
	r.Live.GenericMethods = map[string]bool{}
	for i := range 2*symbolsTogether + 1 {
		r.Symbols = append(r.Symbols, Symbol{Name: fmt.Sprintf("main.g%d", i), Size: uint32(i)})
		r.Calls.Start = append(r.Calls.Start, uint32(len(r.Calls.List)))
	}
	for i := range uint64(50) {
		name := fmt.Sprint("main.f", i)
		r.Build.Settings[name] = name
		r.Runtime.Func[name], r.Runtime.Var[name], r.Runtime.Offset[name] = i, i, i
		r.Content[goobj.Fingerprint{byte(i)}] = i
		r.Callers[name], r.Inlined[name] = []string{"main.main", name}, []string{name}
		r.Uses[name] = Use{Funcs: []goobj.Name{{Name: name, ABI: 1}}, Address: true}
		r.Live.UsedInIface[name], r.Live.GenericMethods[name] = true, true
		r.Live.IfaceMethods[MethodSig{name, name}] = true
	}
	return r
}

// What is read is what was written, and one record makes one file.
func TestRecordFiles(t *testing.T) {
	want := fullRecord()
	var files [2]bytes.Buffer
	for i := range files {
		if err := fullRecord().encode(&files[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
		t.Error("two files of one record differ")
	}
	got, err := decode(files[0].Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Error("what was read is not what was written")
	}
}

// Up to version 8 a file held the record itself.
func TestOlderRecordFilesAreNamed(t *testing.T) {
	r := fullRecord()
	r.Format = 8
	var plain bytes.Buffer
	if err := gob.NewEncoder(&plain).Encode(r); err != nil {
		t.Fatal(err)
	}
	_, err := decode(compress(t, plain.Bytes()))
	if err == nil || !strings.Contains(err.Error(), "made by another version of gosplice (format 8") {
		t.Errorf("a record of version 8 gives: %v", err)
	}
}

// A record is written from a copy: it can be used afterwards.
func TestWriteLeavesTheRecord(t *testing.T) {
	r := fullRecord()
	if err := r.Write(filepath.Join(t.TempDir(), "record.gsr")); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, fullRecord()) {
		t.Error("writing a record changed it")
	}
}
