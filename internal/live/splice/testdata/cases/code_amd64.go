package main

// codeReturning is a function that returns n.
func codeReturning(n byte) []byte { return []byte{0xb8, n, 0, 0, 0, 0xc3} }

// codeCalling is a function that calls the one whose entry it is given, and has a frame of 8 bytes without a frame
// pointer; with how far the stack pointer is below.
func codeCalling() (code []byte, stack string) {
	return []byte{
		0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, // NOP
		0x48, 0x83, 0xec, 8, // SUBQ $8, SP
		0xff, 0xd0, // CALL AX
		0x48, 0x83, 0xc4, 8, // ADDQ $8, SP
		0xc3, // RET
	}, "\x02\x0c\x10\x06\x0f\x2e\x00"
}
