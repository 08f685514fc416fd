package control

import (
	"crypto/ed25519"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestChallengeOfAnotherProcess: a program passes on the challenge of another one, to which it would pass on the signature.
func TestChallengeOfAnotherProcess(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	trusted := []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
	me := os.Getpid()
	own, other := NewChallenge(me), NewChallenge(me+1)
	namespace := namespaceOf("self")
	if namespace == "" {
		t.Skip("the system has no namespaces of process IDs")
	}
	elsewhere := strings.Replace(own, namespace, "pid:[1]", 1) // of a process with this ID in another container
	for _, c := range []struct {
		challenge string
		signs     bool
	}{{own, true}, {other, false}, {strings.TrimPrefix(own, strconv.Itoa(me)), false}, {"1" + own, false}, {elsewhere, false}} {
		asked := make(chan *Request, 2)
		socket := serve(t, socketDir(t), me, func(conn net.Conn) {
			for {
				req, err := ReadRequest(conn)
				if err != nil {
					return
				}
				resp := &Response{Code: Done, Hello: &Hello{PID: me, Challenge: c.challenge}}
				if req.Verb != VerbHello {
					asked <- req
					resp = &Response{Code: Done, Switched: &Switched{}}
				}
				WriteResponse(conn, resp)
			}
		})
		client, err := Dial(t.Context(), socket)
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		client.SignWith(key)
		_, err = client.Rollback(t.Context(), "", SwitchOptions{})
		switch {
		case c.signs && (err != nil || !(<-asked).AuthorisedBy(trusted, own)):
			t.Errorf("its own challenge is not signed: %v", err)
		case !c.signs && (err == nil || !strings.Contains(err.Error(), "nothing was signed") || len(asked) > 0):
			t.Errorf("%q: %v, and %d requests", c.challenge, err, len(asked))
		}
	}
}
