package mssql

import (
	"net"
	"os"
	"strings"
)

// Local reports whether the configured server is this machine, as far as its name shows: then its clock is ours.
func (s *Source) Local() bool {
	own, _ := os.Hostname()
	addresses, _ := net.InterfaceAddrs()
	return isLocal(s.config.Host, own, addresses)
}

func isLocal(host, own string, addresses []net.Addr) bool {
	if ip := net.ParseIP(host); ip != nil {
		for _, a := range addresses {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
				return true
			}
		}
		return ip.IsLoopback()
	}
	switch strings.ToLower(host) {
	case "", ".", "(local)", "localhost":
		return true
	}
	name, domain, _ := strings.Cut(host, ".")
	ownName, ownDomain, _ := strings.Cut(own, ".")
	return strings.EqualFold(name, ownName) && (domain == "" || ownDomain == "" || strings.EqualFold(domain, ownDomain))
}
