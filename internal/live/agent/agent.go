// Package agent is what a program runs so that it can be patched: it listens on a Unix socket,
// decides who may ask, applies and rolls back patches, and remembers what was done. Nothing
// changes in the program before the first request, and one parked goroutine is all it costs.
package agent

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/gosplice/gosplice/internal/live/splice"
	"github.com/gosplice/gosplice/internal/wire/control"
)

// Options are what a program may choose. The zero value is the usual behaviour.
type Options struct {
	// Dir is the directory of the socket; empty is control.DefaultDir.
	Dir string
	// Logger gets a record of each apply, rollback and connection turned away; nil is
	// slog.Default() at that time.
	Logger *slog.Logger
	// Approve is asked before each apply and rollback, and refuses with an error. It may block;
	// other requests to change the program are refused meanwhile.
	Approve func(Request) error
	// TrustedKeys, if any, are the keys of which one must have signed a patch. KeysNamed says that the program named keys,
	// of which there has to be one then.
	TrustedKeys []ed25519.PublicKey
	KeysNamed   bool
	// SignedBack says that going back needs one of the keys, of which there has to be one then.
	SignedBack bool
	// TrustedTexts are more of them as text; see parseKeys.
	TrustedTexts []string
	// PatchDir is where patches are that Start applies; empty: none.
	PatchDir string
}

// Action is what is asked for.
type Action string

const (
	ActionApply    Action = "apply"
	ActionRollback Action = "rollback"
)

// Request is what Options.Approve is asked about.
type Request struct {
	Action Action
	// Version is the version to run, and ID its patch; for the release they are
	// patch.ReleaseVersion and empty.
	Version, ID string
	// Signer is the verified public key of the signature, or nil; for apply only.
	Signer []byte
	// Chain is the chain whose version it is, or empty for patches.
	Chain string
	// UID and PID are of the process that asks.
	UID, PID int
}

// process is the state that is one in a process, whatever is started and stopped.
var process struct {
	sync.Mutex
	patcher *patcher
	server  *server // nil when not started
}

// Start listens for requests. It returns at once, in less than a millisecond, and fails when it
// was called before without Stop, when the program can't be patched here, or when the socket
// can't be made. With a patch directory it returns when the patch in it is applied; if that
// fails the error says why, and the agent listens all the same.
func Start(o Options) error {
	process.Lock()
	defer process.Unlock()
	if process.server != nil {
		return fmt.Errorf("the agent was started already, and listens at %s: call Start once", process.server.listener.Addr())
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return fmt.Errorf("this program can't be patched while it runs: gosplice supports linux/amd64 and linux/arm64, this is %s/%s", runtime.GOOS, runtime.GOARCH)
	}
	if err := splice.Supported(); err != nil {
		return err
	}
	if process.patcher == nil {
		program, err := identify()
		if err != nil {
			return err
		}
		process.patcher = newPatcher(program, armSplice)
	}
	s, err := newServer(o, process.patcher)
	if err != nil {
		return err
	}
	// Only early: a program that gives up privileges may not be able to later. When it fails
	// the first patch finds another way, or says why there is none.
	_ = splice.OpenText()
	process.server = s
	return s.restore()
}

// Stop closes the socket and waits until no new request is taken; one that is under way goes on.
// What was patched stays patched, and is known when Start is called again.
func Stop() error {
	process.Lock()
	defer process.Unlock()
	if process.server == nil {
		return errors.New("the agent is not started")
	}
	err := process.server.stop()
	process.server = nil
	return err
}

// Status is what is applied in this process, and which goroutines were in old code within the last second: looking at them stops
// the program for a moment, and those who ask from outside must not do that as often as they like. What it returns is shared and
// is not changed. It is an error if the agent is not started.
func Status() (*control.Status, error) {
	process.Lock()
	s := process.server
	process.Unlock()
	if s == nil {
		return nil, errors.New("the agent is not started: call gosplice.Start")
	}
	return s.recentStatus(time.Now()), nil
}

// Requests counts what was asked of the agent, by verb and by how it ended.
func Requests() map[RequestKind]int {
	process.Lock()
	p := process.patcher
	process.Unlock()
	if p == nil {
		return nil
	}
	return p.journal.counted()
}

// server is a started agent.
type server struct {
	patcher  *patcher
	listener *net.UnixListener
	rules    policy
	patchDir string // absolute, or empty
	logger   *slog.Logger
	started  time.Time
	stopped  chan struct{} // closed when accept returned

	mu    sync.Mutex
	conns map[*net.UnixConn]bool // nil after stop

	recent recentStatus
	away   turnedAway
}

// newServer starts an agent.
func newServer(o Options, p *patcher) (*server, error) {
	for _, text := range o.TrustedTexts {
		keys, err := parseKeys(text)
		if err != nil {
			return nil, err
		}
		o.TrustedKeys = append(o.TrustedKeys, keys...)
	}
	for _, k := range o.TrustedKeys {
		if len(k) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("a trusted key has %d bytes, an ed25519 public key has %d", len(k), ed25519.PublicKeySize)
		}
	}
	if o.KeysNamed && len(o.TrustedKeys) == 0 {
		return nil, errors.New("the program trusts a list of keys that is empty, so nothing could be applied: name a key with WithTrustedKeys or TrustKey, or leave both out to accept patches without a signature")
	}
	if o.SignedBack && len(o.TrustedKeys) == 0 {
		return nil, errors.New("going back is to need a key, and the program names none: name one with WithTrustedKeys or TrustKey")
	}
	if why := moreRights(); why != "" && (len(o.TrustedKeys) == 0 || o.Dir == "") {
		return nil, fmt.Errorf("this program has more rights than its user, who could take them with a patch: %s: name a key that you trust (TrustKey) and the directory of the socket (WithSocketDir)", why)
	}
	patchDir := o.PatchDir
	if patchDir != "" {
		// The program may go to another directory later.
		abs, err := filepath.Abs(patchDir)
		if err != nil {
			return nil, err
		}
		patchDir = abs
	}
	dir, err := socketDir(o.Dir)
	if err != nil {
		return nil, err
	}
	listener, err := listen(dir)
	if err != nil {
		return nil, err
	}
	s := &server{
		patcher: p, listener: listener, logger: o.Logger, patchDir: patchDir,
		rules:   policy{approve: o.Approve, trusted: o.TrustedKeys, signedBack: o.SignedBack},
		started: time.Now(), stopped: make(chan struct{}), conns: make(map[*net.UnixConn]bool),
	}
	go s.accept()
	return s, nil
}

func (s *server) stop() error {
	err := s.listener.Close()
	<-s.stopped
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.Close()
	}
	s.conns = nil
	return err
}

// track enters a new connection, unless there are too many.
func (s *server) track(conn *net.UnixConn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil || len(s.conns) >= maxConnections {
		return false
	}
	s.conns[conn] = true
	return true
}

// uncount lets another connection come for one that is about to end.
func (s *server) uncount(conn *net.UnixConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

func (s *server) forget(conn *net.UnixConn) {
	s.mu.Lock()
	delete(s.conns, conn)
	s.mu.Unlock()
	conn.Close()
}
