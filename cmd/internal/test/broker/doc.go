// Package broker patches the message server of examples/broker while clients talk to it, and compares what they see with
// what each version should do.
package broker
