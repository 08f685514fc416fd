package goobj

import "slices"

// FuncInfo is what the compiler tells of a function.
type FuncInfo struct {
	Args, Locals uint32 // bytes
	ID, Flag     uint8
	StartLine    int32
	Inline       []InlineNode
}

// InlineNode is one inlined call.
type InlineNode struct {
	Parent   int32
	File     uint32 // index into Object.Files
	Line     int32
	Func     Sym
	ParentPC int32
}

const (
	funcInfoHeader = 20
	inlineNodeSize = 24
)

// FuncInfo decodes the function information of y; ok is false when there is none.
func (s *Set) FuncInfo(y Sym) (fi FuncInfo, ok bool) {
	a := s.Aux(y, AuxFuncInfo)
	if a == 0 {
		return fi, false
	}
	b := s.Data(a)
	if len(b) < funcInfoHeader {
		return fi, false
	}
	fi = FuncInfo{Args: le.Uint32(b), Locals: le.Uint32(b[4:]), ID: b[8], Flag: b[9], StartLine: int32(le.Uint32(b[12:]))}
	o := s.Object(y)
	nodes := inlineNodes(b)
	fi.Inline = make([]InlineNode, 0, len(nodes)/inlineNodeSize)
	for b := range slices.Chunk(nodes, inlineNodeSize) {
		fi.Inline = append(fi.Inline, InlineNode{
			Parent:   int32(le.Uint32(b)),
			File:     le.Uint32(b[4:]),
			Line:     int32(le.Uint32(b[8:])),
			Func:     s.resolve(o, le.Uint32(b[12:]), le.Uint32(b[16:])),
			ParentPC: int32(le.Uint32(b[20:])),
		})
	}
	return fi, true
}

// inlineNodes are the records of the inlined calls in a function's information, one after the other.
func inlineNodes(b []byte) []byte {
	if len(b) < funcInfoHeader+4 {
		return nil
	}
	files := int(le.Uint32(b[16:]))
	if files < 0 || files > (len(b)-funcInfoHeader-4)/4 {
		return nil
	}
	b = b[funcInfoHeader+4*files:]
	n := int(le.Uint32(b))
	b = b[4:]
	if n < 0 || n > len(b)/inlineNodeSize {
		return nil
	}
	return b[:n*inlineNodeSize]
}
