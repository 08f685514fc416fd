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
	callers := map[string][]string{} // of what waits if what it calls does, by the name of that
	var next []string
	for _, f := range p.files {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			var called []string
			if p.waitsOr(fn.Body, newScope(p, fn.Recv, fn.Type), func(name string) { called = append(called, name) }) {
				next = append(next, fn.Name.Name)
				continue
			}
			for _, name := range called {
				callers[name] = append(callers[name], fn.Name.Name)
			}
		}
	}
	for ; len(next) > 0; next = next[1:] {
		if name := next[0]; !p.waiting[name] {
			p.waiting[name] = true
			next = append(next, callers[name]...)
		}
	}
}

// waits reports whether something in n may wait: it communicates, or calls what may.
func (p *pkg) waits(n ast.Node, s *scope) bool { return p.waitsOr(n, s, func(string) {}) }

// waitsOr is waits, and tells what else is called, by name, if nothing may.
func (p *pkg) waitsOr(n ast.Node, s *scope, called func(name string)) (found bool) {
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
				called(f.Name)
			case *ast.FuncLit:
				found = found || p.waitsOr(f.Body, s, called)
			case *ast.SelectorExpr:
				found = found || waitingNames[f.Sel.Name] || p.waiting[f.Sel.Name]
				called(f.Sel.Name)
			}
		}
		return !found
	})
	return found
}
