module github.com/edgegauge/edgegauge/edge/cmd/sysinfo-reporter

go 1.22

require (
	github.com/eclipse/paho.mqtt.golang v1.5.0
	github.com/edgegauge/edgegauge v0.0.0
)

require (
	github.com/gorilla/websocket v1.5.3 // indirect
	golang.org/x/net v0.27.0 // indirect
	golang.org/x/sync v0.7.0 // indirect
)

replace github.com/edgegauge/edgegauge => ../../..
