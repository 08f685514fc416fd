//go:build splicefaults

package splice

// Test programs built with the tag splicefaults can break the protocol.
var (
	skipEntryCheck bool
	failingSpan    = -1
)

// SkipEntryCheck makes switches ignore the goroutines in the way.
func SkipEntryCheck() { skipEntryCheck = true }

// FailWrite makes the write of the span with this index report failure after it was made.
func FailWrite(span int) { failingSpan = span }

func failWrite(span int) bool { return span == failingSpan }
