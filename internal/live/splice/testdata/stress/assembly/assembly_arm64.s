#include "textflag.h"
#include "funcdata.h"

// func Call(x int) int
TEXT ·Call(SB), 0, $24-16
	NO_LOCAL_POINTERS
	MOVD x+0(FP), R0
	MOVD R0, 8(RSP)
	CALL ·OldCalled(SB)
	MOVD 16(RSP), R0
	MOVD R0, ret+8(FP)
	RET

// func Old(x int) int
TEXT ·Old(SB), NOSPLIT, $0-16
	MOVD x+0(FP), R0
	ADD $1000000, R0, R0
	MOVD R0, ret+8(FP)
	RET

// func New(x int) int
TEXT ·New(SB), NOSPLIT, $0-16
	MOVD x+0(FP), R0
	ADD $2000000, R0, R0
	MOVD R0, ret+8(FP)
	RET
