package gosplice

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"testing"

	"github.com/gosplice/gosplice/internal/live/agent"
)

func TestOptions(t *testing.T) {
	var o options
	logger := slog.New(slog.DiscardHandler)
	one, two := make(ed25519.PublicKey, ed25519.PublicKeySize), bytes.Repeat([]byte{1}, ed25519.PublicKeySize)
	no := errors.New("no")
	var asked Request
	for _, set := range []Option{
		WithSocketDir("/run/app"), WithLogger(logger), WithTrustedKeys(one), WithTrustedKeys(two),
		WithApproval(func(r Request) error { asked = r; return no }),
	} {
		set(&o)
	}
	if o.Dir != "/run/app" || o.Logger != logger || len(o.TrustedKeys) != 2 {
		t.Errorf("options %+v", o)
	}
	if err := o.Approve(agent.Request{Action: agent.ActionRollback, Version: "1", ID: "ab", Signer: one, UID: 5, PID: 7}); err != no {
		t.Errorf("approval gives %v", err)
	}
	if !asked.Rollback || asked.Version != "1" || asked.ID != "ab" || !asked.Signer.Equal(one) || asked.UID != 5 || asked.PID != 7 {
		t.Errorf("asked %+v", asked)
	}
}
