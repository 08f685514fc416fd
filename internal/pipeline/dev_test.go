package pipeline
import ("testing";"context";"os";"time"; "github.com/gosplice/gosplice/internal/release")
func TestDevRecord(t *testing.T){
 t0:=time.Now()
 s,err := MakeRecord(context.Background(), RecordOptions{Binary: os.Getenv("DEV_BIN"), Dir: os.Getenv("DEV_DIR"), Progress: func(s string,a,b int){ t.Log(time.Since(t0), s)}})
 t.Log(time.Since(t0))
 if err!=nil {t.Fatal(err)}
 t.Logf("%+v",s)
 t0=time.Now()
 r,err := release.Read(s.File)
 t.Log(time.Since(t0), err, len(r.Symbols), len(r.Content), len(r.Pruned), len(r.Live.IfaceMethods), len(r.Live.UsedInIface), r.Runtime.Func, r.Runtime.Var)
}
