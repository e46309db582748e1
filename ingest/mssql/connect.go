package mssql

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"strings"

	"github.com/microsoft/go-mssqldb/msdsn"
)

// Connect says where the server is and how to log in to it, one setting a field; docs/sqlserver.md has an example for
// each kind of server. Beside Options.DSN only Database, Password, CA and TLSMin may be set: what the string does not
// say.
type Connect struct {
	// Server is source.server: host, host,port, host:port or host\INSTANCE, optionally with a protocol before it: tcp:
	// (the usual one), np: for a named pipe (np:host, np:host\INSTANCE or np:\\host\pipe\sql\query) and lpc: for shared
	// memory on the same computer; the latter two on Windows only. The port is 1433 unless an instance is named.
	Server string

	// Database is source.database, the DS database. Beside a DSN it is used when the string names none. Where it is
	// empty, the login's default database is read.
	Database string

	// User is source.user: a SQL Server login, or DOMAIN\name for a Windows account that is not the service's (with
	// NTLM or what Windows negotiates). "" is the account that the service runs under, on Windows only.
	User string

	// Password is source.password, of User. It is a secret.
	Password string

	// Encrypt is source.tls.encrypt: "true" encrypts everything; "false" only the login, and that only when the server
	// can; "disable" nothing; "strict" begins with TLS, as TDS 8 of SQL Server 2022 has it. "" is "true", and "disable"
	// for lpc:, which leaves no computer.
	Encrypt string

	// Trust is source.tls.trust: any certificate is good.
	Trust bool

	// CA is source.tls.ca: the path of a PEM file with the certificates of the authorities that may have signed the
	// server's, in place of those that the system knows. It is read once, when the source is made.
	CA string

	// HostName is source.tls.host_name: the name in the server's certificate, where Server is another one.
	HostName string

	// TLSMin is source.tls.min: the oldest TLS to speak, 1.0, 1.1, 1.2 or 1.3. "" is 1.2. Below it the cipher suites of
	// that age are allowed too.
	TLSMin string
}

// String returns server, database and login, never the password.
func (c Connect) String() string { return Options{Connect: c}.String() }

// GoString is String, so that no way of printing it shows the password.
func (c Connect) GoString() string { return c.String() }

// Protocols of Connect.Server, and of go-mssqldb.
const (
	protocolTCP  = "tcp"
	protocolPipe = "np"
	protocolMem  = "lpc"
)

// config returns the driver's configuration. An error names the setting to correct, and never holds a password.
func (o Options) config() (msdsn.Config, error) {
	config, err := o.parse()
	if err != nil {
		return msdsn.Config{}, err
	}
	if err := o.checkLogin(config); err != nil {
		return msdsn.Config{}, err
	}
	if err := o.secure(&config); err != nil {
		return msdsn.Config{}, err
	}
	if protocol(config) != protocolTCP {
		// Pipes do not come from our dialer, which would end a call in time. They are left to the driver's own limit,
		// which holds for each packet.
		config.ConnTimeout = cmp.Or(o.Timeout, DefaultTimeout)
	}
	return config, nil
}

// parse is config, but checks only the form of the settings.
func (o Options) parse() (msdsn.Config, error) {
	c := o.Connect
	if o.DSN == "" {
		text, err := c.connectionString()
		if err != nil {
			return msdsn.Config{}, err
		}
		return parseADO(text)
	}
	for _, other := range []struct {
		key string
		set bool
	}{
		{"source.server", c.Server != ""}, {"source.user", c.User != ""}, {"source.tls.encrypt", c.Encrypt != ""},
		{"source.tls.trust", c.Trust}, {"source.tls.host_name", c.HostName != ""},
	} {
		if other.set {
			return msdsn.Config{}, fmt.Errorf(
				"%s cannot be set beside source.dsn: say it in the connection string, or leave source.dsn out",
				other.key,
			)
		}
	}
	config, err := parseDSN(o.DSN)
	if err != nil {
		return msdsn.Config{}, err
	}
	if c.Password != "" {
		if config.Password != "" {
			return msdsn.Config{}, errors.New(
				"the password is given twice: leave it out of source.dsn, or leave out source.password",
			)
		}
		config.Password, config.Parameters[msdsn.Password] = c.Password, c.Password
	}
	config.Database = cmp.Or(config.Database, c.Database)
	return config, nil
}

// connectionString writes the settings as one string, so that both kinds of settings go the same way.
func (c Connect) connectionString() (string, error) {
	where, err := parseServer(c.Server)
	if err != nil {
		return "", err
	}
	encrypt := cmp.Or(c.Encrypt, "true")
	if c.Encrypt == "" && where.protocol == protocolMem {
		encrypt = "disable"
	}
	switch encrypt {
	case "true", "false", "disable", "strict":
	default:
		return "", fmt.Errorf("source.tls.encrypt: %q is none of strict, true, false and disable", c.Encrypt)
	}
	switch {
	case encrypt == "disable" && c.Trust:
		return "", errors.New(
			"source.tls.trust: there is no certificate to trust where nothing is encrypted (source.tls.encrypt)",
		)
	case encrypt == "disable" && c.HostName != "":
		return "", errors.New(
			"source.tls.host_name: there is no certificate where nothing is encrypted (source.tls.encrypt)",
		)
	case encrypt == "strict" && c.Trust:
		return "", errors.New("source.tls.trust: strict encryption always looks at the certificate; give its " +
			"authority in source.tls.ca, " +
			"or set source.tls.encrypt to true")
	case c.Trust && c.HostName != "":
		return "", errors.New(
			"source.tls.host_name: the name is not looked at where source.tls.trust trusts any certificate; leave " +
				"out one of them",
		)
	}
	return quoted(map[string]string{
		msdsn.Protocol: where.protocol, msdsn.Server: where.name, msdsn.Port: where.port,
		msdsn.Database: c.Database, msdsn.UserID: c.User,
		msdsn.Password: c.Password, msdsn.Encrypt: encrypt, msdsn.TrustServerCertificate: strconv.FormatBool(c.Trust),
		msdsn.HostNameInCertificate: c.HostName,
	}), nil
}

// server is a source.server taken apart.
type server struct {
	protocol string
	name     string // the host, host\INSTANCE, or a pipe's path
	port     string // "" where none is given
}

// parseServer reads the forms of source.server.
func parseServer(text string) (server, error) {
	text = strings.TrimSpace(text)
	if strings.ContainsAny(text, "=@;") { // which may hold a password, and is not repeated
		return server{}, errors.New(
			"source.server is a host, and no URL or connection string, which belongs into source.dsn",
		)
	}
	if text == "" {
		return server{}, errors.New(
			"source.server is empty: set it to the host of the SQL Server, as host, host,port or host\\INSTANCE, or " +
				"set source.dsn",
		)
	}
	s := server{protocol: protocolTCP, name: text}
	before, after, prefixed := strings.Cut(text, ":")
	switch protocol := strings.ToLower(before); {
	case prefixed && protocol == "admin":
		const why = "asks for the connection that SQL Server keeps for its administrator: leave admin: out"
		return server{}, fmt.Errorf("source.server: %q %s", text, why)
	case prefixed && (protocol == protocolTCP || protocol == protocolPipe || protocol == protocolMem):
		s.protocol, s.name = protocol, strings.TrimSpace(after)
	}
	if wrong := s.takeApart(); wrong != "" {
		return server{}, fmt.Errorf("source.server: %q %s", text, wrong)
	}
	return s, nil
}

// takeApart cuts the port off the name, and says what is wrong with either.
func (s *server) takeApart() (wrong string) {
	if strings.HasPrefix(s.name, `\\`) {
		host, path, _ := strings.Cut(s.name[2:], `\`)
		switch {
		case s.protocol != protocolPipe:
			return `is a pipe: write np: before it`
		case host == "" || !strings.HasPrefix(strings.ToLower(path), `pipe\`):
			return `is no path of a pipe: it looks like np:\\host\pipe\sql\query`
		}
		return ""
	}
	s.name, s.port = splitPort(s.name)
	host, instance, named := strings.Cut(s.name, `\`)
	port, err := strconv.ParseUint(s.port, 10, 16)
	switch {
	case strings.EqualFold(host, "(localdb)"):
		return "is LocalDB, which a DS never runs on"
	case host == "" || strings.ContainsAny(host, " /\"") || strings.ContainsAny(instance, ` /\"`):
		return `names no host: write host, host,port or host\INSTANCE`
	case named && instance == "":
		return `ends with \: write the name of the instance behind it, or leave it out`
	case s.port != "" && s.protocol != protocolTCP:
		return "has a port, which only tcp: has"
	case s.port != "" && (err != nil || port == 0):
		return "has a port that is none: it is a number from 1 to 65535"
	}
	return ""
}

// splitPort cuts ",port" or ":port" off a name; the colons of an IPv6 address do not count unless it stands in
// brackets.
func splitPort(text string) (name, port string) {
	name, port, comma := strings.Cut(text, ",")
	name, port = strings.TrimSpace(name), strings.TrimSpace(port)
	if host, after, err := net.SplitHostPort(name); err == nil && !comma {
		return host, cmp.Or(after, "0")
	}
	if comma {
		port = cmp.Or(port, "0")
	}
	return strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"), port
}

// checkLogin says what prevents any login.
func (o Options) checkLogin(config msdsn.Config) error {
	user, password := o.setting("source.user", "the user"), o.setting("source.password", "the password")
	with, given := config.Parameters["authenticator"]
	integrated := runtime.GOOS == "windows" && with != "ntlm"
	switch {
	case given && with != "ntlm" && !(with == "winsspi" && runtime.GOOS == "windows"):
		return errors.New("source.dsn: the authenticator that it names is not there; leave it out")
	case config.Parameters["fedauth"] != "":
		return errors.New("source.dsn: fedauth, a login with Microsoft Entra ID, is not there; use a SQL Server login")
	case config.User == "" && config.Password != "":
		return fmt.Errorf("%s is given, and %s it belongs to is not", password, user)
	case config.User == "" && !integrated:
		return fmt.Errorf("%s is missing: only on Windows is there an account of the service to log in with; "+
			`give a SQL Server login, or DOMAIN\name and its password`, user)
	case config.User != "" && config.Password == "":
		return fmt.Errorf("%s that belongs to %s is missing (source.password, or in source.dsn)", password, user)
	}
	return nil
}

// protocol returns the connection's protocol.
func protocol(c msdsn.Config) string {
	if len(c.Protocols) == 0 {
		return protocolTCP
	}
	return c.Protocols[0]
}

// setting is how an error names a setting, which is either a key of its own or a part of source.dsn.
func (o Options) setting(key, inDSN string) string {
	if o.DSN == "" {
		return key
	}
	return inDSN + " in source.dsn"
}
