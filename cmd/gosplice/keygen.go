package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"
)

const keygenLong = `Keygen makes a pair of ed25519 keys: NAME.key, with which gosplice patch --key signs,
and NAME.pub, which the program trusts:

  //go:embed release.pub
  var releaseKey string

  err := gosplice.Start(gosplice.TrustKey(releaseKey))

From then on the program takes no patch that is not signed with it. Several keys may be
trusted, so that one can follow another: trust the new one beside the old one, sign
with the new one when all programs run that build, and drop the old one with the next.

The files are PEM: PKCS #8 and PKIX, as openssl reads and makes them. Whoever has the
private key can have any code run in the program; only its owner can read the file.
Files that are there are left alone.`

func newKeygenCommand(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "keygen NAME",
		Short: "Make keys to sign patches with",
		Long:  keygenLong,
		Example: `  gosplice keygen release

  # And then:
  gosplice patch --version 1.4.2 --key release.key`,
		Args: arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return keygen(c, args[0])
		},
	}
}

func keygen(c *console, name string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	open, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return err
	}
	if err := writeNew(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		return err
	}
	if err := writeNew(name+".pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: open}), 0o644); err != nil {
		os.Remove(name + ".key") // a pair or nothing
		return err
	}
	c.printf("%s  signs: gosplice patch --key %[2]s.key; keep it secret", c.style.Bold(name+".key"), name)
	c.printf("%s  is trusted by gosplice.TrustKey", c.style.Bold(name+".pub"))
	c.printf("key %s", hex.EncodeToString(public))
	return nil
}

// writeNew writes a file that is not there yet.
func writeNew(name string, content []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and what it signed would be lost: choose another name", name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		os.Remove(name)
	}
	return err
}
