package mssql

import (
	"crypto/tls"
	"slices"
	"strings"

	"github.com/microsoft/go-mssqldb/msdsn"
)

// encryption reports whether the two sides failed to agree on TLS. The driver keeps the text of such an error, not its
// type.
func encryption(said string) bool {
	return mentions(said, "TLS Handshake failed", "does not support encryption", "encrypt negotiation failed")
}

func mentions(said string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(said, w) })
}

// encryptionError explains why there is no encrypted connection, and names the setting that matters.
func (s *Source) encryptionError(said string) *Error {
	e := &Error{Kind: ErrEncryption, Said: said}
	if !s.explainCertificate(e) {
		s.explainNegotiation(e)
	}
	return e
}

// explainCertificate explains an error about the server's certificate; false when it is about something else.
func (s *Source) explainCertificate(e *Error) bool {
	o, said, certificate := s.options, e.Said, "the certificate of "+address(s.config)
	trust := ", or set " + o.setting("source.tls.trust: true", "TrustServerCertificate=true") +
		", which accepts any certificate"
	if s.config.Encryption == msdsn.EncryptionStrict { // which always checks the certificate
		trust = ""
	}
	switch {
	case mentions(said, "negative serial number"):
		e.What = certificate + " has a negative serial number, which GODEBUG forbids in the environment of this program"
		e.Next = "take x509negativeserial out of GODEBUG, or give the server another certificate"
	case mentions(said, "keys are insecure"):
		e.What = certificate + " has a key of less than 1024 bits"
		e.Next = "give the server a proper certificate"
	case mentions(said, "signed by unknown authority", "certificate is not trusted"):
		e.What = certificate + " is not signed by an authority that is known here"
		e.Next = "name the file of the authority in source.tls.ca" + trust
	case mentions(said, "expired or is not yet valid"):
		e.What = certificate + " has expired or is not valid yet"
		e.Next = "renew it and check the clocks of both computers" + trust
	case mentions(said, "relies on legacy Common Name", "not valid for any names"):
		e.What = certificate + " names no host, or only in the old way, as common name"
		e.Next = "give the server a certificate with a subject alternative name" + trust
	case mentions(said, "is valid for", "cannot validate certificate for"):
		e.What = certificate + " is for another name"
		e.Next = "write that name in " + o.setting("source.server", "the server") + " or in " +
			o.setting("source.tls.host_name", "hostNameInCertificate") + trust
	case mentions(said, "x509:"):
		e.What = certificate + " is not valid"
		e.Next = "give the server another one" + trust
	default:
		return false
	}
	return true
}

// explainNegotiation explains why the two sides found no common encryption.
func (s *Source) explainNegotiation(e *Error) {
	o, at := s.options, address(s.config)
	switch {
	case s.config.Encryption == msdsn.EncryptionDisabled:
		e.What = at + " insists on encryption"
		e.Next = "set " + o.setting("source.tls.encrypt: true", "encrypt=true")
	case mentions(e.Said, "does not support encryption", "encrypt negotiation failed"):
		e.What = at + " offers no TLS"
		e.Next = "give the server a certificate, or on a network that you trust set " +
			o.setting("source.tls.encrypt: disable", "encrypt=disable")
	case s.config.TLSConfig.MinVersion == tls.VersionTLS13:
		e.What = at + " does not speak TLS 1.3, which SQL Server has since 2022 and for strict encryption only"
		e.Next = "set source.tls.min: 1.2"
	case s.config.Encryption == msdsn.EncryptionStrict:
		e.What = at + " does not speak strict encryption (TDS 8), which began with SQL Server 2022"
		e.Next = "set " + o.setting("source.tls.encrypt: true", "encrypt=true")
	case s.config.TLSConfig.MinVersion < tls.VersionTLS12:
		e.What = at + " and this program have no TLS version and cipher in common, not even an old one"
		e.Next = "update the server or give it a new certificate; if its own is signed with SHA-1, set " + takeSHA1 +
			"; or on a network that you trust set " + o.setting("source.tls.encrypt: disable", "encrypt=disable")
	default:
		e.What = at + " ends the negotiation: it may not know TLS 1.2, or its certificate is signed with SHA-1"
		e.Next = "update the server or give it a new certificate; or read about the risk in docs/sqlserver.md and " +
			"set source.tls.min: 1.0 for the former, " + takeSHA1 + " for the latter"
	}
}

// takeSHA1 makes Go accept SHA-1 signatures in TLS 1.2. No other setting does that. It applies to the whole process, so
// it is left to the administrator.
const takeSHA1 = "GODEBUG=tlssha1=1 in the environment of the service"
