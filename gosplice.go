// Package gosplice lets the code of a running program be changed while its state stays.
//
// A program that calls [Start] listens on a Unix socket, on which the gosplice command applies
// patches made from an edited source tree, shows what is applied, and rolls back. Until the first patch
// nothing in the program is changed: its functions are the ones that the compiler made, at
// full speed, and one parked goroutine is all that it costs.
//
// Who may patch: the user who runs the program, with the group that it runs with, and root. A program that has more
// rights than its user (setuid, setgid, capabilities) has to name a key with [TrustKey] and the directory of its socket. The socket has mode 0600 and lies in a
// directory that only that user can enter, and the kernel says who connects. [TrustKey] asks
// for signed patches on top, [WithApproval] lets the program decide about each request.
//
// Programs can be patched on linux/amd64 and linux/arm64. On other platforms the package compiles and [Start]
// returns an error, so that a program need not care.
package gosplice

import (
	"crypto/ed25519"
	"log/slog"

	"github.com/gosplice/gosplice/internal/live/agent"
)

// Start makes the program ready to be patched. It returns in less than a millisecond and
// starts nothing but the goroutine that waits for requests. An error says why the program can't be
// patched here; the program runs on as if Start had not been called. Calling Start again without
// [Stop] is an error.
//
// With [WithPatchDir] it returns after the installed patch was applied. If that fails the error says why, and the
// program listens for patches all the same.
func Start(opts ...Option) error {
	var o options
	for _, set := range opts {
		set(&o)
	}
	return agent.Start(o)
}

// Stop closes the socket. What was patched stays patched, and a request that is under way is
// finished. It is an error if Start did not succeed before.
func Stop() error { return agent.Stop() }

// Option changes what [Start] does.
type Option func(*options)

type options = agent.Options

// WithSocketDir chooses the directory of the socket, which is PID.sock in it. The directory is made if
// it is not there; otherwise it has to belong to the user who runs the program, with mode 0700.
// By default it is gosplice in $XDG_RUNTIME_DIR, or /tmp/gosplice-UID, or a directory beside it if another user has
// made that one; the command looks there.
func WithSocketDir(dir string) Option {
	return func(o *options) { o.Dir = dir }
}

// WithLogger chooses the log for what is applied, rolled back and refused. By default it is
// [slog.Default] at that time.
func WithLogger(logger *slog.Logger) Option {
	return func(o *options) { o.Logger = logger }
}

// WithTrustedKeys makes the program accept only patches that were signed with one of the keys. No keys at all are an error
// of [Start].
func WithTrustedKeys(keys ...ed25519.PublicKey) Option {
	return func(o *options) { o.TrustedKeys, o.KeysNamed = append(o.TrustedKeys, keys...), true }
}

// TrustKey makes the program accept only patches that were signed with this key, or with another one
// that is trusted. The text is what gosplice keygen writes: one or more public keys in PEM
// (PKIX), or one in hexadecimal. Text that is no key is an error of [Start].
func TrustKey(text string) Option {
	return func(o *options) { o.TrustedTexts = append(o.TrustedTexts, text) }
}

// WithSignedRollback makes the program go back only for who has a trusted key: a rollback, a patch that was made before one
// that has run, and a plugin, of which nothing tells the age, need a request that is signed with it (gosplice rollback --key,
// gosplice apply --older --key). Without a trusted key it is an error of [Start]. Who may restart the program can
// still go back to what it starts with.
func WithSignedRollback() Option {
	return func(o *options) { o.SignedBack = true }
}

// WithPatchDir makes [Start] apply the newest patch in dir that was made for this very build of the
// program: patches live in memory, and without one a restart goes back to the release. Call Start
// before the program's own work begins, then none of it runs unpatched code but the initialisation of packages.
// Patches for other builds are ignored and named in the log. Signatures and approval count as for
// any other patch. The directory need not exist; it and its files must belong to the user who runs the
// program or to root, and nobody else may write to them. gosplice install puts patches there.
func WithPatchDir(dir string) Option {
	return func(o *options) { o.PatchDir = dir }
}

// WithApproval has approve asked before each apply and rollback, after the checks of who asks and
// whom the patch fits, and before anything is changed. An error refuses the request, and its text
// is shown to who asked. While approve runs other requests to change the program are refused.
func WithApproval(approve func(Request) error) Option {
	return func(o *options) {
		o.Approve = func(r agent.Request) error {
			return approve(Request{
				Rollback: r.Action == agent.ActionRollback, Version: r.Version, ID: r.ID,
				Signer: r.Signer, Chain: r.Chain, UID: r.UID, PID: r.PID,
			})
		}
	}
}

// Request is what the function of [WithApproval] is asked about.
type Request struct {
	// Rollback says that the program is to go back; otherwise a patch is to be applied.
	Rollback bool
	// Version is the version that is to run: the label of a patch, or "release" for the unpatched
	// program.
	Version string
	// ID is the SHA-256 of that patch in hexadecimal, or empty for the release.
	ID string
	// Signer is the key that signed the patch to be applied, or nil if it is not signed.
	Signer ed25519.PublicKey
	// Chain is the chain whose version it is (see package chain), or empty for patches.
	Chain string
	// UID and PID are of the process that asks.
	UID, PID int
}
