package release_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gosplice/gosplice/internal/goobj"
)

func TestZZ(t *testing.T) {
	start := time.Now()
	set, _ := objectsOf(t, "/tmp/zz_go", "/tmp")
	fmt.Println("load", time.Since(start))
	start = time.Now()
	n, out, dw := 0, map[string]int{}, 0
	aux := 0
	for _, o := range set.Objects {
		for y := range set.Definitions(o) {
			d, size := len(set.Data(y)), int(set.Size(y))
			for _, r := range set.Relocs(y) {
				n++
				if set.Kind(y).IsDwarf() {
					dw++
				}
				if r.Off < 0 || r.Off+r.Size > d {
					out[fmt.Sprint("kind ", set.Kind(y), " type ", r.Type, " size ", r.Size, " data==0:", d == 0, " offneg ", r.Off < 0, " insize ", r.Off+r.Size <= size)]++
				}
			}
			for range set.Auxs(y) {
				aux++
			}
			if d > size {
				out[fmt.Sprint("data longer, kind ", set.Kind(y))]++
			}
		}
	}
	fmt.Println("walk", time.Since(start), n, dw, aux)
	for k, v := range out {
		fmt.Println(k, v)
	}
	_ = goobj.ABI0
}
