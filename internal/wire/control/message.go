// Package control is how the command talks to the agent in a running program: messages over a
// Unix socket, where those sockets are, and a client. It does not know what a message makes the
// runtime do.
//
// A connection carries any number of requests, each answered by one response before the next is
// read. Durations are nanoseconds in JSON, times are RFC 3339.
package control

import (
	"time"

	"github.com/gosplice/gosplice/internal/wire/patch"
)

// Protocol is the version of the messages. An agent refuses requests of another version.
const Protocol = 1

// Verb says what a request asks for.
type Verb string

const (
	VerbHello    Verb = "hello"    // who are you: answered at once, without stopping anything
	VerbStatus   Verb = "status"   // what is applied; looks at all goroutines, so stops them for a moment
	VerbApply    Verb = "apply"    // apply Request.Patch
	VerbRollback Verb = "rollback" // go back to version Request.To
	VerbJournal  Verb = "journal"  // what was asked so far, and what came of it
)

// Request is one message from the command.
type Request struct {
	Protocol int
	Verb     Verb
	// Patch is the patch file, for apply. It travels behind the JSON.
	Patch []byte `json:"-"`
	// To is the version to go back to, for rollback: a version label, patch.ReleaseVersion, an ID
	// or the first 8 or more digits of one. Empty is the version before the current one.
	To string `json:",omitempty"`
	// Chain is the chain to roll back. Empty means the patches, or the only chain of a program
	// without patches.
	Chain string `json:",omitempty"`
	// Authority is that of a key, where the program wants one.
	Authority *Authority `json:",omitempty"`
	SwitchOptions
}

// SwitchOptions are the wishes for apply and rollback. The zero value is the usual behaviour.
type SwitchOptions struct {
	// Quiesce, if not 0, asks to switch only at an instant when no goroutine is inside a function
	// that is replaced, and to wait that long for it.
	Quiesce time.Duration `json:",omitempty"`
	// Wait, if not 0, is how long a switch waits for goroutines that have to leave old code before it is safe. The
	// usual time is some seconds.
	Wait time.Duration `json:",omitempty"`
	// InitTimeout bounds each initialiser and hook; 0 is 30 s.
	InitTimeout time.Duration `json:",omitempty"`
	// Older says that a signed patch may be applied that was made before one that has run.
	Older bool `json:",omitempty"`
}

// Code is how a request ended.
type Code string

const (
	Done    Code = "done"
	Failed  Code = "failed"  // tried and not achieved; the program is as before
	Usage   Code = "usage"   // the request makes no sense
	Refused Code = "refused" // possible to ask, but not safe or not allowed here
)

// Exit is the exit code of a command whose request ended with c.
func (c Code) Exit() int {
	switch c {
	case Done:
		return 0
	case Usage:
		return 2
	case Refused:
		return 3
	}
	return 1
}

// Reasons of refusals and failures: stable words for programs, where Message is for people.
const (
	ReasonProtocol     = "protocol"      // request of another protocol, or not a request
	ReasonMalformed    = "malformed"     // the patch file is damaged or contradicts itself
	ReasonWrongBase    = "wrong-base"    // made for another build of the program
	ReasonToolchain    = "toolchain"     // made for another Go release or platform
	ReasonTextDiffers  = "text-differs"  // the program's code in memory is not what it was made for
	ReasonUnsigned     = "unsigned"      // the program asks for a signature that is not there
	ReasonForeignKey   = "foreign-key"   // signed, but not by a key that the program trusts
	ReasonOlder        = "older"         // signed, but made before a patch that has run
	ReasonKeyNeeded    = "key-needed"    // going back needs a key in this program
	ReasonNotApproved  = "not-approved"  // the program's own approval function said no
	ReasonInProgress   = "in-progress"   // another apply or rollback is under way
	ReasonTypeChanged  = "type-changed"  // a type or variable differs from the one an earlier patch made
	ReasonInit         = "init"          // an initialiser failed
	ReasonHook         = "hook"          // a hook of the patch failed
	ReasonRuntime      = "runtime"       // the runtime of the program can't be patched here
	ReasonMemory       = "memory"        // no memory near the program's code, or none at all
	ReasonBusy         = "busy"          // a goroutine stayed where the code has to be written
	ReasonNoVersion    = "no-version"    // no such version, or nothing to roll back
	ReasonConnections  = "connections"   // too many connections are open
	ReasonNotPermitted = "not-permitted" // the asking user is neither the program's nor root
)

// Response is the answer to one request.
type Response struct {
	Protocol int
	Code     Code
	// Reason is one of the Reason constants when Code is not Done.
	Reason string `json:",omitempty"`
	// Message is one line for people: what happened, to what, and what to do next.
	Message string `json:",omitempty"`
	// Detail is more for those who look closer, in lines, such as the stack of a panic.
	Detail string `json:",omitempty"`
	// Inside are the goroutines because of which a quiescent switch was given up.
	Inside []OldCode `json:",omitempty"`

	Hello    *Hello    `json:",omitempty"`
	Status   *Status   `json:",omitempty"`
	Switched *Switched `json:",omitempty"` // of apply and rollback
	Journal  []Entry   `json:",omitempty"` // oldest first
}

// Hello says which program answers.
type Hello struct {
	PID, UID  int
	Program   string // path of the executable
	Main      string // import path of the main package
	BuildID   string
	GoVersion string
	GOOS      string
	GOARCH    string
	// Version is what runs now: a version label or patch.ReleaseVersion.
	Version string
	// Chains are the current versions of the program's chains, empty for a chain without one.
	Chains map[string]string `json:",omitempty"`
	// Started is when the program called gosplice.Start.
	Started time.Time
	// Challenge is what is to be signed with a request that needs a key, see Authority; empty where none
	// does.
	Challenge string `json:",omitempty"`
	// PatchDir is the directory of which the program applies the newest patch when it starts, if any.
	PatchDir string `json:",omitempty"`
	// AfterRestart is the version that it would then have. Empty means patch.ReleaseVersion, as with
	// agents that have no patch directories.
	AfterRestart string `json:",omitempty"`
}

// PatchSuffix ends the names of patch files.
const PatchSuffix = ".gsp"

// Status is what is applied in a program.
type Status struct {
	Hello
	// WriteMode says by which means code is written, once a patch was applied.
	WriteMode string `json:",omitempty"`
	// InProgress says what is under way, such as "apply 1.4.2"; OldCode is then left out.
	InProgress string `json:",omitempty"`
	// Patches are the patches that were applied, in the order of their first time.
	Patches []Applied
	// Stack are the versions that rollback goes through, the current one last; empty in the release.
	Stack []string
	// Redirected are the functions of the release that calls leave for a patch now.
	Redirected []Function
	// OldCode are the functions of other versions that goroutines are still in. When they could
	// not be counted OldCodeError says why.
	OldCode      []OldCode
	OldCodeError string `json:",omitempty"`
	// Memory is what all loaded images take, in bytes, those of failed tries included.
	Memory uint64
	// Signed says that only signed patches are accepted.
	Signed bool
	// Chains are the chains of the program, by name.
	Chains []Chain `json:",omitempty"`
}

// Chain is a chain of plugins in a program.
type Chain struct {
	Name     string
	Versions []ChainVersion // in the order of loading
	// Stack are the versions that rollback goes through, the current one last.
	Stack    []string
	Plugins  int    // in the process, those that never became a version included
	Max      int    // that may be
	Memory   uint64 // of all of them, bytes
	Poisoned string `json:",omitempty"` // why no further one can be loaded
}

// ChainVersion is one version of a chain.
type ChainVersion struct {
	Version string
	ID      string // SHA-256 of the file, empty if it is linked in
	Linked  bool   `json:",omitempty"`
	Current bool
	Time    time.Time // of loading
	Memory  uint64    // bytes
	Signer  string    `json:",omitempty"` // ed25519 public key, hexadecimal
	// Goroutines are those with a function of this version in the 32 innermost frames of their stacks.
	Goroutines int
}

// Applied is one patch in the process.
type Applied struct {
	ID      string // SHA-256 of the file
	Version string
	Made    string
	Current bool
	// Time, UID and PID are of the latest time that it was applied or rolled back to.
	Time     time.Time
	UID, PID int
	Pause    time.Duration // for which the program stood still then
	FileSize int           // bytes
	// Images is how many times it is in memory: code that runs before a switch may need an image of its own for
	// each. Memory is that of all of them, in bytes.
	Images  int
	Memory  uint64
	Signer  string `json:",omitempty"` // ed25519 public key, hexadecimal
	Changes []patch.Change
}

// Function is a function and where it is declared.
type Function struct {
	Name string
	File string
	Line int
}

// OldCode counts goroutines in one function that is not the current version's.
type OldCode struct {
	Function string
	// Version is whose body they run: a version label or patch.ReleaseVersion.
	Version    string
	Goroutines int
	// IDs are the numbers of the first of them, as in stack traces.
	IDs []uint64 `json:",omitempty"`
	// Endless says that no way leads out of the function from where they are: they stay until they panic or
	// the program ends.
	Endless bool `json:",omitempty"`
	// Stack is the stack of one of them, innermost first.
	Stack []Function
}

// Goroutines counts the goroutines of a list, each once also if it is in several functions, as far as their numbers are
// known.
func Goroutines(list []OldCode) int {
	n, seen := 0, map[uint64]bool{}
	for _, o := range list {
		n += o.Goroutines - len(o.IDs)
		for _, id := range o.IDs {
			if !seen[id] {
				seen[id] = true
				n++
			}
		}
	}
	return n
}

// Switched is what an apply or a rollback did.
type Switched struct {
	// Message says it in one line.
	Message string
	// From and To are versions, ID is the patch of To or empty.
	From, To, ID string
	// Chain is the chain whose versions they are, or empty for patches. A chain switches by one
	// store: it has no pause, and counts no functions.
	Chain string `json:",omitempty"`
	// Already says that To was current before: nothing was done.
	Already bool
	// Functions is the number of functions of the program that run other code than before.
	Functions int
	// Inits are the initialisers that ran.
	Inits []string
	// Resets are the variables that got their initial value, or the value from before it again.
	Resets []string `json:",omitempty"`
	// Hooks are the hooks that ran.
	Hooks []string `json:",omitempty"`
	// Warnings say what is otherwise than the plan could know, and what went wrong after the switch, which it did
	// not stop.
	Warnings []string `json:",omitempty"`
	// Reused and Created count the variables and types shared with earlier patches, and new ones.
	Reused, Created int
	Memory          uint64        // newly taken, bytes
	Pause           time.Duration // for which the program stood still
	Scan            time.Duration // part of Pause for looking at goroutines
	Attempts        int           // stops of the world that it took
	// OldCode are the goroutines still in code of other versions, just after the switch. When they
	// could not be counted OldCodeError says why.
	OldCode      []OldCode
	OldCodeError string `json:",omitempty"`
}

// Entry is one line of the journal.
type Entry struct {
	Time     time.Time
	UID, PID int    // who asked
	Verb     Verb   // what
	ID       string `json:",omitempty"` // patch, if known
	Version  string `json:",omitempty"`
	Signer   string `json:",omitempty"` // ed25519 public key, hexadecimal; of what was applied
	Code     Code
	Reason   string `json:",omitempty"`
	Message  string
	Pause    time.Duration
	Chain    string        `json:",omitempty"` // whose version it is
	Took     time.Duration // from the whole request read to the answer
}
