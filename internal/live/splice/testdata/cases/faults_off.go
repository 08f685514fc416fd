//go:build !splicefaults

package main

func failWrite(span int) { skip("built without the tag splicefaults") }

func skipUnframed() bool { return false }
