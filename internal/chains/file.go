package chains

import "bytes"

// FileMagic ends every plugin file of a chain.
const FileMagic = "gsplchn\n"

// IsFile says whether content looks like a plugin of a chain, whole or not.
func IsFile(content []byte) bool { return bytes.HasSuffix(content, []byte(FileMagic)) }
