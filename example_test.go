package gosplice_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"log"
	"log/slog"
	"os"
	"time"

	"github.com/gosplice/gosplice"
)

func ExampleStart() {
	if err := gosplice.Start(); err != nil {
		log.Print(err) // the program runs on, and can't be patched
	}
	defer gosplice.Stop()
}

func ExampleStop() {
	if err := gosplice.Start(); err != nil {
		log.Print(err)
	}
	// The program takes no more patches. What was applied stays.
	if err := gosplice.Stop(); err != nil {
		log.Print(err)
	}
}

func ExampleWithLogger() {
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := gosplice.Start(gosplice.WithLogger(logger)); err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()
}

func ExampleWithTrustedKeys() {
	key, err := hex.DecodeString("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1")
	if err != nil {
		log.Fatal(err)
	}
	if err := gosplice.Start(gosplice.WithTrustedKeys(ed25519.PublicKey(key))); err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()
}

func ExampleWithApproval() {
	maintenance := func(now time.Time) bool { return now.Hour() < 6 }
	err := gosplice.Start(gosplice.WithApproval(func(r gosplice.Request) error {
		if !r.Rollback && !maintenance(time.Now()) {
			return errors.New("patches are applied between 0:00 and 6:00")
		}
		return nil
	}))
	if err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()
}

func ExampleWithSocketDir() {
	dir, err := os.MkdirTemp("", "app")
	if err != nil {
		log.Fatal(err)
	}
	if err := gosplice.Start(gosplice.WithSocketDir(dir)); err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()
}

func ExampleWithPatchDir() {
	// Called first, so that what follows runs the patched code after a restart too.
	if err := gosplice.Start(gosplice.WithPatchDir("/var/lib/server/patches")); err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()
}

func ExampleTrustKey() {
	// The public key that gosplice keygen made, usually embedded from its file.
	const releaseKey = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`
	if err := gosplice.Start(gosplice.TrustKey(releaseKey)); err != nil {
		log.Print(err)
	}
	defer gosplice.Stop()
}
