package chainfile

import (
	"bytes"
	"errors"
	"math/rand"
	"reflect"
	"testing"
)

var sampleHost = &Host{Toolchain: Toolchain{Go: "go1.26.8", OS: "linux", Arch: "amd64"}, Packages: []Package{{Path: "ex.com/api", Sources: "aa"}}}

func TestHostIsFoundInAProgram(t *testing.T) {
	text, err := sampleHost.Encode()
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 3<<20)
	rand.New(rand.NewSource(1)).Read(noise)
	for _, at := range []int{0, 1, 1<<20 - len(hostMagic) - 1, 1<<20 - 10, 1 << 20, 2<<20 + 5, len(noise)} {
		// The magic alone stands in every program that links this package.
		file := bytes.Join([][]byte{[]byte(hostMagic), noise[:at], []byte(text), noise[at:]}, nil)
		h, err := FindHost(bytes.NewReader(file), int64(len(file)))
		if err != nil || !reflect.DeepEqual(h, sampleHost) {
			t.Errorf("at %d: %v, %v", at, h, err)
		}
	}
	file := append([]byte(hostMagic), noise...)
	if _, err := FindHost(bytes.NewReader(file), int64(len(file))); !errors.Is(err, ErrNoHost) {
		t.Error(err)
	}
}

func FuzzHost(f *testing.F) {
	text, _ := sampleHost.Encode()
	f.Add(text)
	f.Add(hostMagic)
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := ParseHost(s); err == nil {
			again, err := h.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseHost(again); err != nil {
				t.Error(err)
			}
		}
		FindHost(bytes.NewReader([]byte(s)), int64(len(s)))
	})
}

func FuzzExports(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, file []byte) {
		Exports(bytes.NewReader(file))
		Memory(bytes.NewReader(file))
	})
}
