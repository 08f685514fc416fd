package control

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Authority shows that who has a key asks for a change. It is good for one request to one process: what is signed holds the
// challenge that the program tells (Hello.Challenge), and that is another one afterwards.
type Authority struct {
	Key       []byte // ed25519 public key
	Signature []byte
}

// Authorise signs what r asks for, with a program's challenge.
func (r *Request) Authorise(key ed25519.PrivateKey, challenge string) {
	r.Authority = &Authority{key.Public().(ed25519.PublicKey), ed25519.Sign(key, r.signed(challenge))}
}

// AuthorisedBy reports whether the authority is that of one of the keys, for this request.
func (r *Request) AuthorisedBy(keys []ed25519.PublicKey, challenge string) bool {
	a := r.Authority
	return a != nil && slices.ContainsFunc(keys, func(k ed25519.PublicKey) bool {
		return k.Equal(ed25519.PublicKey(a.Key)) && ed25519.Verify(k, r.signed(challenge), a.Signature)
	})
}

// signed is what is signed. It can be taken for nothing else that is.
func (r *Request) signed(challenge string) []byte {
	return fmt.Appendf(nil, "gosplice request\x00%q %q %q %q %x", challenge, r.Verb, r.Chain, r.To, sha256.Sum256(r.Patch))
}

// NewChallenge is a challenge of this process, whose ID is pid. It has the ID and the namespace of IDs, so that another process,
// such as one with the same ID in another container, can't pass it on as its own to who signs, and the signature on to this one.
func NewChallenge(pid int) string {
	return challengeOf(pid) + namespaceOf("self") + " " + rand.Text()
}

func challengeOf(pid int) string { return strconv.Itoa(pid) + " " }

// namespaceOf is the namespace of process IDs that a process is in, or "" if that is not known.
func namespaceOf(process string) string {
	namespace, _ := os.Readlink("/proc/" + process + "/ns/pid")
	return namespace
}

// SignWith makes the client sign requests for changes with a key, for programs that want that.
func (c *Client) SignWith(key ed25519.PrivateKey) { c.key = key }

// authorise signs req if there is a key and the program wants that.
func (c *Client) authorise(ctx context.Context, req *Request) error {
	if c.key == nil {
		return nil
	}
	hello, err := c.Hello(ctx)
	if err != nil || hello.Challenge == "" {
		return err
	}
	its := challengeOf(hello.PID)
	if namespace := namespaceOf(strconv.Itoa(c.who.PID)); c.who.PID != 0 && namespace != "" {
		its += namespace + " "
	}
	if !strings.HasPrefix(hello.Challenge, its) {
		return fmt.Errorf("the program at %s asks for a signature that is not for process %d there: nothing was signed", c.socket, hello.PID)
	}
	req.Authorise(c.key, hello.Challenge)
	return nil
}
