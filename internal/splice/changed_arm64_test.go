package splice

var changedCases = []struct{ code, says string }{
	{"\x00\x00\x20\xd4", "(a breakpoint"},
	{"\xa0\x00\x20\xd4", "(a breakpoint"}, // of a uprobe
	{"\x10\x00\x00\x14", "(a jump"},
	{"\x50\x00\x00\x58\x00\x02\x1f\xd6", "(a jump"}, // LDR 8(PC), R16; BR R16
	{"\x1f\x20\x03\xd5", "instead of"},
}
