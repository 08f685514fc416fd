package splice

// walker follows the frames of stopped goroutines by frame pointers. All of it runs in a stopped
// world, so nothing here allocates.
//
// Frame pointers alone skip the caller of a function that was stopped while it had no frame of its
// own: in its prologue or epilogue, in a leaf function, or by a fault; or while it calls others without
// saving the frame pointer, as generated code may. The caller's PC then
// is one of the words between the stack pointer and the next frame pointer. Those words are looked
// at too, and taken for return addresses where they follow a call.
type walker struct {
	at      *layout
	preempt Range // body of runtime.asyncPreempt2
	goexit  Range // body of runtime.goexit, to which outermost functions return
	code    codeMap
	// see gets each PC, innermost first. exact says that execution goes on at pc; otherwise pc is
	// a return address, and the call before it belongs to the function.
	see func(pc uint64, exact bool)
}

const (
	// topRoom is the most that lies above the outermost frame: what newproc leaves, in bytes.
	topRoom = 128
	// frameLinkage is the size of the saved frame pointer and the return address.
	frameLinkage = 16
)

// live reports whether g is a goroutine with frames, and not the calling one.
func (w *walker) live(g uint64) bool {
	status := w.at.statusOf(g)
	if status == statusIdle || status == statusDead {
		return false
	}
	stack := w.at.stackOf(g)
	return stack.Lo != 0 && !stack.contains(stackAddress())
}

// resumePC returns where g goes on, if a signal stopped it in the middle of its code. ok is false
// when the stack can't be followed.
func (w *walker) resumePC(g uint64) (pc uint64, ok bool) {
	stack := w.at.stackOf(g)
	sp, pc := w.at.spOf(g), w.at.pcOf(g)
	if !stack.contains(sp) || !w.preempt.contains(pc) {
		return 0, false
	}
	pc, _, _, ok = interruptedFrame(w.at.bpOf(g), stack)
	return pc, ok && w.code.contains(pc)
}

// walk sees all frames of g. Where frame pointers do not lead to the top of the stack, as below a call
// from C, it sees every word of the rest as an exact PC. It returns false, with nothing seen, for
// a goroutine whose stack pointer makes no sense.
func (w *walker) walk(g uint64) bool {
	stack := w.at.stackOf(g)
	pc, sp, fp := w.at.pcOf(g), w.at.spOf(g), w.at.bpOf(g)
	if !stack.holds(sp, 0) {
		return false
	}
	w.see(pc, true)
	if link := w.at.linkOf(g); link != 0 {
		pc = link
		w.see(pc, !w.returnsTo(pc))
	}
	if w.at.asyncOf(g) != 0 && w.preempt.contains(pc) {
		var callerSP, callerFP uint64
		var ok bool
		if pc, callerSP, callerFP, ok = interruptedFrame(fp, stack); !ok {
			w.seeAll(Range{sp, stack.Hi})
			return true
		}
		w.see(pc, true)
		sp, fp = callerSP, callerFP
	}
	frameless := true // the innermost function may have no frame
	for fp != 0 {
		if fp+frameBelow < sp || fp%wordSize != 0 || !stack.holds(fp, frameLinkage) {
			w.seeAll(Range{sp, stack.Hi})
			return true
		}
		if frameless {
			w.seeReturns(Range{sp, fp})
		}
		pc = load64(fp + wordSize)
		exact := !w.returnsTo(pc) // a fault or a signal put it there
		w.see(pc, exact)
		frameless = exact || w.code.unframed(pc)
		sp, fp = fp+frameLinkage, load64(fp)
	}
	if linkRegister && w.goexit.contains(pc) {
		return true // what lies above is the frame of the outermost function
	}
	if linkRegister || stack.Hi-sp > topRoom {
		w.seeAll(Range{sp, stack.Hi})
		return true
	}
	w.seeReturns(Range{sp, stack.Hi})
	return true
}

// returnsTo reports whether pc follows a call.
func (w *walker) returnsTo(pc uint64) bool {
	return w.code.contains(pc) && w.code.contains(pc-8) && afterCall(pc, w.code.contains)
}

// seeReturns sees the words that follow a call.
func (w *walker) seeReturns(words Range) {
	for at := words.Lo &^ (wordSize - 1); at+wordSize <= words.Hi; at += wordSize {
		if pc := load64(at); w.returnsTo(pc) {
			w.see(pc, false)
		}
	}
}

// seeAll sees every word.
func (w *walker) seeAll(words Range) {
	for at := words.Lo &^ (wordSize - 1); at+wordSize <= words.Hi; at += wordSize {
		w.see(load64(at), true)
	}
}
