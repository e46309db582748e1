package mssql

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/microsoft/go-mssqldb/msdsn"
)

// oldSuites are the driver's cipher suites and those of servers before TLS 1.2: Windows Server 2003 (SQL Server 2000
// and 2005) and 2008. Go offers the latter only when they are named. RC4 is left out, as all of these servers have
// 3DES.
func oldSuites() []uint16 {
	suites := []uint16{
		tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_RSA_WITH_AES_256_CBC_SHA, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA,
	}
	for _, s := range tls.CipherSuites() {
		suites = append(suites, s.ID)
	}
	return suites
}

// tlsVersion reads a TLS version from a setting.
func tlsVersion(text string) (uint16, bool) {
	switch text {
	case "1.0":
		return tls.VersionTLS10, true
	case "1.1":
		return tls.VersionTLS11, true
	case "", "1.2":
		return tls.VersionTLS12, true
	case "1.3":
		return tls.VersionTLS13, true
	}
	return 0, false
}

// secure completes the driver's settings for TLS: the oldest version and its ciphers, and the authorities.
func (o Options) secure(config *msdsn.Config) error {
	oldest, err := o.oldestTLS(*config)
	if err != nil {
		return err
	}
	encrypt := o.setting("source.tls.encrypt", "encrypt")
	if config.Encryption == msdsn.EncryptionDisabled {
		return o.unencrypted(oldest, encrypt)
	}
	secured := config.TLSConfig.Clone()
	secured.MinVersion = oldest
	strict := config.Encryption == msdsn.EncryptionStrict
	switch trust := config.Parameters[msdsn.TrustServerCertificate]; {
	case strict && (strings.EqualFold(trust, "true") || strings.EqualFold(trust, "yes") || trust == "1"):
		return errors.New(
			"source.dsn: TrustServerCertificate has no effect, as strict encryption always checks the " +
				"certificate; leave it out",
		)
	case strict && oldest < tls.VersionTLS12:
		return fmt.Errorf("source.tls.min: strict encryption (%s) needs TLS 1.2 or later", encrypt)
	case oldest < tls.VersionTLS12:
		secured.CipherSuites = oldSuites()
		secured.MaxVersion = tls.VersionTLS12 // keeps the greeting as short as old servers expect it
	}
	if secured.ServerName == "" { // the driver finds no host in the path of a pipe
		secured.ServerName, _, _ = strings.Cut(strings.TrimLeft(config.Parameters[msdsn.Server], `\`), `\`)
	}
	config.TLSConfig = secured
	if o.Connect.CA == "" {
		return nil
	}
	if secured.InsecureSkipVerify || secured.RootCAs != nil {
		return fmt.Errorf("source.tls.ca is not used, as %s; set only one of them",
			o.setting("source.tls.trust trusts any certificate", "the TrustServerCertificate or certificate"))
	}
	secured.RootCAs, err = authorities(o.Connect.CA)
	return err
}

// unencrypted refuses settings for TLS where nothing is encrypted. encrypt is the setting that says so.
func (o Options) unencrypted(oldest uint16, encrypt string) error {
	switch {
	case o.Connect.CA != "":
		return fmt.Errorf("source.tls.ca: there is no certificate to check where nothing is encrypted (%s)", encrypt)
	case oldest != tls.VersionTLS12:
		return fmt.Errorf("source.tls.min: there is no TLS where nothing is encrypted (%s)", encrypt)
	}
	return nil
}

// oldestTLS returns the oldest version that may be spoken. Connect's 1.2 leaves the choice to the connection string.
func (o Options) oldestTLS(config msdsn.Config) (uint16, error) {
	oldest, ok := tlsVersion(o.Connect.TLSMin)
	if !ok {
		return 0, fmt.Errorf("source.tls.min: %q is none of 1.0, 1.1, 1.2 and 1.3", o.Connect.TLSMin)
	}
	text := config.Parameters[msdsn.TLSMin]
	if text == "" {
		return oldest, nil
	}
	inDSN, ok := tlsVersion(text)
	switch {
	case !ok:
		return 0, errors.New("source.dsn: tlsmin is none of 1.0, 1.1, 1.2 and 1.3")
	case oldest != tls.VersionTLS12 && oldest != inDSN:
		return 0, fmt.Errorf(
			"source.tls.min is %s, and source.dsn says tlsmin=%s: leave out one of them", o.Connect.TLSMin, text,
		)
	}
	return inDSN, nil
}

// authorities reads the certificates of a PEM file.
func authorities(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("source.tls.ca cannot be read: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("source.tls.ca: %s holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", path)
	}
	return pool, nil
}

// Risks describes what the settings allow others to do: one sentence each, with the setting's name. New logs them as
// warnings.
func (s *Source) Risks() []string {
	config := s.config
	if protocol(config) == protocolMem { // shared memory: only the server's own computer can answer
		return nil
	}
	encrypt := s.options.setting("source.tls.encrypt", "encrypt")
	var found []string
	switch ip := net.ParseIP(config.Host); {
	case config.Encryption == msdsn.EncryptionDisabled &&
		(strings.EqualFold(config.Host, "localhost") || ip != nil && ip.IsLoopback()):
		found = append(found, "nothing is encrypted ("+encrypt+" is disable): a program on this computer that takes "+
			"the SQL Server's port while it is down gets the login; on Windows, lpc: in source.server needs no port")
	case config.Encryption == msdsn.EncryptionDisabled:
		found = append(found, "nothing is encrypted ("+encrypt+" is disable): anyone who can listen on the network "+
			"between here and the SQL Server can read the password and all that is read")
	case config.Encryption == msdsn.EncryptionOff:
		found = append(found, "only the login is encrypted ("+encrypt+" is false), and not even that if the server "+
			"that answers offers no TLS: anyone who poses as the SQL Server can read the password")
	}
	if config.TLSConfig == nil {
		return found
	}
	if config.TLSConfig.InsecureSkipVerify && config.TLSConfig.VerifyPeerCertificate == nil {
		found = append(found, "any certificate is accepted ("+
			s.options.setting("source.tls.trust", "TrustServerCertificate")+
			"): anyone who poses as the SQL Server learns the password and decides what is read; name the authority "+
			"in source.tls.ca instead")
	}
	if config.TLSConfig.MinVersion < tls.VersionTLS12 {
		found = append(found, "source.tls.min allows TLS older than 1.2 with the ciphers of its time: somebody on "+
			"the network between here and the SQL Server may break it, learn the password and change what is read; "+
			"use it only for a server that cannot be updated, and only on a network that you trust")
	}
	return found
}
