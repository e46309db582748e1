package tdstest

import (
	"cmp"
	"crypto/tls"
	"encoding/binary"
	"net"
)

// Encryption is what a server makes of TLS.
type Encryption int

// Encryptions.
const (
	NoTLS     Encryption = iota // it has none
	OffersTLS                   // encrypts the login at least, and everything for a client that wants it
	ForcesTLS                   // encrypts everything and lets nobody in without
	StrictTLS                   // TLS before everything else (TDS 8.0)
)

// What the two sides say of encryption in their first messages (MS-TDS 2.2.6.5).
const (
	encryptLogin    = 0
	encryptNothing  = 2
	encryptRequired = 3
)

// prelogin says: version 10.0, what becomes of encryption, no MARS; and then speaks TLS, where that was agreed on.
func (c *connection) prelogin(asked []byte) error {
	wants, says := wish(asked), byte(encryptNothing)
	switch c.server.options.Encryption {
	case OffersTLS:
		says = wants
	case ForcesTLS:
		says = encryptRequired
	}
	err := c.send(messageReply, answer{
		0, 0, 16, 0, 6,
		1, 0, 22, 0, 1,
		4, 0, 23, 0, 1,
		0xff,
		10, 0, 0, 1, 0, 0,
		says,
		0,
	})
	switch {
	case err != nil || says == encryptNothing:
		return err
	case wants == encryptNothing:
		return errNoPacket // the two do not come together
	}
	c.loginOnly = says == encryptLogin
	wrapped := &wrapping{Conn: c.raw}
	err = c.encrypt(wrapped)
	wrapped.over = true
	return err
}

// wish is the encryption that the client's first message asks for.
func wish(options []byte) byte {
	for i := 0; i+5 <= len(options) && options[i] != 0xff; i += 5 {
		if at := int(binary.BigEndian.Uint16(options[i+1:])); options[i] == 1 && at < len(options) {
			return options[at]
		}
	}
	return encryptNothing
}

// encrypt speaks TLS over a wire from now on, with one of the protocols. Only TDS 8 knows TLS 1.3.
func (c *connection) encrypt(over net.Conn, protocols ...string) error {
	config := c.server.options.TLS.Clone()
	if config.NextProtos = protocols; protocols == nil {
		config.MaxVersion = cmp.Or(config.MaxVersion, tls.VersionTLS12)
	}
	secured := tls.Server(over, config)
	c.conn = secured
	return secured.Handshake()
}

// wrapping carries the negotiation of TLS in packets, as TDS does up to version 7.4.
type wrapping struct {
	net.Conn
	rest []byte
	over bool
}

// Read gives what the client's packets hold.
func (w *wrapping) Read(b []byte) (int, error) {
	if w.over {
		return w.Conn.Read(b)
	}
	for len(w.rest) == 0 {
		var err error
		if _, w.rest, _, err = readPacket(w.Conn); err != nil {
			return 0, err
		}
	}
	n := copy(b, w.rest)
	w.rest = w.rest[n:]
	return n, nil
}

// Write wraps what the server says.
func (w *wrapping) Write(b []byte) (int, error) {
	if w.over {
		return w.Conn.Write(b)
	}
	return len(b), writePackets(w.Conn, messagePrelogin, b)
}
