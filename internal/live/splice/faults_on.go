//go:build splicefaults

package splice

// Test programs built with the tag splicefaults can break the protocol.
var (
	skipEntryCheck bool
	skipUnframed   bool
	failingSpan    = -1
)

// SkipEntryCheck makes switches ignore the goroutines in the way.
func SkipEntryCheck() { skipEntryCheck = true }

// SkipUnframed makes scans believe the frame pointers of generated code.
func SkipUnframed() { skipUnframed = true }

// FailWrite makes the write of the span with this index report failure after it was made.
func FailWrite(span int) { failingSpan = span }

func failWrite(span int) bool { return span == failingSpan }
