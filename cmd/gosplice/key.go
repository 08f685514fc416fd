package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"

	"github.com/gosplice/gosplice/internal/wire/files"
)

// mostKey is how many bytes of a key file are read.
const mostKey = 1 << 20

// readKey reads an ed25519 private key from a PEM file.
func readKey(name string) (ed25519.PrivateKey, error) {
	text, err := files.Read(name, mostKey)
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s is no private key in PEM (PKCS #8): make one with gosplice keygen", name)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s holds a key of another kind than ed25519: make one with gosplice keygen", name)
	}
	return private, nil
}
