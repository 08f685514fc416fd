#include "textflag.h"

// CTR_EL0 holds the sizes of cache lines, as powers of two of words of 4 bytes: bits 16 to 19 for data,
// 0 to 3 for instructions.

// func syncInstructions(addr, size uint64)
TEXT ·syncInstructions(SB), NOSPLIT, $0-16
	MOVD	addr+0(FP), R0
	MOVD	size+8(FP), R1
	CBZ	R1, done
	ADD	R0, R1, R1
	MRS	CTR_EL0, R2
	MOVD	$4, R4

	UBFX	$16, R2, $4, R3
	LSL	R3, R4, R3
	SUB	$1, R3, R5
	BIC	R5, R0, R6
data:
	DC	CVAU, R6
	ADD	R3, R6, R6
	CMP	R1, R6
	BLO	data
	DSB	$11 // inner shareable

	AND	$15, R2, R3
	LSL	R3, R4, R3
	SUB	$1, R3, R5
	BIC	R5, R0, R6
instructions:
	WORD	$0xd50b7526 // IC IVAU, R6
	ADD	R3, R6, R6
	CMP	R1, R6
	BLO	instructions
	DSB	$11
	ISB	$15
done:
	RET
