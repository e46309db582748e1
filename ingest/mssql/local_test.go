package mssql

import (
	"net"
	"testing"
)

func TestLocal(t *testing.T) {
	own := []net.Addr{&net.IPNet{IP: net.IPv4(10, 1, 2, 3), Mask: net.CIDRMask(24, 32)}}
	for _, c := range []struct {
		host, own string
		want      bool
	}{
		{"localhost", "ds01", true}, {"LocalHost", "ds01", true}, {".", "ds01", true}, {"(local)", "ds01", true},
		{"", "ds01", true},
		{"127.0.0.1", "ds01", true}, {"::1", "ds01", true}, {"10.1.2.3", "ds01", true}, {"10.1.2.4", "ds01", false},
		{"DS01", "ds01", true}, {"ds01.corp.example", "ds01", true}, {"ds01", "DS01.corp.example", true},
		{"ds01.corp.example", "ds01.corp.example", true}, {"ds01.lab.example", "ds01.corp.example", false},
		{"db01", "ds01", false}, {"ds012", "ds01", false}, {"db01", "", false},
	} {
		if got := isLocal(c.host, c.own, own); got != c.want {
			t.Errorf("%q on %q is local: %t, want %t", c.host, c.own, got, c.want)
		}
	}
}
