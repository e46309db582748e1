package mssql

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft/go-mssqldb/msdsn"
)

// appName is how the program is listed among the server's sessions, unless the connection string names another.
const appName = "jobmon-db"

const urlScheme = "sqlserver://"

var foreignScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// parseDSN reads a connection string. Its errors never repeat the string: what looks like a host may be a piece of a
// password with an unescaped character in it.
func parseDSN(dsn string) (msdsn.Config, error) {
	dsn = strings.TrimSpace(dsn)
	switch {
	case dsn == "":
		return msdsn.Config{}, errors.New("source.dsn is empty: set source.server, or source.dsn to sqlserver://user:password@host:port?database=eXpress&encrypt=true")
	case strings.HasPrefix(dsn, urlScheme):
		if strayed(dsn) {
			return msdsn.Config{}, errors.New("source.dsn is not a valid URL: characters other than letters, digits and - . _ ~ " +
				"in the user name and the password must be percent-encoded, / as %2F, @ as %40")
		}
	case foreignScheme.MatchString(dsn):
		return msdsn.Config{}, errors.New("source.dsn must begin with " + urlScheme + " when it is a URL")
	}
	config, err := msdsn.Parse(dsn)
	if config.Parameters == nil {
		return msdsn.Config{}, errors.New("source.dsn cannot be understood as a URL, ADO or ODBC connection string: " +
			"check the separators, the braces or quotes, and that no key stands there twice")
	}
	if config.Parameters[msdsn.Server] == "" {
		return msdsn.Config{}, errors.New("source.dsn names no server: sqlserver://user:password@host:port?database=eXpress&encrypt=true " +
			"or server=host;database=eXpress;user id=USER;password=PASSWORD;encrypt=true")
	}
	return completed(encrypted(config, err))
}

// encrypted gives a string that says nothing of encryption the default of every other way to name a server: everything is
// encrypted, and the certificate is checked. The driver by itself would encrypt the login only, and only where whoever
// answers offers that.
func encrypted(config msdsn.Config, err error) (msdsn.Config, string, error) {
	const setting = "source.dsn"
	said := config.Parameters
	if _, given := said[msdsn.Encrypt]; given || err != nil || protocolOf(config) == protocolMem {
		return config, setting, err
	}
	if _, given := said[msdsn.TrustServerCertificate]; !given {
		config.TrustServerCertificate = false
	}
	config.Encryption = msdsn.EncryptionRequired
	config.TLSConfig, err = msdsn.SetupTLS(said[msdsn.Certificate], said[msdsn.ServerCertificate], config.TrustServerCertificate,
		cmp.Or(said[msdsn.HostNameInCertificate], config.Host), said[msdsn.TLSMin])
	return config, setting, err
}

// parseADO reads a connection string that was written here.
func parseADO(text string) (msdsn.Config, error) {
	config, err := msdsn.Parse(text)
	return completed(config, "source.server", err)
}

// completed makes a parsed connection string this program's own. The setting is the one to blame.
func completed(config msdsn.Config, setting string, err error) (msdsn.Config, error) {
	asked := protocolOf(config)
	switch _, known := msdsn.ProtocolDialers[asked]; {
	case !known && (asked == protocolPipe || asked == protocolMem):
		return msdsn.Config{}, fmt.Errorf("%s: %s: is there on Windows only; use TCP, as host,port", setting, asked)
	case !known || asked == "admin":
		return msdsn.Config{}, fmt.Errorf("%s: the protocol %s is none of tcp, np and lpc", setting, asked)
	case err != nil:
		return msdsn.Config{}, fmt.Errorf("%s: %s", setting, secretsOf(config).hide(err.Error()))
	}
	config.Protocols = []string{asked} // the driver would try all of them, and tell of the last only
	if _, given := config.Parameters[msdsn.AppName]; !given {
		config.AppName = appName
	}
	config.Encoding.Timezone = time.UTC // wall-clock times are not moments, whatever zone the string names
	config.ConnTimeout = 0              // the driver would apply it to each packet; wire bounds the whole call
	config.DisableRetry = true          // the poller decides about repetition, and a wrapped error hides its number
	return config, nil
}

// protocolOf is the protocol that a string asks for.
func protocolOf(config msdsn.Config) string {
	before, _, _ := strings.Cut(strings.ToLower(config.Parameters[msdsn.Server]), ":")
	switch asked, given := config.Parameters[msdsn.Protocol]; {
	case given:
		return asked
	case before == protocolPipe || before == protocolMem: // left there where the driver does not know it
		return before
	case strings.HasPrefix(config.Parameters[msdsn.Server], `\\`):
		return protocolPipe
	}
	return protocolTCP
}

// strayed says that a URL is none, or that an @ stands where none belongs: behind a password that was not encoded.
func strayed(dsn string) bool {
	u, err := url.Parse(dsn)
	if err != nil {
		return true
	}
	if u.User != nil {
		return false
	}
	query, err := url.ParseQuery(u.RawQuery)
	return err != nil || strings.Contains(u.Path+u.Fragment, "@") ||
		strings.Contains(u.RawQuery, "@") && !query.Has(msdsn.UserID)
}

// describe is what may be shown of a connection.
func describe(c msdsn.Config) string {
	text := "SQL Server " + address(c)
	if c.Database != "" {
		text += ", database " + c.Database
	}
	return text + ", " + login(c)
}

// login is who logs in.
func login(c msdsn.Config) string {
	switch {
	case c.User == "":
		return "the service's Windows account"
	case windowsAccount(c):
		return "Windows account " + c.User
	}
	return "login " + c.User
}

// windowsAccount says that Windows, and not SQL Server, knows who logs in.
func windowsAccount(c msdsn.Config) bool { return c.User == "" || strings.Contains(c.User, `\`) }

// address is the server as an administrator writes it.
func address(c msdsn.Config) string {
	name := c.Host
	switch {
	case c.Port != 0:
		name = net.JoinHostPort(c.Host, strconv.FormatUint(c.Port, 10))
	case strings.HasPrefix(c.Parameters[msdsn.Server], `\\`):
		name = c.Parameters[msdsn.Server]
	case c.Instance != "":
		name = c.Host + `\` + c.Instance
	}
	if p := protocol(c); p != protocolTCP {
		return p + ":" + name
	}
	return name
}

// secrets takes passwords out of texts that others wrote.
type secrets struct{ replacer *strings.Replacer }

func secretsOf(c msdsn.Config) secrets {
	var pairs []string
	for _, secret := range []string{c.Parameters[msdsn.Password], c.Parameters[msdsn.ChangePassword]} {
		if secret == "" {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), url.UserPassword("", secret).String()[1:]} {
			pairs = append(pairs, form, "***")
		}
	}
	return secrets{strings.NewReplacer(pairs...)}
}

func (s secrets) hide(text string) string { return s.replacer.Replace(text) }
