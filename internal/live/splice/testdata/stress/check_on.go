//go:build !splicefaults

package main

func breakCheck() { panic("build with the tag splicefaults") }
