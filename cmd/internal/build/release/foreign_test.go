package release

import (
	"debug/elf"
	"os"
	"path/filepath"
	"testing"

	"github.com/gosplice/gosplice/cmd/internal/test/testprogram"
)

// TestForeignSymbolInside compares a function of BoringCrypto, whose assembly has a symbol in its middle: for the linker it
// ends there.
func TestForeignSymbolInside(t *testing.T) {
	const name = "abi_test_trampoline"
	path := filepath.Join(testprogram.GOROOT(t), "src/crypto/internal/boring/syso/goboringcrypto_linux_amd64.syso")
	object, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	symbols, err := e.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.Section(".text").Data()
	if err != nil {
		t.Fatal(err)
	}
	var whole, part []byte
	for _, s := range symbols {
		if s.Name == name {
			whole = text[s.Value : s.Value+s.Size]
			part = whole[:startsOf(symbols).extent(s, s.Value+s.Size)]
		}
	}
	if len(part) == 0 || len(part) >= len(whole) {
		t.Fatalf("%s has %d bytes, %d before the next symbol", name, len(whole), len(part))
	}
	f := &foreign{code: map[string][]relocatable{}}
	f.add(object)
	for what, c := range map[string]struct {
		code []byte
		want bool
	}{
		"the function":                {whole, true},
		"up to the symbol inside":     {part, true},
		"one byte less":               {part[:len(part)-1], false},
		"one byte more":               {whole[:len(part)+1], false},
		"another byte at the end":     {append(part[:len(part)-1:len(part)-1], part[len(part)-1]+1), false},
		"nothing that the object has": {make([]byte, len(part)), false},
	} {
		if got := f.has(name, c.code); got != c.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
