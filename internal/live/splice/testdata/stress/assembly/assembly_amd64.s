#include "textflag.h"
#include "funcdata.h"

// func Call(x int) int
TEXT ·Call(SB), 0, $16-16
	NO_LOCAL_POINTERS
	MOVQ x+0(FP), AX
	MOVQ AX, 0(SP)
	CALL ·OldCalled(SB)
	MOVQ 8(SP), AX
	MOVQ AX, ret+8(FP)
	RET

// func Old(x int) int
TEXT ·Old(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), AX
	ADDQ $1000000, AX
	MOVQ AX, ret+8(FP)
	RET

// func New(x int) int
TEXT ·New(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), AX
	ADDQ $2000000, AX
	MOVQ AX, ret+8(FP)
	RET
