package agent

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// publicKeyHead begins each ed25519 public key in PKIX form. The general parser for that form would bring
// all other kinds of keys into the program.
var publicKeyHead = []byte{0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00}

// parseKeys reads public keys: one or more in PEM, or one in hexadecimal.
func parseKeys(text string) ([]ed25519.PublicKey, error) {
	if key, err := hex.DecodeString(strings.TrimSpace(text)); err == nil && len(key) == ed25519.PublicKeySize {
		return []ed25519.PublicKey{key}, nil
	}
	var keys []ed25519.PublicKey
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		raw, isKey := bytes.CutPrefix(block.Bytes, publicKeyHead)
		switch {
		case block.Type == "PRIVATE KEY":
			return nil, errors.New("a trusted key is a private key, which must not be in the program: give the public one, NAME.pub")
		case block.Type != "PUBLIC KEY" || !isKey || len(raw) != ed25519.PublicKeySize:
			return nil, fmt.Errorf("a trusted key (%q in PEM) is no ed25519 public key: make one with gosplice keygen", block.Type)
		}
		keys = append(keys, raw)
	}
	if len(keys) == 0 {
		return nil, errors.New("a trusted key is neither PEM nor 64 hexadecimal digits: give what gosplice keygen made")
	}
	return keys, nil
}
