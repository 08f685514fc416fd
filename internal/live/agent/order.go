package agent

import (
	"fmt"
	"os"
	"slices"

	"github.com/gosplice/gosplice/internal/wire/control"
)

// Signed patches have an order, the times at which they were made. A signature says that code is right for a program, not
// that it still is: an older patch may have the hole that a newer one closes.

// ordered is the newest of the signed patches that ran in this process: of those made in the same second, the one that ran last.
type ordered struct{ made, label, id string }

// inOrder reports a patch that was made before one that ran in this process. Where nobody signs there is no order. A
// request of nil is the program's own.
func (a *patcher) inOrder(v ordered, req *control.Request, rules policy) error {
	// RFC 3339 in UTC sorts as text. Of patches of the same second the one is older that has made room for another.
	if len(rules.trusted) == 0 || v.made > a.newest.made || v.made == a.newest.made && (v.id == a.newest.id || !a.hasRun(v.id)) {
		return nil
	}
	if req == nil || !req.Older {
		return refused(control.ReasonOlder, "patch %s was made at %s, before %s (%s), which this program has run: it may lack what that one mends; apply it with --older if you mean it", v.label, v.made, a.newest.label, a.newest.made)
	}
	return a.mayGoBack(req, rules, fmt.Sprintf("applying %s, which is older than %s,", v.label, a.newest.label))
}

// ran notes that a version runs.
func (a *patcher) ran(v ordered, rules policy) {
	if len(rules.trusted) > 0 && v.made >= a.newest.made {
		a.newest = v
	}
}

// hasRun reports whether the patch with an ID has been switched to.
func (a *patcher) hasRun(id string) bool {
	return slices.ContainsFunc(a.versions, func(v *version) bool { return v.id == id && !v.last.time.IsZero() })
}

// mayGoBack reports a request to go back that is not signed with a key, if the program wants that. Each challenge is good
// for one request.
func (a *patcher) mayGoBack(req *control.Request, rules policy, what string) error {
	if !rules.signedBack || req == nil {
		return nil
	}
	if req.Authority == nil {
		return refused(control.ReasonKeyNeeded, "%s needs a key that this program trusts (WithSignedRollback): ask with --key", what)
	}
	a.state.Lock()
	defer a.state.Unlock()
	if !req.AuthorisedBy(rules.trusted, a.challenge) {
		return refused(control.ReasonKeyNeeded, "%s needs a key that this program trusts, and the request is not signed with one, or for another moment: ask again with the right key", what)
	}
	a.challenge = control.NewChallenge(os.Getpid())
	return nil
}

// currentChallenge is what has to be signed with the next such request.
func (a *patcher) currentChallenge() string {
	a.state.Lock()
	defer a.state.Unlock()
	return a.challenge
}
