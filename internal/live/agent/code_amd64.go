package agent

import "github.com/gosplice/gosplice/internal/wire/coderef"

// callCode reads and writes calls of this processor.
var callCode = coderef.AMD64
