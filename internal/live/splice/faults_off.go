//go:build !splicefaults

package splice

// The seams by which test programs break the protocol (faults_on.go) are closed.
const (
	skipEntryCheck = false
	skipUnframed   = false
)

func failWrite(span int) bool { return false }
