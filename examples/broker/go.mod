module github.com/gosplice/gosplice/examples/broker

go 1.25

require (
	github.com/gosplice/gosplice v0.0.0
	github.com/mochi-mqtt/server/v2 v2.7.9
)

require (
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/rs/xid v1.4.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
