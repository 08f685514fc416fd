package fleet

import (
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// How often a client that has nothing to say tells the broker that it is there. The broker drops
// those that it does not hear of, and a slow machine must not look like that.
const keepAlive = time.Minute

// leaveWithin bounds the farewell of a client, in milliseconds.
const leaveWithin = 250

// settings are those of all clients: 3.1.1, and a connection that is lost stays lost, so that
// nothing hides it.
func settings(addr, id string, problems *Problems) *mqtt.ClientOptions {
	return mqtt.NewClientOptions().
		AddBroker("tcp://" + addr).
		SetClientID(id).
		SetProtocolVersion(4).
		SetAutoReconnect(false).
		SetKeepAlive(keepAlive).
		SetPingTimeout(patience).
		SetConnectTimeout(patience).
		SetWriteTimeout(patience).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) {
			problems.add("%s was disconnected: %v", id, err)
		})
}

// connect connects a client.
func connect(o *mqtt.ClientOptions) (mqtt.Client, error) {
	c := mqtt.NewClient(o)
	return c, done(c.Connect(), "%s: connect", o.ClientID)
}

// done waits for an answer of the broker.
func done(t mqtt.Token, format string, args ...any) error {
	if !t.WaitTimeout(patience) {
		return fmt.Errorf(format+": no answer in %v", append(args, patience)...)
	}
	if err := t.Error(); err != nil {
		return fmt.Errorf(format+": %w", append(args, err)...)
	}
	return nil
}

// leave disconnects in good order.
func leave(c mqtt.Client) {
	if c != nil && c.IsConnected() {
		c.Disconnect(leaveWithin)
	}
}

// Guest connects a client and lets it leave again.
func (f *Fleet) Guest(name string) error {
	c, err := connect(settings(f.options.Addr, name, &f.Problems))
	leave(c)
	return err
}
