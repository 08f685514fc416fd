//go:build !unix

package files

const Nonblocking = 0
