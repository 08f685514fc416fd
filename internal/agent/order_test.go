package agent

import (
	"crypto/ed25519"
	"strings"
	"testing"

	"github.com/gosplice/gosplice/internal/control"
	"github.com/gosplice/gosplice/internal/patch"
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
		_, err := p.patcher.apply(d.file(t), peer{}, control.SwitchOptions{}, p.rules, &entry)
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
