package mssql_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/jobmon-db/jobmon-db/ingest"
	"github.com/jobmon-db/jobmon-db/ingest/mssql"
	"github.com/jobmon-db/jobmon-db/internal/tdstest"
)

// The Windows account of the tests. A domain knows the hash of a password (MD4 of its UTF-16), not the password.
const (
	ntDomain   = "CORP"
	ntPassword = "Only-4-Tests"
	ntHash     = "0877b121d0c5ea16a4f32ad1fd88b907"
)

// ntlm is the server's side of NTLM version 2 (MS-NLMP): it challenges, and checks the proof of the password.
func ntlm(t *testing.T) func([]byte) ([]byte, bool) {
	hash, err := hex.DecodeString(ntHash)
	if err != nil {
		t.Fatal(err)
	}
	nonce := []byte("8 random")
	return func(token []byte) ([]byte, bool) {
		if len(token) < 32 || !bytes.HasPrefix(token, []byte("NTLMSSP\x00")) {
			return nil, false
		}
		switch binary.LittleEndian.Uint32(token[8:]) {
		case 1:
			return ntlmChallenge(nonce), false
		case 3:
			answer, domain, user := ntlmField(token, 20), ntlmField(token, 28), ntlmField(token, 36)
			if len(answer) < 16 {
				return nil, false
			}
			name := utf16le(strings.ToUpper(fromUTF16(user)) + ntDomain)
			proof := keyed(keyed(hash, name), append(bytes.Clone(nonce), answer[16:]...))
			return nil, hmac.Equal(proof, answer[:16]) && fromUTF16(domain) == ntDomain
		}
		return nil, false
	}
}

// ntlmChallenge says: Unicode, NTLM, extended session security, the domain as target, and what the answer must contain.
func ntlmChallenge(nonce []byte) []byte {
	const flags = 0x00000001 | 0x00000004 | 0x00000200 | 0x00010000 | 0x00080000 | 0x00800000
	target := utf16le(ntDomain)
	about := append([]byte{2, 0, byte(len(target)), 0}, target...) // the domain's name, then the end
	about = append(about, 0, 0, 0, 0)
	m := append([]byte("NTLMSSP\x00"), 2, 0, 0, 0)
	place := func(length, at int) {
		m = binary.LittleEndian.AppendUint16(m, uint16(length))
		m = binary.LittleEndian.AppendUint16(m, uint16(length))
		m = binary.LittleEndian.AppendUint32(m, uint32(at))
	}
	place(len(target), 48)
	m = binary.LittleEndian.AppendUint32(m, flags)
	m = append(m, nonce...)
	m = append(m, make([]byte, 8)...)
	place(len(about), 48+len(target))
	return append(append(m, target...), about...)
}

func ntlmField(message []byte, at int) []byte {
	if len(message) < at+8 {
		return nil
	}
	length, from := int(binary.LittleEndian.Uint16(message[at:])), int(binary.LittleEndian.Uint32(message[at+4:]))
	if from+length > len(message) {
		return nil
	}
	return message[from : from+length]
}

func keyed(key, text []byte) []byte {
	h := hmac.New(md5.New, key)
	h.Write(text)
	return h.Sum(nil)
}

func utf16le(text string) (b []byte) {
	for _, unit := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func TestTDSWindowsAccount(t *testing.T) {
	server := tdstest.Start(t, tdstest.Options{SSPI: ntlm(t)})
	server.Change(oneRow)
	connect := settings(server)
	connect.User, connect.Password, connect.Encrypt = ntDomain+`\reader`, ntPassword, "disable"
	if n := len(read(t, source(t, mssql.Options{Connect: connect})).Rows); n != 1 {
		t.Errorf("%d rows", n)
	}
	for _, wrong := range []func(*mssql.Connect){
		func(c *mssql.Connect) { c.Password = "Planted-Secret" },
		func(c *mssql.Connect) { c.User = `ELSEWHERE\reader` },
		func(c *mssql.Connect) { c.Server = tdstest.New(t).Address() }, // which lets no Windows account in
	} {
		c := connect
		wrong(&c)
		_, err := source(t, mssql.Options{Connect: c}).Read(t.Context(), ingest.Query{})
		if !errors.Is(err, mssql.ErrLoginRefused) || !strings.Contains(err.Error(), "Windows account "+c.User) ||
			strings.Contains(err.Error(), "Planted") {
			t.Errorf("%s: %v", c.User, err)
		}
	}
}
