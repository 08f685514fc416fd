//go:build !foreign

package main

// startForeign starts calls into C; see foreign.go.
func startForeign() {}
