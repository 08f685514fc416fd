package loops

import (
	"go/ast"
	"go/token"
)

// waitingNames are the names of functions and methods, of any package, that usually wait: for the network, for input, for time
// or for other goroutines. A loop that calls one takes its time for a turn, so that a call more is of no account.
var waitingNames = map[string]bool{
	"Accept": true, "AcceptTCP": true, "AcceptUnix": true, "AcceptStream": true, "Acquire": true, "Consume": true, "Decode": true, "Dequeue": true, "Dial": true, "DialContext": true,
	"Do": true, "Fetch": true, "FetchMessage": true, "NextMsg": true, "NextReader": true, "Peek": true, "Poll": true, "PollFetches": true, "Pop": true, "Read": true,
	"ReadByte": true, "ReadBytes": true, "ReadFrom": true, "ReadFromUDP": true, "ReadFull": true, "ReadJSON": true, "ReadLine": true, "ReadMessage": true, "ReadMsg": true,
	"ReadPacket": true, "ReadRune": true, "ReadSlice": true, "ReadString": true, "Receive": true, "ReceiveMessage": true, "Recv": true, "RecvMsg": true, "Scan": true, "Scanln": true, "Serve": true,
	"Sleep": true, "Take": true, "Wait": true, "WaitForNotification": true,
}

// findWaiting finds the functions of the package that wait, or call those that do.
func (p *pkg) findWaiting() {
	for changed := true; changed; {
		changed = false
		for _, f := range p.files {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Body == nil || p.waiting[fn.Name.Name] {
					continue
				}
				if p.waits(fn.Body, newScope(p, fn.Recv, fn.Type)) {
					p.waiting[fn.Name.Name] = true
					changed = true
				}
			}
		}
	}
}

// waits reports whether something in n may wait: it communicates, or calls what may.
func (p *pkg) waits(n ast.Node, s *scope) (found bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.SendStmt, *ast.SelectStmt:
			found = true
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.RangeStmt:
			found = found || s.channel(n.X)
		case *ast.CallExpr:
			switch f := ast.Unparen(n.Fun).(type) {
			case *ast.Ident:
				found = found || p.waiting[f.Name]
			case *ast.FuncLit:
				found = found || p.waits(f.Body, s)
			case *ast.SelectorExpr:
				found = found || waitingNames[f.Sel.Name] || p.waiting[f.Sel.Name]
			}
		}
		return !found
	})
	return found
}
