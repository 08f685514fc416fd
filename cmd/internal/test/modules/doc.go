// Package modules tests what people get who import gosplice, or install its command: from tags, without a checkout.
package modules
