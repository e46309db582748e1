package tdstest

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
)

// Types of messages (MS-TDS 2.2.3.1.1).
const (
	messageBatch     = 1
	messageReply     = 4
	messageAttention = 6
	messageLogin     = 16
	messageSSPI      = 17
	messagePrelogin  = 18
)

const (
	packetHeader = 8
	// packetSize is that of what the server sends: the smallest there is, so that values lie across its borders.
	packetSize = 512
	// longestMessage is more than the longest batch of the source, in bytes.
	longestMessage = 16 << 20
)

// connection is one client.
type connection struct {
	server    *Server
	raw       net.Conn
	conn      net.Conn // raw, or TLS over it
	loginOnly bool     // TLS ends with the next packet
	loggedIn  bool
	dead      bool // says nothing any more
}

// serve answers messages until the client goes, or speaks otherwise than a client does.
func (c *connection) serve() {
	if c.server.options.Encryption == StrictTLS && c.encrypt(c.raw, "tds/8.0") != nil {
		return
	}
	for {
		kind, body, err := c.receive()
		if err != nil {
			return
		}
		var reply answer
		last := false // the connection ends with this reply
		switch {
		case kind == messagePrelogin:
			last = c.prelogin(body) != nil
		case kind == messageLogin:
			reply, last = c.login(body)
		case kind == messageSSPI:
			reply, last = c.windows(body)
		case kind == messageBatch && c.loggedIn:
			reply, last = c.batch(body)
		case kind == messageAttention && c.loggedIn:
			reply.done(doneAttn, 0)
		default:
			return
		}
		if c.dead {
			continue
		}
		if len(reply) > 0 {
			err = c.send(messageReply, reply)
		}
		if last || err != nil {
			return
		}
	}
}

// receive reads one message, in however many packets.
func (c *connection) receive() (kind byte, body []byte, err error) {
	for {
		kind, part, end, err := readPacket(c.conn)
		if err != nil || len(body)+len(part) > longestMessage {
			return 0, nil, cmp.Or(err, errNoPacket)
		}
		if c.loginOnly {
			c.loginOnly, c.conn = false, c.raw
		}
		if body = append(body, part...); end {
			return kind, body, nil
		}
	}
}

var errNoPacket = errors.New("no packet of a client")

func readPacket(r io.Reader) (kind byte, body []byte, end bool, err error) {
	var head [packetHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, false, err
	}
	length := int(binary.BigEndian.Uint16(head[2:])) - packetHeader
	if length < 0 || head[0] > messagePrelogin {
		return 0, nil, false, errNoPacket
	}
	body = make([]byte, length)
	_, err = io.ReadFull(r, body)
	return head[0], body, head[1]&1 != 0, err
}

// send writes a message in packets.
func (c *connection) send(kind byte, reply answer) error { return writePackets(c.conn, kind, reply) }

func writePackets(w io.Writer, kind byte, body []byte) error {
	var out []byte
	for number := byte(1); len(body) > 0; number++ {
		part := body[:min(len(body), packetSize-packetHeader)]
		body = body[len(part):]
		end := byte(0)
		if len(body) == 0 {
			end = 1
		}
		out = append(out, kind, end)
		out = binary.BigEndian.AppendUint16(out, uint16(packetHeader+len(part)))
		out = append(out, 0, 0, number, 0)
		out = append(out, part...)
	}
	_, err := w.Write(out)
	return err
}

// login checks who is there.
func (c *connection) login(body []byte) (reply answer, last bool) {
	user, password, database := fromUCS2(field(body, 40, 2)), loginPassword(body), fromUCS2(field(body, 68, 2))
	isWindows := len(body) > 25 && body[25]&0x80 != 0
	c.server.mu.Lock()
	fault := c.server.faults[Login]
	c.server.mu.Unlock()
	switch {
	case fault == Hang || fault == Dead:
		c.dead = true
		return nil, false
	case fault == Close:
		return nil, true
	case fault != None:
		return failure(int32(fault), "the test refuses the login"), true
	case !isWindows && (user != User || password != Password):
		return failure(18456, "no such user, or another password"), true
	case database != "" && database != Database:
		return failure(4060, "no database "+database), true
	case isWindows:
		return c.windows(field(body, 78, 1))
	}
	return c.welcome(), false
}

// windows goes on with the login of a Windows account.
func (c *connection) windows(token []byte) (reply answer, last bool) {
	var challenge []byte
	ok := false
	if c.server.options.SSPI != nil {
		challenge, ok = c.server.options.SSPI(token)
	}
	switch {
	case len(challenge) > 0:
		reply.sized(tokenSSPI, challenge)
		return reply, false
	case ok:
		return c.welcome(), false
	}
	return failure(18452, "no such Windows account, or another password"), true
}

// welcome lets the client in.
func (c *connection) welcome() answer {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.loggedIn = true
	c.server.logins++
	return welcome(c.server.options.Encryption == StrictTLS)
}

// field is a value of the LOGIN7 message, whose offset in bytes and length in units of that size stand at a place of
// its head.
func field(body []byte, at, unit int) []byte {
	if len(body) < at+4 {
		return nil
	}
	from := int(binary.LittleEndian.Uint16(body[at:]))
	to := from + unit*int(binary.LittleEndian.Uint16(body[at+2:]))
	if to > len(body) {
		return nil
	}
	return body[from:to]
}

// loginPassword takes back what keeps a password from being read at a glance.
func loginPassword(body []byte) string {
	var plain []byte
	for _, b := range field(body, 44, 2) {
		b ^= 0xa5
		plain = append(plain, b<<4|b>>4)
	}
	return fromUCS2(plain)
}

// batch answers a batch. A fault that is an error comes when half of the answer is written, as an error that a server
// meets while it reads rows.
func (c *connection) batch(body []byte) (reply answer, last bool) {
	text := batchText(body)
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, text)
	name, statements := Name(text), selects(text)
	if name == "" {
		return failure(misuse, "the test server does not know this batch: "+text), false
	}
	fault := s.faults[name]
	switch fault {
	case Hang:
		return nil, false
	case Dead:
		c.dead = true
		return nil, false
	}
	for i, statement := range statements {
		table, err := s.tables.query(statement)
		if err == nil && fault > 0 && i == len(statements)/2 {
			table = &Table{Columns: table.Columns, Rows: table.Rows[:(len(table.Rows)+1)/2]}
			err = refusal{int32(fault), fmt.Sprintf("the test fails the %s batch", name)}
		}
		if table != nil {
			err = cmp.Or(reply.rows(table), err)
		}
		if err != nil {
			return append(reply, refused(err)...), false
		}
		status := uint16(doneCount | doneMore)
		if i == len(statements)-1 {
			status = doneCount
		}
		reply.done(status, len(table.Rows))
	}
	if fault == Close {
		return reply[:len(reply)/2], true
	}
	return reply, false
}

// batchText is the batch behind the headers, which begin with their length.
func batchText(body []byte) string {
	if len(body) >= 4 {
		body = body[min(len(body), int(binary.LittleEndian.Uint32(body))):]
	}
	return fromUCS2(body)
}

// refused is the end of an answer with this error.
func refused(err error) answer {
	number := int32(misuse)
	if r, ok := errors.AsType[refusal](err); ok {
		number = r.number
	}
	return failure(number, err.Error())
}

// Name is the name in a batch's leading comment: "read" of "/* jobmon-db read */"; "" when there is none.
func Name(batch string) string {
	rest, ok := strings.CutPrefix(batch, "/* jobmon-db ")
	name, _, closed := strings.Cut(rest, " */\n")
	if !ok || !closed {
		return ""
	}
	return name
}

// selects are the statements of a batch without the settings at its beginning.
func selects(batch string) []string {
	_, rest, _ := strings.Cut(batch, "*/\n")
	all := strings.Split(strings.TrimSuffix(rest, ";\n"), ";\n")
	return slices.DeleteFunc(all, func(s string) bool { return strings.HasPrefix(s, "SET ") })
}
