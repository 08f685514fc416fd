package main

import (
	"bytes"

	"github.com/gosplice/gosplice/examples/arena/box"
	"github.com/gosplice/gosplice/examples/arena/item"
	"github.com/gosplice/gosplice/examples/arena/wire"
	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
	"subject/kinds"
)

func kindsOf(print func(...any)) { print(kinds.Touch(1), " ", kinds.Values()) }

func arena(print func(...any)) {
	for _, name := range []string{"sword", "bow", "wand", "spoon"} {
		w := item.NewWeapon(name)
		if w == nil {
			print("no ", name)
			continue
		}
		for armour := range 5 {
			damage, rule := w.Strike(armour * 3)
			print(w.Name(), " ", w.Power(), " ", damage, " ", rule)
		}
	}
	var s box.Stack[string]
	for _, v := range []string{"a", "b", "c"} {
		s.Push(v)
	}
	top, ok := s.Pop()
	print(top, ok, s.Len(), s.List())
	r := box.NewRing[int](4)
	for i := range 9 {
		r.Add(i * i)
	}
	print(r.Next(), r.Since(3, 10), r.Since(8, 1))
	var b bytes.Buffer
	c := wire.NewConn(&b)
	for i, op := range []string{wire.Join, wire.Attack} {
		print(wire.Write(c, wire.Request{Seq: int64(i), Op: op, Name: "anna", Armour: 7}), c.Flush(), b.String())
	}
	b.WriteString("no request\n")
	for range 4 {
		req, err := wire.Read[wire.Request](c)
		print(req, err, c.Waiting())
	}
}

func packetsOf(print func(...any)) {
	for _, pk := range []packets.Packet{
		{FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1}, TopicName: "a/b/c", PacketID: 7, Payload: []byte("hello")},
		{FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: true}, ProtocolVersion: 5, TopicName: "x", Payload: []byte("y"),
			Properties: packets.Properties{ContentType: "text", MessageExpiryInterval: 30, User: []packets.UserProperty{{Key: "k", Val: "v"}}}},
	} {
		var b bytes.Buffer
		err := pk.PublishEncode(&b)
		print(err, b.Bytes())
		if err != nil || b.Len() < 3 {
			continue
		}
		back := packets.Packet{FixedHeader: pk.FixedHeader, ProtocolVersion: pk.ProtocolVersion}
		err = back.PublishDecode(b.Bytes()[2:])
		print(err, back.TopicName, back.PacketID, string(back.Payload), back.Properties.ContentType, back.PublishValidate(10).Reason)
	}
	sub := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 9, ProtocolVersion: 4,
		Filters: packets.Subscriptions{{Filter: "a/+/c", Qos: 1}, {Filter: "#", Qos: 2}}}
	var b bytes.Buffer
	print(sub.SubscribeEncode(&b), b.Bytes(), sub.SubscribeValidate().Reason)
	merged := packets.Subscription{Filter: "a", Qos: 1}.Merge(packets.Subscription{Filter: "b", Qos: 2, Identifier: 3})
	print(merged.Qos, merged.Filter, merged.Identifiers)
	whole := sub.Copy(true)
	print(whole.PacketID, len(whole.Filters))
}

func topics(print func(...any)) {
	x := mqtt.NewTopicsIndex()
	for i, filter := range []string{"a/b", "a/+", "a/#", "$share/g/a/b", "+/+/c", "x"} {
		print(x.Subscribe(string(rune('A'+i)), packets.Subscription{Filter: filter, Qos: byte(i % 3)}))
	}
	for _, topic := range []string{"a/b", "a", "a/b/c", "x", "$SYS/x"} {
		subs := x.Subscribers(topic)
		print(topic, subs.Subscriptions, len(subs.Shared))
	}
	for _, topic := range []string{"a/b", "a/c", "q/r/s"} {
		print(x.RetainMessage(packets.Packet{FixedHeader: packets.FixedHeader{Retain: true}, TopicName: topic, Payload: []byte(topic)}))
	}
	print(len(x.Messages("a/+")), len(x.Messages("#")))
	print(x.Unsubscribe("a/+", "B"), x.Unsubscribe("nothing", "B"))
	for _, filter := range []string{"a/+/b", "a+", "#/a", "", "$share/g/x", "$share//x"} {
		print(filter, mqtt.IsValidFilter(filter, false), mqtt.IsSharedFilter(filter))
	}
}
