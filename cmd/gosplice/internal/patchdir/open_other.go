//go:build !unix

package patchdir

const nonblocking = 0
