package main

// codeReturning is a function that returns n.
func codeReturning(n byte) []byte { return []byte{0xb8, n, 0, 0, 0, 0xc3} }
