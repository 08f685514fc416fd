package splice

var changedCases = []struct{ code, says string }{
	{"\xcc", "(a breakpoint"},
	{"\x01\x02\xcc", "(a breakpoint"},
	{"\xe9\x10\x20\x30\x40", "(a jump"},
	{"\x48\xba\x10\x20\x30\x40\x50\x60\x70\x80\xff\x22", "(a jump"},         // gomonkey: MOVQ $f, DX; JMP (DX)
	{"\x49\xbb\x10\x20\x30\x40\x50\x60\x70\x80\x41\xff\xe3", "(a jump"},     // MOVQ $f, R11; JMP R11
	{"\xff\x25\x00\x00\x00\x00\x10\x20\x30\x40\x50\x60\x70\x80", "(a jump"}, // JMP *0(IP)
	{"\x68\x10\x20\x30\x40\xc3", "(a jump"},                                 // PUSHQ $f; RET
	{"\x90", "(90 02 03 04 05 06 07 08 instead of 01 02 03 04 05 06 07 08, by "},
	{"\x48\xba\x10\x20\x30\x40\x50\x60\x70\x80\x90\x90", "instead of"},
}
