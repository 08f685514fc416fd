// Package jsonsize bounds the memory that JSON of others takes when it is decoded.
package jsonsize

import "fmt"

const (
	// leastMemory is what the values of JSON may take in any case, in bytes.
	leastMemory = 1 << 20
	// An object is a structure here, most of which have less than sizeOfObject bytes.
	sizeOfObject = 256
	sizeOfList   = 24
	sizeOfValue  = 16
)

// Check refuses text whose values would take far more memory than it has bytes, more than so many times as much: such as
// a list of a million empty objects. It does not look at whether the text is JSON.
func Check(text []byte, times int) error {
	most, size := leastMemory+times*len(text), 0
	before := byte(0) // the last byte that is not space
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		case '"':
			i = endOfString(text, i+1)
		case '{':
			size += sizeOfObject
		case '[':
			size += sizeOfList
		case ',':
			size += sizeOfValue
		case 'n':
			if before == '[' || before == ',' { // null in a list makes an empty structure
				size += sizeOfObject
			}
		}
		if size > most {
			return fmt.Errorf("%d bytes of JSON would take more than %d of memory", len(text), most)
		}
		before = c
	}
	return nil
}

// endOfString is the index of the quotation mark that ends the string which begins at i, or of the end of text.
func endOfString(text []byte, i int) int {
	for ; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}
