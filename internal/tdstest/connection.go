package tdstest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Types of messages (MS-TDS 2.2.3.1.1).
const (
	messageBatch     = 1
	messageReply     = 4
	messageAttention = 6
	messageLogin     = 16
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
	server   *Server
	conn     net.Conn
	loggedIn bool
	dead     bool // says nothing any more
}

// serve answers messages until the client goes, or speaks otherwise than a client does.
func (c *connection) serve() {
	for {
		kind, body, err := c.receive()
		if err != nil {
			return
		}
		var reply answer
		last := false // the connection ends with this reply
		switch {
		case kind == messagePrelogin:
			reply = prelogin()
		case kind == messageLogin:
			reply, last = c.login(body)
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
			err = c.send(reply)
		}
		if last || err != nil {
			return
		}
	}
}

// receive reads one message, in however many packets.
func (c *connection) receive() (kind byte, body []byte, err error) {
	for {
		var head [packetHeader]byte
		if _, err := io.ReadFull(c.conn, head[:]); err != nil {
			return 0, nil, err
		}
		length := int(binary.BigEndian.Uint16(head[2:])) - packetHeader
		if length < 0 || len(body)+length > longestMessage {
			return 0, nil, errors.New("no packet of a client")
		}
		body = append(body, make([]byte, length)...)
		if _, err := io.ReadFull(c.conn, body[len(body)-length:]); err != nil {
			return 0, nil, err
		}
		if head[1]&1 != 0 {
			return head[0], body, nil
		}
	}
}

// send writes a reply in packets.
func (c *connection) send(reply answer) error {
	var out []byte
	for number := byte(1); len(reply) > 0; number++ {
		part := reply[:min(len(reply), packetSize-packetHeader)]
		reply = reply[len(part):]
		end := byte(0)
		if len(reply) == 0 {
			end = 1
		}
		out = append(out, messageReply, end)
		out = binary.BigEndian.AppendUint16(out, uint16(packetHeader+len(part)))
		out = append(out, 0, 0, number, 0)
		out = append(out, part...)
	}
	_, err := c.conn.Write(out)
	return err
}

// prelogin says: version 10.0, no encryption, no MARS.
func prelogin() answer {
	return answer{
		0, 0, 16, 0, 6,
		1, 0, 22, 0, 1,
		4, 0, 23, 0, 1,
		0xff,
		10, 0, 0, 1, 0, 0,
		2, // encryption is not supported
		0,
	}
}

// login checks who is there.
func (c *connection) login(body []byte) (reply answer, last bool) {
	user, password, database := loginText(body, 40), loginPassword(body), loginText(body, 68)
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := s.faults[Login]
	switch {
	case fault == Hang || fault == Dead:
		c.dead = true
		return nil, false
	case fault == Close:
		return nil, true
	case fault != None:
		reply.fail(int32(fault), "the test refuses the login")
	case user != User || password != Password:
		reply.fail(18456, "no such user, or another password")
	case database != "" && database != Database:
		reply.fail(4060, "no database "+database)
	default:
		c.loggedIn = true
		s.logins++
		return welcome(), false
	}
	reply.done(doneError, 0)
	return reply, true
}

// field is a text of the LOGIN7 message, whose offset and length in characters stand at a place of its head.
func field(body []byte, at int) []byte {
	if len(body) < at+4 {
		return nil
	}
	from := int(binary.LittleEndian.Uint16(body[at:]))
	to := from + 2*int(binary.LittleEndian.Uint16(body[at+2:]))
	if to > len(body) {
		return nil
	}
	return body[from:to]
}

func loginText(body []byte, at int) string { return fromUCS2(field(body, at)) }

// loginPassword takes back what keeps a password from being read at a glance.
func loginPassword(body []byte) string {
	var plain []byte
	for _, b := range field(body, 44) {
		b ^= 0xa5
		plain = append(plain, b<<4|b>>4)
	}
	return fromUCS2(plain)
}

// batch answers a batch. A fault that is an error comes when half of the answer is written, as an error that a server
// meets while it reads rows.
func (c *connection) batch(body []byte) (reply answer, last bool) {
	if len(body) >= 4 { // the headers, which tell their length first
		body = body[min(len(body), int(binary.LittleEndian.Uint32(body))):]
	}
	text := fromUCS2(body)
	s := c.server
	s.mu.Lock()
	defer s.mu.Unlock()
	s.batches = append(s.batches, text)
	name, statements := Name(text), selects(text)
	if name == "" {
		reply.fail(misuse, "the test server does not know this batch: "+text)
		reply.done(doneError, 0)
		return reply, false
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
			err = errors.Join(reply.rows(table), err)
		}
		if err != nil {
			number := int32(misuse)
			if as, ok := errors.AsType[refusal](err); ok {
				number = as.number
			}
			reply.fail(number, err.Error())
			reply.done(doneError, 0)
			return reply, false
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

// rows writes a result set up to its DONE, or up to a row that cannot be written.
func (a *answer) rows(t *Table) error {
	a.metadata(t.Columns)
	for _, row := range t.Rows {
		whole := len(*a)
		a.bytes(tokenRow)
		for i, c := range t.Columns {
			if err := a.cell(c, row[i]); err != nil {
				*a = (*a)[:whole]
				return err
			}
		}
	}
	return nil
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
	var statements []string
	for statement := range strings.SplitSeq(strings.TrimSuffix(rest, ";\n"), ";\n") {
		if !strings.HasPrefix(statement, "SET ") {
			statements = append(statements, statement)
		}
	}
	return statements
}
