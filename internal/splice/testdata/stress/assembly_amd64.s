#include "textflag.h"
#include "funcdata.h"

// func callFromAssembly(x int) int
TEXT ·callFromAssembly(SB), 0, $16-16
	NO_LOCAL_POINTERS
	MOVQ x+0(FP), AX
	MOVQ AX, 0(SP)
	CALL ·oldFromAssembly(SB)
	MOVQ 8(SP), AX
	MOVQ AX, ret+8(FP)
	RET

// func oldAssembly(x int) int
TEXT ·oldAssembly(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), AX
	ADDQ $1000000, AX
	MOVQ AX, ret+8(FP)
	RET

// func newAssembly(x int) int
TEXT ·newAssembly(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), AX
	ADDQ $2000000, AX
	MOVQ AX, ret+8(FP)
	RET
