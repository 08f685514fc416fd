package httpstatus_test

import (
	"log"
	"net/http"

	"github.com/gosplice/gosplice"
	"github.com/gosplice/gosplice/httpstatus"
)

func ExampleHandler() {
	if err := gosplice.Start(); err != nil {
		log.Print(err)
	}
	// On an address that only operators and Prometheus reach.
	http.Handle("/debug/gosplice", httpstatus.Handler())
	log.Fatal(http.ListenAndServe("localhost:9090", nil))
}
