//go:build plugins

package main

// link does nothing: all logic comes in plugins.
func link() error { return nil }
