package dsn

// keys are what may stand in a connection string, by the names that go-mssqldb gives them. It ignores those of the last
// lines, which other programs write.
var keys = []string{
	Server, Port, Database, UserID, Password, "change password", "authenticator", "fedauth",
	"encrypt", "trustservercertificate", "certificate", "servercertificate", "tlsmin", "hostnameincertificate",
	"columnencryption", "epa enabled",
	"packet size", "log", "connection timeout", "dial timeout", "keepalive", "disableretry", "multisubnetfailover",
	"notraceid",
	"serverspn", "workstation id", "app name", "applicationintent", "failoverpartner", "failoverport",
	"failoverpartnerspn",
	"protocol", "pipe", "guid conversion", "timezone",
	"integrated security", "trusted_connection", "persist security info", "provider", "driver", "network library",
	"language", "pooling",
	"min pool size", "max pool size", "connection lifetime", "multipleactiveresultsets", "connectretrycount",
	"connectretryinterval",
}

// synonyms are other names of keys.
var synonyms = map[string]string{
	"data source": Server, "address": Server, "network address": Server, "addr": Server,
	"initial catalog": Database,
	"user":            UserID, "uid": UserID, "username": UserID,
	"pwd": Password,
	"app": "app name", "application name": "app name",
	"connect timeout": "connection timeout", "timeout": "connection timeout",
	"failover partner": "failoverpartner", "failover partner spn": "failoverpartnerspn",
	"application intent":        "applicationintent",
	"trust server certificate":  "trustservercertificate",
	"multi subnet failover":     "multisubnetfailover",
	"host name in certificate":  "hostnameincertificate",
	"server spn":                "serverspn",
	"server certificate":        "servercertificate",
	"wsid":                      "workstation id",
	"column encryption setting": "columnencryption",
	"net":                       "network library",
	"trusted connection":        "trusted_connection",
}
