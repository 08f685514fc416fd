package agent

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"
)

func TestParseKeys(t *testing.T) {
	private := ed25519.NewKeyFromSeed(make([]byte, 32))
	public := private.Public().(ed25519.PublicKey)
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	inPEM := func(kind string, content []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}))
	}
	for _, c := range []struct {
		name, text string
		keys       int
		says       string
	}{
		{"PEM", inPEM("PUBLIC KEY", open), 1, ""},
		{"two in PEM, with words between", "old:\n" + inPEM("PUBLIC KEY", open) + "new:\n" + inPEM("PUBLIC KEY", open), 2, ""},
		{"hexadecimal", hex.EncodeToString(public) + "\n", 1, ""},
		{"nothing", "", 0, "neither PEM nor 64 hexadecimal digits"},
		{"too short", hex.EncodeToString(public[1:]), 0, "neither PEM"},
		{"the private key", inPEM("PRIVATE KEY", secret), 0, "which must not be in the program"},
		{"a key that is cut off", inPEM("PUBLIC KEY", open[:40]), 0, "is no ed25519 public key"},
		{"one of another kind", inPEM("PUBLIC KEY", append([]byte{0x30}, open...)), 0, "is no ed25519 public key"},
	} {
		keys, err := parseKeys(c.text)
		if len(keys) != c.keys || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %d keys, %v", c.name, len(keys), err)
		}
		for _, k := range keys {
			if !bytes.Equal(k, public) {
				t.Errorf("%s: key %x", c.name, k)
			}
		}
	}
}
