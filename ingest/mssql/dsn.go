package mssql

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/jobmon-db/jobmon-db/internal/dsn"
)

// appName is how the program is listed among the server's sessions, unless the connection string names another.
const appName = "jobmon-db"

// parseDSN reads a connection string. Its errors never repeat the string: what looks like a host may be a piece of a
// password with an unescaped character in it.
func parseDSN(text string) (msdsn.Config, error) {
	if strings.TrimSpace(text) == "" {
		return msdsn.Config{}, errors.New(
			"source.dsn is empty: set source.server, or source.dsn to " +
				"sqlserver://user:password@host:port?database=eXpress&encrypt=true",
		)
	}
	parts, err := dsn.Parse(text)
	if err != nil {
		return msdsn.Config{}, fmt.Errorf("source.dsn %w", err)
	}
	config, err := msdsn.Parse(quoted(parts))
	if err != nil {
		err = unusable(parts)
	}
	return completed(encrypted(config, err))
}

// encrypted gives a string that says nothing of encryption the default of every other way to name a server: everything
// is encrypted, and the certificate is checked. The driver by itself would encrypt the login only, and only where the
// one that answers offers that.
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
	config.TLSConfig, err = msdsn.SetupTLS(said[msdsn.Certificate], said[msdsn.ServerCertificate],
		config.TrustServerCertificate,
		cmp.Or(said[msdsn.HostNameInCertificate], config.Host), said[msdsn.TLSMin])
	return config, setting, err
}

// quoted writes settings as the one form of a connection string in which every value keeps its characters.
func quoted(parts map[string]string) string {
	var text strings.Builder
	for key, value := range parts {
		if value != "" {
			fmt.Fprintf(&text, "%s=\"%s\";", key, strings.ReplaceAll(value, `"`, `""`))
		}
	}
	return text.String()
}

// unusable names the setting that the driver does not take, and does not repeat its value, as the driver would.
func unusable(parts dsn.Parts) error {
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		others := maps.Clone(parts)
		delete(others, key)
		if _, err := msdsn.Parse(quoted(others)); err == nil && key != dsn.Server {
			return fmt.Errorf("the value of %s is not one that it can have", key)
		}
	}
	return errors.New("several of its values are not ones that they can have")
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
		return msdsn.Config{}, fmt.Errorf("%s: the protocol is none of tcp, np and lpc", setting)
	case err != nil:
		return msdsn.Config{}, fmt.Errorf("%s: %w", setting, err)
	}
	config.Protocols = []string{asked} // the driver would try all of them, and report the last one's error only
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

// describe returns what may be shown of a connection.
func describe(c msdsn.Config) string {
	text := "SQL Server " + address(c)
	if c.Database != "" {
		text += ", database " + c.Database
	}
	return text + ", " + login(c)
}

// login names the account that logs in.
func login(c msdsn.Config) string {
	switch {
	case c.User == "":
		return "the service's Windows account"
	case windowsAccount(c):
		return "Windows account " + c.User
	}
	return "login " + c.User
}

// windowsAccount reports whether Windows, not SQL Server, knows the account.
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
