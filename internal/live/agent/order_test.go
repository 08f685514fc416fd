package agent

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/wire/control"
	"github.com/gosplice/gosplice/internal/wire/patch"
)

// TestSignatureFirst: of a file that nobody who is trusted has signed nothing is read, and nothing that it says is told.
func TestSignatureFirst(t *testing.T) {
	p := newTestProcess(t)
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	p.rules.trusted = []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
	for name, d := range map[string]testPatch{
		"for this build":    {version: "1.1", functions: []string{"!A"}},
		"for another build": {version: "1.1", functions: []string{"!A"}, with: otherBuild},
	} {
		var entry control.Entry
		_, err := p.patcher.apply(d.file(t), peer{}, nil, control.SwitchOptions{}, p.rules, &entry)
		if problemOf(err).reason != control.ReasonUnsigned || entry.Version != "" || entry.ID == "" {
			t.Errorf("%s: %v, entry %+v", name, err, entry)
		}
	}
	// Signed, it is for another build before anything in it counts.
	d := testPatch{version: "1.1", functions: []string{"!A"}, key: key, with: otherBuild}
	if _, err := p.apply(d); problemOf(err).reason != control.ReasonWrongBase {
		t.Errorf("a signed one for another build: %v", err)
	}
	d.with = nil
	if _, err := p.apply(d); err != nil {
		t.Error(err)
	}
}

// signedProcess trusts a key.
func signedProcess(t *testing.T) (*testProcess, ed25519.PrivateKey) {
	p := newTestProcess(t)
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	p.rules.trusted = []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
	return p, key
}

// signedAt is a signed patch that was made at an hour.
func signedAt(hour string, key ed25519.PrivateKey) testPatch {
	return testPatch{version: hour, functions: []string{"!A"}, key: key, with: func(p *patch.Patch) { p.Made = "2026-03-01T" + hour + ":00:00Z" }}
}

// asked applies d as a request does.
func (p *testProcess) asked(d testPatch, req *control.Request) error {
	p.t.Helper()
	_, err := p.patcher.apply(d.file(p.t), peer{}, req, req.SwitchOptions, p.rules, &control.Entry{})
	return err
}

// TestOlder: a signed patch that was made before one that has run is refused, unless it is meant.
func TestOlder(t *testing.T) {
	p, key := signedProcess(t)
	p.mustApply(signedAt("10", key))
	p.mustApply(signedAt("12", key))
	for _, to := range []string{"", patch.ReleaseVersion} { // going back changes nothing of what has run
		err := p.asked(signedAt("11", key), &control.Request{})
		if problemOf(err).reason != control.ReasonOlder || !strings.Contains(err.Error(), "--older") || !strings.Contains(err.Error(), "12") {
			t.Errorf("an older one: %v", err)
		}
		p.mustRollback(to)
	}
	p.mustApply(signedAt("12", key)) // not older than itself
	older := &control.Request{SwitchOptions: control.SwitchOptions{Older: true}}
	if err := p.asked(signedAt("11", key), older); err != nil {
		t.Error(err)
	}
	if err := p.asked(signedAt("10", key), &control.Request{}); problemOf(err).reason != control.ReasonOlder {
		t.Errorf("older than what was older: %v", err)
	}

	// One that was not applied has not run, and where nobody signs there is no order.
	p, key = signedProcess(t)
	p.rules.approve = func(Request) error { return errors.New("no") }
	if err := p.asked(signedAt("12", key), &control.Request{}); problemOf(err).reason != control.ReasonNotApproved {
		t.Error(err)
	}
	p.rules.approve = nil
	p.mustApply(signedAt("11", key))
	p = newTestProcess(t)
	p.mustApply(signedAt("12", nil))
	p.mustApply(signedAt("11", nil))
}

// TestOlderInASecond: of two patches that were made in the same second, the one that ran before the other is older.
func TestOlderInASecond(t *testing.T) {
	p, key := signedProcess(t)
	p.rules.signedBack = true
	first, second := signedAt("12", key), signedAt("12", key)
	first.version, second.version = "first", "second"
	p.mustApply(first)
	p.mustApply(second)
	for range 2 {
		if err := p.asked(first, &control.Request{}); problemOf(err).reason != control.ReasonOlder {
			t.Errorf("the first: %v", err)
		}
		if err := p.asked(first, &control.Request{SwitchOptions: control.SwitchOptions{Older: true}}); problemOf(err).reason != control.ReasonKeyNeeded {
			t.Errorf("the first with --older: %v", err)
		}
		if err := p.asked(second, &control.Request{}); err != nil {
			t.Errorf("the second: %v", err)
		}
		p.mustRollback(patch.ReleaseVersion)
	}
}

// TestSignedRollback: where going back needs a key nobody goes back without, by no way, and a request that was signed is good
// once.
func TestSignedRollback(t *testing.T) {
	p, key := signedProcess(t)
	p.rules.signedBack = true
	foreign := ed25519.NewKeyFromSeed([]byte(strings.Repeat("x", 32)))
	p.mustApply(signedAt("10", key))
	p.mustApply(signedAt("12", key))
	back := func(req *control.Request) error {
		req.Verb = control.VerbRollback
		_, err := p.rollback(req.To, peer{}, req, req.SwitchOptions, p.rules, &control.Entry{})
		return err
	}
	signed := func(key ed25519.PrivateKey, to string) *control.Request {
		req := &control.Request{Verb: control.VerbRollback, To: to}
		req.Authorise(key, p.challenge)
		return req
	}
	other := signed(key, "")
	other.To = patch.ReleaseVersion
	damaged := signed(key, "")
	damaged.Authority.Signature = damaged.Authority.Signature[:10]
	borrowed := signed(foreign, "")
	borrowed.Authority.Key = key.Public().(ed25519.PublicKey)
	short := signed(key, "")
	short.Authority.Key = nil
	for what, req := range map[string]*control.Request{
		"unsigned": {}, "to the release": {To: patch.ReleaseVersion}, "of another key": signed(foreign, ""), "for another version": other,
		"cut": damaged, "of a foreign key under a trusted name": borrowed, "without a key": short,
	} {
		if err := back(req); problemOf(err).reason != control.ReasonKeyNeeded {
			t.Errorf("%s: %v", what, err)
		}
	}
	older := &control.Request{Verb: control.VerbApply, SwitchOptions: control.SwitchOptions{Older: true}}
	if err := p.asked(signedAt("11", key), older); problemOf(err).reason != control.ReasonKeyNeeded {
		t.Errorf("older, without a key: %v", err)
	}
	good := signed(key, "")
	if err := back(good); err != nil {
		t.Fatal(err)
	}
	if err := back(good); problemOf(err).reason != control.ReasonKeyNeeded {
		t.Errorf("the same request once more: %v", err)
	}
	// What is signed for one patch is not for another.
	older.Patch = signedAt("11", key).file(t)
	older.Authorise(key, p.challenge)
	wrong := *older
	wrong.Patch = signedAt("09", key).file(t)
	if err := p.asked(signedAt("09", key), &wrong); problemOf(err).reason != control.ReasonKeyNeeded {
		t.Errorf("signed for another patch: %v", err)
	}
	if err := p.asked(signedAt("11", key), older); err != nil {
		t.Error(err)
	}
	if got := p.stackLabels(); !slices.Equal(got, []string{"10", "11"}) {
		t.Errorf("stack %q", got)
	}
	if _, err := newServer(Options{Dir: shortDir(t), SignedBack: true}, nil); err == nil || !strings.Contains(err.Error(), "is to need a key") {
		t.Errorf("no key at all: %v", err)
	}
}

// TestLongMessages: what a file or a program says is bounded and one line wherever it is told.
func TestLongMessages(t *testing.T) {
	p := newTestProcess(t)
	s := &server{patcher: p.patcher}
	long := strings.Repeat("x\n\x1b[2J\u202e", 1<<16)
	s.note(control.Entry{Verb: control.VerbApply, Version: long, ID: long, Signer: long, Chain: long}, refused(long, "%s", long))
	e := p.journal.list()[0]
	for what, text := range map[string]string{"message": e.Message, "version": e.Version, "ID": e.ID, "signer": e.Signer, "chain": e.Chain, "reason": e.Reason} {
		if text == "" || len(text) > 3<<10 || strings.ContainsAny(text, "\n\x1b\u202e") {
			t.Errorf("%s has %d bytes: %.60q", what, len(text), text)
		}
	}
	resp := responseTo(refused(long, "%s", long))
	if len(resp.Message) > 3<<10 || strings.ContainsAny(resp.Message+resp.Reason, "\n\x1b\u202e") {
		t.Errorf("the answer has %d bytes: %.60q", len(resp.Message), resp.Message)
	}
}

// TestRefusalsKeepChanges: refusals do not push changes out of the journal.
func TestRefusalsKeepChanges(t *testing.T) {
	var j journal
	j.add(control.Entry{Verb: control.VerbApply, Code: control.Done, Version: "1.1"})
	j.add(control.Entry{Verb: control.VerbApply, Code: control.Failed, Version: "1.2"})
	for range 2 * journalSize {
		j.add(control.Entry{Verb: "connect", Code: control.Refused})
	}
	j.add(control.Entry{Verb: control.VerbRollback, Code: control.Done, Version: patch.ReleaseVersion})
	list := j.list()
	if len(list) != journalSize+3 || list[0].Version != "1.1" || list[1].Version != "1.2" || list[len(list)-1].Version != patch.ReleaseVersion {
		t.Errorf("%d entries, from %+v to %+v", len(list), list[0], list[len(list)-1])
	}
}
